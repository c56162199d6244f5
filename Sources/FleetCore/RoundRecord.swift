package import Federation
package import FleetProtocol

/// Where one attempt of a round stands.
///
/// Legal transitions: planned -> open; open -> sealed; sealed -> committed; planned, open or
/// sealed -> cancelled; open -> failed (quorum); sealed -> failed (rule). Each is one transaction.
package enum RoundState: Sendable, Equatable {
  /// The cohort is written down; nobody was asked yet.
  case planned
  /// Offers may be out; updates are accepted until the deadline.
  case open(deadline: Instant)
  /// The set of updates is frozen under this hash; aggregation is a pure function of it.
  case sealed(hash: ContentDigest)
  /// The aggregate was checked and recorded.
  case committed(RoundResult)
  /// Ended without a model; the base stays.
  case failed(code: String, detail: String)
  /// Ended by the operator.
  case cancelled

  /// The stable word for this state.
  package var name: String {
    switch self {
    case .planned: "planned"
    case .open: "open"
    case .sealed: "sealed"
    case .committed: "committed"
    case .failed: "failed"
    case .cancelled: "cancelled"
    }
  }

  /// True where nothing can follow.
  package var isTerminal: Bool {
    switch self {
    case .planned, .open, .sealed: false
    case .committed, .failed, .cancelled: true
    }
  }
}

/// What a committed round produced.
package struct RoundResult: Sendable, Equatable {
  /// The hash of the sealed set the model was made from.
  package var sealedHash: ContentDigest
  /// The aggregated model.
  package var model: ContentDigest
  /// Held-out accuracy of it in percent, nil where the coordinator holds no labelled data.
  package var accuracy: Double?
  /// That of its base, where no model of the job had been held against such data before.
  package var baseAccuracy: Double?
  /// Nanojoules an inference of it takes on that data; nil without any.
  package var nanojoulesPerInference: UInt64?
  /// False when the check refused it: the base stays, the version is only recorded.
  package var accepted: Bool
  /// Why the check refused it, empty otherwise.
  package var reason = ""
  /// When the commit happened.
  package var committedAt: Instant
  /// What the strategy keeps for the next round, a blob; nil where it keeps nothing.
  package var state: ContentDigest?
  /// Nodes whose update counted for nothing, as the strategy had it, in node order.
  package var leftOut: [Identifier]
  /// What the round has spent of the job's privacy budget; nil where there is none.
  package var privacy: PrivacyLedgerRow?

  /// A result with all its facts.
  package init(
    sealedHash: ContentDigest, model: ContentDigest, accuracy: Double?, accepted: Bool,
    committedAt: Instant, state: ContentDigest? = nil, leftOut: [Identifier] = [],
    privacy: PrivacyLedgerRow? = nil
  ) {
    self.privacy = privacy
    self.sealedHash = sealedHash
    self.model = model
    self.accuracy = accuracy
    self.accepted = accepted
    self.committedAt = committedAt
    self.state = state
    self.leftOut = leftOut
  }
}

/// Where one node of the cohort stands.
///
/// Legal transitions: pending -> reported | refused | late | lost. All but pending are final.
package enum ParticipantState: Sendable, Equatable {
  /// Asked, or about to be.
  case pending
  /// Its update is stored and counts.
  case reported(UpdateRecord)
  /// It declined, or its update was refused with this code.
  case refused(code: String)
  /// It had not reported when the round was sealed.
  case late

  /// The stable word for this state.
  package var name: String {
    switch self {
    case .pending: "pending"
    case .reported: "reported"
    case .refused: "refused"
    case .late: "late"
    }
  }
}

/// An accepted update: stored, fsynced and validated before this record existed.
package struct UpdateRecord: Sendable, Equatable {
  /// SHA-256 of the update's bytes.
  package var digest: ContentDigest
  /// Its size in bytes.
  package var size: UInt64
  /// Samples it was trained on: its weight in the average.
  package var samples: UInt32
  /// Test-then-train hits among them.
  package var correct: UInt32
  /// Chip events of the training that made it, by event kind.
  package var counts: [UInt64]
  /// Host milliseconds that the training took.
  package var trainingMilliseconds: UInt32
  /// When it was accepted.
  package var acceptedAt: Instant
  /// Loss of the base on its samples, in millionths of a nat; 0 where it was not measured.
  package var lossMillionths: UInt32

  /// An update with all its facts.
  package init(
    digest: ContentDigest, size: UInt64, samples: UInt32, correct: UInt32, counts: [UInt64],
    trainingMilliseconds: UInt32, acceptedAt: Instant, lossMillionths: UInt32 = 0
  ) {
    self.lossMillionths = lossMillionths
    self.digest = digest
    self.size = size
    self.samples = samples
    self.correct = correct
    self.counts = counts
    self.trainingMilliseconds = trainingMilliseconds
    self.acceptedAt = acceptedAt
  }
}

/// One node's part in a round.
package struct Participant: Sendable, Equatable {
  /// The node.
  package var node: Identifier
  /// How far it got.
  package var state: ParticipantState

  /// A node of the cohort in a state.
  package init(node: Identifier, state: ParticipantState = .pending) {
    self.node = node
    self.state = state
  }
}

/// One attempt of one federated round.
package struct RoundRecord: Sendable, Equatable {
  /// Its name.
  package var key: RoundKey
  /// The model every node starts from.
  package var base: ContentDigest
  /// Seed of the nodes' rounding noise in this round.
  package var seed: UInt64
  /// Samples each node is offered.
  package var samples: UInt32
  /// The whole cohort in node order.
  package var participants: [Participant]
  /// Where the round stands.
  package var state: RoundState
  /// When it was planned.
  package var plannedAt: Instant
  /// When it was opened, nil before.
  package var openedAt: Instant?

  /// A round that has just been planned.
  package init(
    key: RoundKey, base: ContentDigest, seed: UInt64, samples: UInt32, cohort: [Identifier],
    plannedAt: Instant
  ) {
    self.key = key
    self.base = base
    self.seed = seed
    self.samples = samples
    participants = cohort.sorted().map { Participant(node: $0) }
    state = .planned
    self.plannedAt = plannedAt
  }

  /// The participant record of a node, nil when it is not in the cohort.
  package func participant(_ node: Identifier) -> Participant? {
    participants.first { $0.node == node }
  }

  /// Accepted updates in node order: the only order in which anything is summed.
  package var reported: [(node: Identifier, update: UpdateRecord)] {
    participants.compactMap { participant in
      if case .reported(let update) = participant.state { (participant.node, update) } else { nil }
    }
  }

  /// Nodes that may still report, in node order.
  package var awaited: [Identifier] {
    participants.filter { $0.state == .pending }.map(\.node)
  }
}
