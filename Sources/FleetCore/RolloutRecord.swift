package import FleetProtocol
package import RolloutGates

/// Where a rollout stands.
///
/// Terminal are `failed`, `aborted` and `undone`. `completed` is terminal for the waves, but stays
/// in force: nodes that come later follow it, until a newer rollout or `undo`.
package enum RolloutState: String, Sendable, Codable, CaseIterable {
  case running, paused, reverting, completed, failed, aborted, undone

  /// The states that may follow.
  package var next: Set<RolloutState> {
    switch self {
    case .running: [.paused, .reverting, .completed]
    case .paused: [.running, .reverting]
    case .reverting: [.failed, .aborted, .undone]
    case .completed: [.reverting]
    case .failed, .aborted, .undone: []
    }
  }

  /// True where its nodes are not free for another rollout.
  package var holdsNodes: Bool {
    switch self {
    case .running, .paused, .reverting: true
    case .completed, .failed, .aborted, .undone: false
    }
  }
}

/// What a wave is doing.
///
/// Legal transitions: shadowing -> serving -> baking -> the first stage of the next wave.
package enum RolloutStage: String, Sendable, Codable, CaseIterable {
  /// The new model runs beside the present one, and the gate looks.
  case shadowing
  /// The new model takes over, node by node.
  case serving
  /// It serves on all nodes of the wave, and the gate looks.
  case baking
}

/// Where a node stands in a rollout.
package enum NodeStep: String, Sendable, Codable, CaseIterable {
  case pending, downloading, verifying, staged, shadowing, probing, active
  case reverting, reverted, failed, refused, cancelled
  case timedOut = "timed-out"

  /// The steps that may follow.
  package var next: Set<NodeStep> {
    switch self {
    case .pending: [.downloading, .cancelled]
    case .downloading:
      Self.ends.union([.verifying, .staged, .shadowing, .probing, .active, .reverting])
    case .verifying: Self.ends.union([.staged, .shadowing, .probing, .active, .reverting])
    case .staged, .shadowing: Self.ends.union([.downloading])
    case .probing: Self.ends.union([.active, .reverting])
    case .active: [.reverting, .cancelled]
    case .reverting: [.reverted, .timedOut, .failed, .cancelled]
    // A retry.
    case .failed, .refused, .timedOut: [.pending, .cancelled]
    case .reverted: [.pending, .cancelled]
    case .cancelled: []
    }
  }

  private static let ends: Set<NodeStep> = [
    .failed, .refused, .reverted, .timedOut, .cancelled,
  ]

  /// True where the node is on its way and has a deadline.
  package var isUnderWay: Bool {
    switch self {
    case .downloading, .verifying, .probing, .reverting: true
    case .pending, .staged, .shadowing, .active, .reverted, .failed, .refused, .cancelled,
      .timedOut:
      false
    }
  }

  /// True where the new model did not come to stay although it should have.
  package var isFailure: Bool {
    switch self {
    case .failed, .refused, .reverted, .timedOut: true
    case .pending, .downloading, .verifying, .staged, .shadowing, .probing, .active, .reverting,
      .cancelled:
      false
    }
  }
}

/// A node's part in a rollout.
package struct RolloutMember: Sendable, Equatable, Codable {
  /// Times that a node is sent on its way before it is left alone.
  package static let triesMax: UInt32 = 5

  /// Its wave, from 0.
  package var wave: Int
  /// Where it stands.
  package var step: NodeStep
  /// Since when.
  package var since: Instant
  /// When a step that is under way counts as timed out.
  package var deadline: Instant?
  /// The order that it follows; nil before the first.
  package var generation: Generation?
  /// What it was told to run before; nil where that was nothing.
  package var before: DesiredAssignment?
  /// True once it was told to serve the new model.
  package var hasServed: Bool
  /// Times that it was sent on its way.
  package var tries: UInt32
  /// Why it stands there, empty where it goes without saying.
  package var detail: String

  /// A node that waits for its wave.
  package init(wave: Int, before: DesiredAssignment?, since: Instant) {
    self.wave = wave
    self.before = before
    self.since = since
    step = .pending
    hasServed = false
    tries = 0
    detail = ""
  }
}

/// Why a rollout takes its model back.
package enum RevertCause: String, Sendable, Codable {
  /// A gate found a bound broken, or nothing in time.
  case gate
  /// Too many nodes failed.
  case failures
  /// An operator said so.
  case abort
  /// An operator took a completed rollout back.
  case undo

  /// Where it ends.
  package var outcome: RolloutState {
    switch self {
    case .gate, .failures: .failed
    case .abort: .aborted
    case .undo: .undone
    }
  }
}

/// How far a rollout has come: all of it that changes, but for its nodes.
package struct RolloutProgress: Sendable, Equatable, Codable {
  /// Where it stands.
  package var state: RolloutState
  /// The newest order of the fleet when it began: a node that was told something later by somebody
  /// else does not follow.
  package var began: Generation
  /// The wave at work, from 0.
  package var wave: Int
  /// What it is doing.
  package var stage: RolloutStage
  /// Since when.
  package var stageSince: Instant
  /// When the gate at work gives up; nil before it begins to look.
  package var gateDeadline: Instant?
  /// True once a shadow gate of this rollout passed.
  package var shadowPassed: Bool
  /// Why it paused, reverts or ended, in words.
  package var reason: String
  /// Why it takes its model back.
  package var cause: RevertCause?
  /// When it paused.
  package var pausedAt: Instant?
  /// True where an operator has let the wave pass before its gate looked.
  package var waivesGate: Bool
  /// Failed nodes that an operator went on in spite of.
  package var forgiven: Int
  /// Decisions so far.
  package var decisions: UInt32

  /// A rollout that has just begun.
  package init(stage: RolloutStage, began: Generation, at now: Instant) {
    state = .running
    self.began = began
    waivesGate = false
    forgiven = 0
    wave = 0
    self.stage = stage
    stageSince = now
    shadowPassed = false
    reason = ""
    decisions = 0
  }
}

/// A deployment on its way through its waves.
package struct RolloutRecord: Sendable, Equatable {
  /// The rollout's name.
  package var id: Identifier
  /// The operator's wish, unchanged since the start.
  package var specification: RolloutSpecification
  /// The model.
  package var model: ContentDigest
  /// Waves that it has.
  package var waveCount: Int
  /// How far it has come.
  package var progress: RolloutProgress
  /// Its nodes.
  package var members: [Identifier: RolloutMember]
  /// When the operator started it.
  package var createdAt: Instant

  /// A rollout with its nodes in their waves.
  package init(
    id: Identifier, specification: RolloutSpecification, model: ContentDigest, waveCount: Int,
    members: [Identifier: RolloutMember], stage: RolloutStage, began: Generation,
    createdAt: Instant
  ) {
    self.id = id
    self.specification = specification
    self.model = model
    self.waveCount = waveCount
    self.members = members
    self.createdAt = createdAt
    progress = RolloutProgress(stage: stage, began: began, at: createdAt)
  }

  /// Nodes of a wave, in node order.
  package func nodes(inWave wave: Int) -> [Identifier] {
    members.filter { $0.value.wave == wave }.keys.sorted()
  }

  /// True where something may still come of it by itself.
  package var isLive: Bool {
    switch progress.state {
    case .running, .paused, .reverting: true
    case .completed:
      members.values.contains {
        $0.step == .pending || $0.step.isUnderWay
          || ($0.step == .timedOut && $0.tries < RolloutMember.triesMax)
      }
    case .failed, .aborted, .undone: false
    }
  }

  /// True where nodes that match its selector from now on follow it.
  var takesLatecomers: Bool {
    switch progress.state {
    case .running, .paused, .completed: true
    case .reverting, .failed, .aborted, .undone: false
    }
  }

  /// True where it was started before another one: numbers of orders only rise, clocks are set.
  package func isOlder(than other: RolloutRecord) -> Bool {
    (progress.began, createdAt, id) < (other.progress.began, other.createdAt, other.id)
  }

  /// Nodes on their way now.
  package var underWay: Int { members.values.count { $0.step.isUnderWay } }

  /// Nodes on which the model did not come to stay.
  package var failures: Int { members.values.count { $0.step.isFailure } }
}

/// What was decided about a wave, and on which grounds; stored and never changed.
package struct RolloutDecision: Sendable, Equatable, Codable {
  /// What follows from it.
  package enum Verdict: String, Sendable, Codable {
    /// The wave goes on.
    case passed
    /// The rollout is taken back, or paused.
    case stopped
    /// Time was over and the data did not say: what then happened is in the detail.
    case insufficient
    /// An operator let it go on.
    case promoted
  }

  /// Its number in the rollout, from 1.
  package var number: UInt32
  /// When.
  package var at: Instant
  /// The wave, from 0.
  package var wave: Int
  /// The stage whose gate it was.
  package var stage: RolloutStage
  /// What follows.
  package var verdict: Verdict
  /// Why, in words.
  package var detail: String
  /// What the gates found; nil where nobody looked.
  package var assessment: GateAssessment?

  /// A decision with all its facts.
  package init(
    number: UInt32, at: Instant, wave: Int, stage: RolloutStage, verdict: Verdict, detail: String,
    assessment: GateAssessment?
  ) {
    self.number = number
    self.at = at
    self.wave = wave
    self.stage = stage
    self.verdict = verdict
    self.detail = detail
    self.assessment = assessment
  }
}
