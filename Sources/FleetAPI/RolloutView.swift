package import FleetCore
import FleetProtocol
package import RolloutGates

/// A rollout in one line.
package struct RolloutView: Codable, Sendable, Equatable {
  /// Its name.
  package var name: String
  /// The model's name.
  package var modelName: String
  /// The model's digest.
  package var model: String
  /// Where it stands.
  package var state: RolloutState
  /// The wave at work, from 1.
  package var wave: Int
  /// Waves that it has.
  package var waves: Int
  /// What the wave is doing.
  package var stage: RolloutStage
  /// Microseconds since 1970 UTC at which the stage began.
  package var stageSinceMicroseconds: Int64
  /// Microseconds since 1970 UTC at which the gate at work gives up; nil before it looks.
  package var gateDeadlineMicroseconds: Int64?
  /// Why it stands there, empty where it goes without saying.
  package var reason: String
  /// Nodes by step.
  package var steps: [String: Int]
  /// Microseconds since 1970 UTC.
  package var createdMicroseconds: Int64

  /// A line with all its facts.
  package init(_ record: RolloutRecord, modelName: String) {
    name = record.id.text
    self.modelName = modelName
    model = record.model.hex
    let progress = record.progress
    state = progress.state
    wave = progress.wave + 1
    waves = record.waveCount
    stage = progress.stage
    stageSinceMicroseconds = progress.stageSince.microseconds
    gateDeadlineMicroseconds = progress.gateDeadline?.microseconds
    reason = progress.reason
    steps = record.members.values.reduce(into: [:]) { $0[$1.step.rawValue, default: 0] += 1 }
    createdMicroseconds = record.createdAt.microseconds
  }
}

/// A rollout with its nodes and decisions.
package struct RolloutDetailView: Codable, Sendable, Equatable {
  /// A node's part.
  package struct Member: Codable, Sendable, Equatable {
    /// The node.
    package var node: String
    /// Its wave, from 1.
    package var wave: Int
    /// Where it stands.
    package var step: NodeStep
    /// Microseconds since 1970 UTC.
    package var sinceMicroseconds: Int64
    /// Times that it was sent on its way.
    package var tries: UInt32
    /// Why it stands there, empty where it goes without saying.
    package var detail: String

    /// A part with its node.
    package init(_ node: String, _ member: RolloutMember) {
      self.node = node
      wave = member.wave + 1
      step = member.step
      sinceMicroseconds = member.since.microseconds
      tries = member.tries
      detail = member.detail
    }
  }

  /// The rollout in one line.
  package var rollout: RolloutView
  /// What the operator asked for.
  package var specification: RolloutSpecification
  /// Its nodes by wave and name.
  package var members: [Member]
  /// What was decided, oldest first.
  package var decisions: [RolloutDecision]
  /// What the gate at work last found; nil before it looked.
  package var look: GateAssessment?

  /// A rollout with all its facts.
  package init(
    rollout: RolloutView, specification: RolloutSpecification, members: [Member],
    decisions: [RolloutDecision], look: GateAssessment?
  ) {
    self.rollout = rollout
    self.specification = specification
    self.members = members
    self.decisions = decisions
    self.look = look
  }
}

/// What a rollout would do.
package struct RolloutPlanView: Codable, Sendable, Equatable {
  /// A node that would change.
  package struct Node: Codable, Sendable, Equatable {
    /// The node.
    package var node: String
    /// Its wave, from 1.
    package var wave: Int
    /// What it was told to run, as a model's name and release; empty where that is nothing.
    package var runs: String
    /// `online`, `suspect`, `offline` or `never`.
    package var liveness: String
    /// Joules that the model would take there in a day at full speed; nil where that is not known.
    package var joulesPerDay: Double?
    /// Joules that the node may use in a day; nil for any.
    package var limitJoules: Double?

    /// A node with its facts.
    package init(
      node: String, wave: Int, runs: String, liveness: String, joulesPerDay: Double? = nil,
      limitJoules: Double? = nil
    ) {
      self.joulesPerDay = joulesPerDay
      self.limitJoules = limitJoules
      self.node = node
      self.wave = wave
      self.runs = runs
      self.liveness = liveness
    }
  }

  /// A node that is selected and left out.
  package struct Omitted: Codable, Sendable, Equatable {
    /// The node.
    package var node: String
    /// Why.
    package var reason: RolloutPlan.Omission
    /// The same in words, with what to do.
    package var detail: String

    /// A node with the reason.
    package init(node: String, reason: RolloutPlan.Omission, detail: String) {
      self.node = node
      self.reason = reason
      self.detail = detail
    }
  }

  /// The model, as its name and release.
  package var model: String
  /// Its digest.
  package var digest: String
  /// Nodes that would change, by wave and name.
  package var nodes: [Node]
  /// Nodes that run it already.
  package var unchanged: [String]
  /// Nodes that are left out; unless the reason is their duty, `apply` refuses.
  package var omitted: [Omitted]

  /// A plan with all its facts.
  package init(
    model: String, digest: String, nodes: [Node], unchanged: [String], omitted: [Omitted]
  ) {
    self.model = model
    self.digest = digest
    self.nodes = nodes
    self.unchanged = unchanged
    self.omitted = omitted
  }
}

/// What is said to a rollout that has begun.
package struct RolloutRequest: Codable, Sendable, Equatable {
  /// One of its verbs.
  package enum Verb: String, Codable, Sendable, CaseIterable {
    case pause, resume, promote, abort, undo, retry
  }

  /// The verb.
  package var verb: Verb
  /// Nodes that are tried again; every failed one where there are none.
  package var nodes: [String]?

  /// A verb, with nodes where it takes them.
  package init(_ verb: Verb, nodes: [String]? = nil) {
    self.verb = verb
    self.nodes = nodes
  }

  /// The order that it stands for.
  package var order: RolloutOrder {
    switch verb {
    case .pause: .pause
    case .resume: .resume
    case .promote: .promote
    case .abort: .abort
    case .undo: .undo
    case .retry: .retry(nodes ?? [])
    }
  }
}
