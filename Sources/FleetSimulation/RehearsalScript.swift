package import FleetCore
package import FleetProtocol
package import RolloutGates

/// The fleet of a rehearsal, and what befalls it.
package struct RehearsalScript: Sendable, Equatable {
  /// The nodes.
  package var nodes: [Identifier]
  /// Inferences a second on each node.
  package var inferencesPerSecond = 20.0
  /// Seconds between two windows of telemetry.
  package var telemetrySeconds: UInt32 = 10
  /// Percent of the inputs whose label is known.
  package var labelledPercent = 100.0
  /// Seconds for which the present model serves before the rollout begins.
  package var servedSeconds: UInt32 = 900
  /// What goes wrong, and when.
  package var faults: [RehearsalFault] = []

  /// A healthy fleet.
  package init(nodes: [Identifier]) { self.nodes = nodes }
}

/// Something that goes wrong on some nodes of a rehearsal.
package struct RehearsalFault: Sendable, Equatable {
  /// What goes wrong.
  package enum Kind: Sendable, Equatable {
    /// Nothing passes between node and coordinator.
    case offline
    /// The chip does not take the new model.
    case refuses
    /// The new model does not fire there once it serves.
    case failsProbe
    /// The stream brings only so many percent of the inputs.
    case slow(percent: Double)
    /// The sensor spoils so many percent of the inputs, for whichever model sees them.
    case spoils(percent: Double)
  }

  /// What goes wrong.
  package var kind: Kind
  /// The nodes.
  package var nodes: [Identifier]
  /// Seconds after the beginning of the rollout, before it where below 0.
  package var atSeconds: Int64
  /// For how long; nil for ever.
  package var seconds: Int64?

  /// A fault with all its facts.
  package init(kind: Kind, nodes: [Identifier], atSeconds: Int64, seconds: Int64?) {
    self.kind = kind
    self.nodes = nodes
    self.atSeconds = atSeconds
    self.seconds = seconds
  }
}

/// The two models of a rehearsal, over one pool of samples.
package struct RehearsedModels: Sendable, Equatable {
  /// What the present model answers and costs.
  package var present: AnswerTable
  /// What the new one does.
  package var new: AnswerTable
  /// The true class of each sample.
  package var truth: [UInt8]

  /// Both tables; they cover the same samples.
  package init(present: AnswerTable, new: AnswerTable, truth: [UInt8]) {
    precondition(
      present.samples == truth.count && new.samples == truth.count && !truth.isEmpty,
      "tables of \(present.samples) and \(new.samples) samples for \(truth.count) labels")
    self.present = present
    self.new = new
    self.truth = truth
  }
}

/// The coordinator's real database, with the look that gates take at it.
package protocol GateStore: DurableFleet {
  /// Holds the telemetry of a wave against its bounds.
  func assess(
    _ order: AssessmentOrder,
    joules: @escaping @Sendable (ContentDigest, [UInt64]) -> Double?
  ) throws -> GateAssessment
  /// Changes what telemetry is held against.
  func judge(by change: (inout TelemetryPlausibility) -> Void)
}

/// What came of one rehearsal.
package struct RehearsalReport: Sendable, Equatable, Codable {
  /// The seed.
  package var seed: UInt64
  /// Where the rollout ended, or paused.
  package var state: RolloutState
  /// Why.
  package var reason: String
  /// Every decision with its evidence.
  package var decisions: [RolloutDecision]
  /// Nodes by the step that they ended in.
  package var steps: [String: Int]
  /// Most nodes that served the new model at a time.
  package var mostServing: Int
  /// Nodes that ever served it.
  package var everServing: Int
  /// Inputs that the nodes of the first wave had seen when the first decision fell.
  package var streamed: UInt64
  /// When the rollout began.
  package var beganAt: Instant
  /// Virtual milliseconds until it ended or paused.
  package var milliseconds: Int64
  /// Events of nodes, in order, with their time since the beginning.
  package var events: [String]
}
