package import FleetProtocol

/// Everything that can happen to an agent.
package enum AgentEvent: Sendable {
  /// The state was loaded; the model that served goes on serving before anybody is asked.
  case started
  /// Time has passed; the shell sends one every `AgentSettings.tickMilliseconds`.
  case tick
  /// The handshake with the coordinator succeeded on an endpoint.
  case linked(WireEndpoint)
  /// An endpoint has no connection; `needsOpen` where only a fresh socket helps.
  case unlinked(WireEndpoint, reason: String, needsOpen: Bool)
  /// Frames arrived from the coordinator whose key is pinned.
  case received(WireEndpoint, frames: [[UInt8]])
  /// The transport refused to copy a message of that many frames.
  case malformed(WireEndpoint, frameCount: Int)
  /// Which chunks of a wanted model are on the disk, in manifest order; nil when the whole is.
  case chunksInspected(ContentDigest, present: [Bool]?)
  /// A chunk could not be stored.
  case chunkFailed(ContentDigest, index: UInt32, detail: String)
  /// The chunks of a model were put together, or not.
  case assembled(ContentDigest, AssemblyOutcome)
  /// A successor was compared with the published model that permits it.
  case successorCompared(ContentDigest, SuccessorOutcome)
  /// A model was read by the chip, or refused.
  case modelLoaded(ContentDigest, LoadOutcome)
  /// The model on probation has made its inferences.
  case probed(ContentDigest, ProbeFigures)
  /// What a model that serves has learnt is durable under its digest.
  case learnt(ContentDigest, LearntState)
  /// A training run ended; its update is durable under its digest.
  case trained(RoundKey, TrainingResult, nextOrdinal: UInt64)
  /// A training run cannot be done; nothing of it is kept.
  case trainingFailed(RoundKey, code: String, detail: String)
  /// What earlier updates of the round's job left out cannot be read; the run was not begun.
  case residualLost(RoundKey, detail: String)
  /// What the layers that the round's job leaves here have learnt cannot be read, or is of another
  /// model; the run was not begun.
  case localLayersLost(RoundKey, detail: String)
  /// The chip runtime closed a reporting window; the core numbers it.
  ///
  /// `energy` is what the chips have used since the start.
  case windowClosed(WireTelemetryWindow, energy: EnergyReading = EnergyReading())
  /// The battery has so many thousandths of its charge; nil on mains, or where it cannot be read.
  case charged(perMille: UInt32?)
  /// The shell looked for waiting telemetry and sent a batch, or found none.
  case outboxSent(last: UInt64?, boot: [UInt8])
  /// A new key is on the disk beside the present one; nil when it could not be written.
  case nextKeyMade(publicKey: String?)
  /// The new key took the place of the old one, on the disk and in the sockets, or could not.
  case nextKeyAdopted(Bool)
  /// What this node says of itself.
  case queryAnswered(WireAgentReport)
  /// The process was asked to end; after the directives nothing follows.
  case stopping
}

/// What came of putting chunks together.
package enum AssemblyOutcome: Sendable, Equatable {
  /// The model is durable.
  case stored
  /// A chunk was damaged and is gone; it must be fetched again.
  case damaged(detail: String)
  /// The disk failed; the chunks are still wanted.
  case unavailable(detail: String)
}

/// What came of giving a model to the chip.
package enum LoadOutcome: Sendable, Equatable {
  /// The chip can run it.
  case ready
  /// Its bytes are not on the disk as they were stored.
  case unreadable(detail: String)
  /// What it had learnt is not on the disk as it was stored, or does not belong to it.
  case learningLost(detail: String)
  /// The chip cannot run it, with a stable code.
  case refused(code: String, detail: String)
}
