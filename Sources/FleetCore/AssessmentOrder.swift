package import FleetProtocol
package import RolloutGates

/// Which gate of which rollout looks.
package struct AssessmentKey: Sendable, Hashable {
  /// The rollout.
  package var rollout: Identifier
  /// The wave, from 0.
  package var wave: Int
  /// The stage.
  package var stage: RolloutStage

  /// A gate by its place.
  package init(rollout: Identifier, wave: Int, stage: RolloutStage) {
    self.rollout = rollout
    self.wave = wave
    self.stage = stage
  }
}

/// A node that a gate looks at.
package struct AssessedNode: Sendable, Equatable {
  /// The node.
  package var node: Identifier
  /// The model that the new one is to replace, or has replaced.
  package var before: ContentDigest
  /// When the new model began to run there; for a node of the control group, on the first node.
  package var changedAt: Instant

  /// A node with its facts.
  package init(node: Identifier, before: ContentDigest, changedAt: Instant) {
    self.node = node
    self.before = before
    self.changedAt = changedAt
  }
}

/// Telemetry that is to be held against a rollout's bounds.
package struct AssessmentOrder: Sendable, Equatable {
  /// Nodes of the control group that are looked at.
  package static let controlMax = 50

  /// The gate that asks.
  package var key: AssessmentKey
  /// The new model.
  package var model: ContentDigest
  /// Nodes that run it, in node order.
  package var subjects: [AssessedNode]
  /// Nodes of later waves, which still run what they ran.
  package var control: [AssessedNode]
  /// The end of the span.
  package var until: Instant
  /// The bounds.
  package var bounds: GateBounds

  /// An order with all its facts.
  package init(
    key: AssessmentKey, model: ContentDigest, subjects: [AssessedNode], control: [AssessedNode],
    until: Instant, bounds: GateBounds
  ) {
    self.key = key
    self.model = model
    self.subjects = subjects
    self.control = control
    self.until = until
    self.bounds = bounds
  }
}

/// What came of a look.
package enum AssessmentOutcome: Sendable, Equatable {
  /// The evidence, held against the bounds.
  case made(GateAssessment)
  /// The store could not be read; asked again later.
  case unavailable(detail: String)
}
