package import FleetCore

/// A federated job with its rounds.
package struct JobView: Codable, Sendable, Equatable {
  /// What was asked for.
  package var specification: JobSpecification
  /// running, paused, finished, failed or cancelled.
  package var state: String
  /// Why no further round is begun; nil where one may be.
  package var waits: String?
  /// Why it failed, or why it finished before its last round; empty otherwise.
  package var detail: String
  /// The model the next round starts from, 64 hexadecimal digits.
  package var currentModel: String
  /// The best accepted held-out accuracy in percent; nil before the first check.
  package var bestAccuracy: Double?
  /// What is spent of its privacy budget; nil where there is none.
  package var privacy: PrivacyView?
  /// Rounds and attempts in order.
  package var rounds: [RoundView]

  /// A value with all its fields.
  package init(
    specification: JobSpecification, state: String, detail: String, currentModel: String,
    bestAccuracy: Double? = nil, rounds: [RoundView]
  ) {
    self.specification = specification
    self.state = state
    self.detail = detail
    self.currentModel = currentModel
    self.bestAccuracy = bestAccuracy
    self.rounds = rounds
  }
}

/// One attempt of one round.
package struct RoundView: Codable, Sendable, Equatable {
  /// Counts from 1.
  package var round: UInt32
  /// Counts from 1.
  package var attempt: UInt32
  /// planned, open, sealed, committed, failed or cancelled.
  package var state: String
  /// Seconds from opening to the commit; nil before.
  package var seconds: Double?
  /// Held-out accuracy in percent of the aggregate; nil where there is none.
  package var accuracy: Double?
  /// False when the check refused the aggregate; nil before the commit.
  package var accepted: Bool?
  /// The aggregate, 64 hexadecimal digits; nil before the commit.
  package var model: String?
  /// What the job has spent of its privacy budget with this round; nil where it paid nothing.
  package var epsilon: Double?
  /// Why it failed, empty otherwise.
  package var detail: String
  /// Bytes of the accepted updates.
  package var updateBytes: UInt64
  /// Joules of the training behind the accepted updates; nil when the price table is not held.
  package var joules: Double?
  /// The cohort in node order.
  package var participants: [ParticipantView]

  /// A value with all its fields.
  package init(
    round: UInt32, attempt: UInt32, state: String, seconds: Double? = nil,
    accuracy: Double? =
      nil, accepted: Bool? = nil, model: String? = nil, detail: String, updateBytes: UInt64,
    joules: Double? = nil, participants: [ParticipantView]
  ) {
    self.round = round
    self.attempt = attempt
    self.state = state
    self.seconds = seconds
    self.accuracy = accuracy
    self.accepted = accepted
    self.model = model
    self.detail = detail
    self.updateBytes = updateBytes
    self.joules = joules
    self.participants = participants
  }
}

/// One node's part in a round.
package struct ParticipantView: Codable, Sendable, Equatable {
  /// The node's name.
  package var node: String
  /// pending, reported, refused or late.
  package var state: String
  /// Refusal code, empty otherwise.
  package var code: String
  /// Samples of its update.
  package var samples: UInt32
  /// Test-then-train accuracy in percent of its training.
  package var accuracy: Double?
  /// True where the strategy let its update count for nothing.
  package var isLeftOut: Bool

  /// A value with all its fields.
  package init(
    node: String, state: String, code: String, samples: UInt32, accuracy: Double? = nil,
    isLeftOut: Bool = false
  ) {
    self.node = node
    self.state = state
    self.code = code
    self.samples = samples
    self.accuracy = accuracy
    self.isLeftOut = isLeftOut
  }
}

/// What a command came to: the answer to every request that changes something.
package struct CommandView: Codable, Sendable, Equatable {
  /// True when it was done.
  package var done: Bool
  /// Stable refusal code, empty when done.
  package var code: String
  /// What was made, or the reason and what to do.
  package var detail: String

  /// An answer with its facts.
  package init(done: Bool, code: String, detail: String) {
    self.done = done
    self.code = code
    self.detail = detail
  }
}

/// Body of `POST /v1/jobs/:job/rollback`.
package struct RollbackRequest: Codable, Sendable, Equatable {
  /// The round whose model the next one grows from; 0 is before the first.
  package var round: UInt32

  /// A request for a round.
  package init(round: UInt32) { self.round = round }
}

/// Body of `POST /v1/nodes`: exactly one of key and fingerprint.
package struct AcceptRequest: Codable, Sendable, Equatable {
  /// The name the node gets.
  package var name: String
  /// Its CURVE public key, or nil to look the fingerprint up among the pending keys.
  package var publicKey: String?
  /// Fingerprint of a pending key.
  package var fingerprint: String?

  /// A request with its facts.
  package init(name: String, publicKey: String? = nil, fingerprint: String? = nil) {
    self.name = name
    self.publicKey = publicKey
    self.fingerprint = fingerprint
  }
}

/// Body of `POST /v1/models`: the manifest of a model whose blob was put before.
package struct ModelRequest: Codable, Sendable, Equatable {
  /// The signed manifest, base 64.
  package var manifest: String

  /// A request for a manifest in base 64.
  package init(manifest: String) { self.manifest = manifest }
}

/// Body of `POST /v1/deployments`.
package struct DeployRequest: Codable, Sendable, Equatable {
  /// The model: a digest of 64 digits, at least 8 of its first digits, or a name (the highest
  /// release counter of it).
  package var model: String
  /// Names of nodes; empty for every node that takes work.
  package var nodes: [String]
  /// Nodes may run this release although they have run a higher one; no when it is not there.
  package var allowRollback: Bool?
  /// The model is only tried: floors do not rise; no when it is not there.
  package var trial: Bool?
  /// The model runs beside what serves, on so many of a thousand inferences; it serves when this is
  /// not there.
  package var shadowPerMille: UInt32?
  /// Inferences after which nodes keep the model or go back by themselves; kept at once when this
  /// is not there.
  package var probeInferences: UInt32?
  /// Smaller models of which one answers when a node's energy is short, the best first, named as
  /// `model` is.
  package var standIns: [String]?
  /// The model goes on learning while it serves; no when it is not there.
  package var learns: Bool?
  /// It begins with what the model before it has learnt on the node; no when it is not there.
  package var carriesLearning: Bool?

  /// A request with its facts; what is not given is set after.
  package init(
    model: String, nodes: [String], allowRollback: Bool? = nil, trial: Bool? = nil,
    shadowPerMille: UInt32? = nil, probeInferences: UInt32? = nil
  ) {
    self.model = model
    self.nodes = nodes
    self.allowRollback = allowRollback
    self.trial = trial
    self.shadowPerMille = shadowPerMille
    self.probeInferences = probeInferences
  }
}

/// Body of `POST /v1/root`.
package struct RootRequest: Codable, Sendable, Equatable {
  /// The signed root file, base 64.
  package var root: String

  /// A request for a root file in base 64.
  package init(root: String) { self.root = root }
}

/// The root file in force.
package struct RootView: Codable, Sendable, Equatable {
  /// Its version.
  package var version: UInt64
  /// Microseconds since 1970 UTC after which it is void.
  package var expiresMicroseconds: UInt64
  /// The signed file, base 64.
  package var envelope: String

  /// A view with its facts.
  package init(version: UInt64, expiresMicroseconds: UInt64, envelope: String) {
    self.version = version
    self.expiresMicroseconds = expiresMicroseconds
    self.envelope = envelope
  }
}
