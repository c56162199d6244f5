package import FleetCore

/// Body of `POST /v1/jobs/NAME`.
package struct JobRequest: Codable, Sendable, Equatable {
  /// What can be said to a running job.
  package enum Verb: String, Codable, Sendable, CaseIterable {
    case pause, resume
  }

  /// What is said.
  package var verb: Verb

  /// A request for a verb.
  package init(_ verb: Verb) { self.verb = verb }
}

/// One attempt of a round, with everything that the coordinator's database says about it.
package struct RoundExplanation: Codable, Sendable, Equatable {
  /// A node that the round waits for.
  package struct Awaited: Codable, Sendable, Equatable {
    /// The node's name.
    package var node: String
    /// online, suspect, offline or never.
    package var liveness: String
    /// Bytes of its update that have come; nil before it announced one.
    package var receivedBytes: UInt64?
    /// Bytes that its update has; nil before it announced one.
    package var updateBytes: UInt64?

    /// A value with its facts.
    package init(
      node: String, liveness: String, receivedBytes: UInt64? = nil, updateBytes: UInt64? = nil
    ) {
      self.node = node
      self.liveness = liveness
      self.receivedBytes = receivedBytes
      self.updateBytes = updateBytes
    }
  }

  /// The job's name.
  package var job: String
  /// running, paused, finished, failed or cancelled.
  package var jobState: String
  /// Why no further round is begun; nil where one may be.
  package var waits: String?
  /// The round as lists show it.
  package var round: RoundView
  /// The model that every node starts from, 64 hexadecimal digits.
  package var base: String
  /// Seed of the nodes' rounding noise.
  package var seed: UInt64
  /// How the cohort was drawn.
  package var rule: String
  /// Updates at which the round is sealed; nil where all are waited for.
  package var targetReports: Int?
  /// Updates without which it fails.
  package var minimumReports: Int
  /// Microseconds since 1970 UTC.
  package var plannedMicroseconds: Int64
  /// Microseconds since 1970 UTC; nil before.
  package var openedMicroseconds: Int64?
  /// Microseconds since 1970 UTC at which it is sealed or fails; nil unless it is open.
  package var deadlineMicroseconds: Int64?
  /// Why each of the job's nodes was asked or not, in node order.
  package var notes: [CohortNote]
  /// Nodes that it waits for, in node order.
  package var awaited: [Awaited]
  /// What happened to it, oldest first.
  package var events: [EventView]

  /// A value with its facts; what is known of an open round is set after.
  package init(
    job: String, jobState: String, round: RoundView, base: String, seed: UInt64, rule: String,
    minimumReports: Int, plannedMicroseconds: Int64, notes: [CohortNote], events: [EventView]
  ) {
    self.job = job
    self.jobState = jobState
    self.round = round
    self.base = base
    self.seed = seed
    self.rule = rule
    self.minimumReports = minimumReports
    self.plannedMicroseconds = plannedMicroseconds
    self.notes = notes
    awaited = []
    self.events = events
  }
}

/// What a job would take of each node, before anything starts.
package struct JobPlanView: Codable, Sendable, Equatable {
  /// One of the job's nodes.
  package struct Node: Codable, Sendable, Equatable {
    /// The node's name.
    package var node: String
    /// Code of what keeps it from being asked now; empty where nothing does.
    package var hindrance: String
    /// Seconds of a round's training, as its rounds of such models took; nil where it had none.
    package var secondsPerRound: Double?

    /// A value with its facts.
    package init(node: String, hindrance: String, secondsPerRound: Double?) {
      self.node = node
      self.hindrance = hindrance
      self.secondsPerRound = secondsPerRound
    }
  }

  /// How rounds merge a layer.
  package struct Layer: Codable, Sendable, Equatable {
    /// The layer's name.
    package var layer: String
    /// The merge rule's name.
    package var rule: String

    /// A layer with its rule.
    package init(layer: String, rule: String) {
      self.layer = layer
      self.rule = rule
    }
  }

  /// The job as it would start, with the model's digest.
  package var specification: JobSpecification
  /// Nodes that a round asks.
  package var asked: Int
  /// Bytes of a round's base model, to each node that is asked.
  package var downBytes: UInt64
  /// Bytes of an update; an upper bound unless `samplesTried` are more than 0.
  package var upBytes: UInt64
  /// Joules of a round's training on one node; nil where it could not be tried.
  package var joules: Double?
  /// The price table behind the joules, and the grade of its weakest price.
  package var priceTable: String
  /// The grade of the table's weakest price.
  package var grade: String
  /// Samples of the coordinator's check data that were learnt to say so.
  package var samplesTried: Int
  /// How each layer that learns is merged.
  package var merge: [Layer]
  /// What the job will have spent of its privacy budget; nil where there is none.
  package var privacy: PrivacyView?
  /// The job's nodes in node order.
  package var nodes: [Node]

  /// A plan with its facts; what was tried and how layers are merged is set after.
  package init(
    specification: JobSpecification, asked: Int, downBytes: UInt64, upBytes: UInt64,
    priceTable: String, grade: String, nodes: [Node]
  ) {
    self.specification = specification
    self.asked = asked
    self.downBytes = downBytes
    self.upBytes = upBytes
    self.priceTable = priceTable
    self.grade = grade
    samplesTried = 0
    merge = []
    self.nodes = nodes
  }
}
