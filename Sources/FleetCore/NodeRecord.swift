package import FleetProtocol

/// What the coordinator holds about one accepted node.
package struct NodeRecord: Sendable, Equatable {
  /// The identity in every row, order and message.
  package var id: Identifier
  /// The node's CURVE public key as 40 Z85 characters: its credential.
  package var publicKey: String
  /// When the operator accepted the key.
  package var acceptedAt: Instant
  /// The chip architecture the node reported in its last HELLO; empty before the first.
  package var chip: String
  /// What the node should run; nil until a deployment selects it.
  package var desired: DesiredAssignment?
  /// Newest generation that the node holds on its disk.
  package var accepted: Generation
  /// What the node last said it runs.
  package var observed: ObservedModel?
  /// Telemetry stored so far, one entry per boot, newest boot last.
  package var boots: [BootProgress]
  /// On which terms it belongs to the fleet.
  package var terms: NodeTerms
  /// Number of the newest notice of the node that is stored.
  package var noticesThrough: UInt64
  /// What an operator has to look at, as a kind of notice; empty when nothing is amiss.
  package var alarm: String

  /// A node as it is right after the operator accepted its key.
  package init(id: Identifier, publicKey: String, acceptedAt: Instant) {
    self.id = id
    self.publicKey = publicKey
    self.acceptedAt = acceptedAt
    chip = ""
    accepted = .none
    boots = []
    terms = NodeTerms()
    noticesThrough = 0
    alarm = ""
  }

  /// True where a connection with this key is the node's.
  package func admits(_ publicKey: String) -> Bool {
    terms.revokedAt == nil && (publicKey == self.publicKey || publicKey == terms.nextKey)
  }

  /// The keys that it may come in with: none, one, or two while a key is being rotated.
  package var admittedKeys: [String] {
    terms.revokedAt == nil ? [publicKey] + (terms.nextKey.map { [$0] } ?? []) : []
  }

  /// Highest telemetry sequence stored for a boot, 0 when there is none.
  package func telemetryThrough(boot: [UInt8]) -> UInt64 {
    boots.last { $0.boot == boot }?.through ?? 0
  }
}

/// Which model a node should run, as of a generation.
package struct DesiredAssignment: Sendable, Equatable, Codable {
  /// The number that makes a repeat harmless and an older one void.
  package var generation: Generation
  /// The model, by digest.
  package var model: ContentDigest
  /// Lowest release that the node may run although it has run a higher one; nil for none.
  package var allowRollbackTo: UInt64?
  /// The model is only tried: the node's floor for its name does not rise.
  package var isTrial: Bool
  /// How the node runs it.
  package var serving: ServingTerms
  /// Smaller models of which one may answer when the node's energy is short, the best first.
  package var standIns: [ContentDigest]
  /// The newest order of the fleet when an operator decided this, by a deployment or a rollout.
  ///
  /// What is ordered again by itself, or given back, was decided before.
  package var decided: Generation

  /// An assignment of a model at a generation, decided there unless something else is said.
  package init(
    generation: Generation, model: ContentDigest, allowRollbackTo: UInt64? = nil,
    isTrial: Bool = false, serving: ServingTerms = .plain, standIns: [ContentDigest] = [],
    decided: Generation? = nil
  ) {
    self.decided = decided ?? generation
    self.standIns = standIns
    self.generation = generation
    self.model = model
    self.allowRollbackTo = allowRollbackTo
    self.isTrial = isTrial
    self.serving = serving
  }
}

/// Where a node stands with the model it was told to run.
package enum ModelPhase: String, Sendable, CaseIterable {
  case downloading, verifying, active, refused, failed
  /// It is on the disk and checked, and waits for another order.
  case staged
  /// It runs beside the one that serves, until another order.
  case shadowing
  /// It serves on probation.
  case probing
  /// It did not stand its probe: the one before it serves again.
  case reverted

  /// True where nothing more will happen without a new generation.
  package var isTerminal: Bool {
    switch self {
    case .downloading, .verifying, .probing: false
    case .active, .refused, .failed, .staged, .shadowing, .reverted: true
    }
  }

  /// The wire form.
  package var wire: WireModelState {
    switch self {
    case .downloading: .downloading
    case .verifying: .verifying
    case .active: .active
    case .refused: .refused
    case .failed: .failed
    case .staged: .staged
    case .shadowing: .shadowing
    case .probing: .probing
    case .reverted: .reverted
    }
  }

  /// Reads the wire form; nil for a value this build does not know.
  package init?(_ wire: WireModelState) {
    switch wire {
    case .downloading: self = .downloading
    case .verifying: self = .verifying
    case .active: self = .active
    case .refused: self = .refused
    case .failed: self = .failed
    case .staged: self = .staged
    case .shadowing: self = .shadowing
    case .probing: self = .probing
    case .reverted: self = .reverted
    case .unspecified, .UNRECOGNIZED: return nil
    }
  }
}

/// A node's own word about its model.
package struct ObservedModel: Sendable, Equatable {
  /// The generation this report is about.
  package var generation: Generation
  /// How far the node got with it.
  package var phase: ModelPhase
  /// The model of that generation.
  package var model: ContentDigest
  /// Stable refusal or failure code, empty when there is none.
  package var code: String
  /// The reason in words, empty when there is none.
  package var detail: String

  /// A report about a generation.
  package init(
    generation: Generation, phase: ModelPhase, model: ContentDigest, code: String = "",
    detail: String = ""
  ) {
    self.generation = generation
    self.phase = phase
    self.model = model
    self.code = code
    self.detail = detail
  }
}

/// How much telemetry of one boot is stored.
package struct BootProgress: Sendable, Equatable {
  /// The agent's boot id, 16 bytes.
  package var boot: [UInt8]
  /// Highest sequence stored; all below it are stored too.
  package var through: UInt64

  /// Progress of one boot.
  package init(boot: [UInt8], through: UInt64) {
    self.boot = boot
    self.through = through
  }
}
