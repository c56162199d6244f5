package import Federation
package import FleetProtocol

/// What an operator asks of a federated learning job.
package struct JobSpecification: Sendable, Equatable, Codable {
  /// The job's name, an identifier.
  package var name: String
  /// Digest of the model every round grows from, 64 hexadecimal digits.
  package var model: String
  /// Rounds to run, 1 or more.
  package var rounds: UInt32
  /// Samples each node trains in a round, 1 or more.
  package var samplesPerRound: UInt32
  /// Names of the nodes that take part, in any order.
  package var nodes: [String]
  /// Reports without which a round fails its quorum, 1 ...
  ///
  /// nodes.count.
  package var minimumReports: Int
  /// Milliseconds from opening until a round is sealed or failed.
  package var deadlineMilliseconds: UInt32
  /// Attempts per round before the job fails, 1 or more.
  package var attemptsMax: UInt32
  /// Points of held-out accuracy a new version may lose against the best accepted one.
  package var maxRegression: Double
  /// How often the joules per inference of the job's model a new version may take; nil for any.
  package var joulesRatioMax: Double?
  /// Models of accepted rounds that the coordinator keeps, the newest ones, 1 or more.
  package var keptModels: UInt32
  /// Seed of the nodes' rounding noise.
  package var seed: UInt64
  /// How a round's updates become the next model.
  package var strategy: Strategy
  /// How updates travel; what a compression leaves out goes into the node's next update.
  package var compression: UpdateCompression
  /// How many of the nodes each round asks, and which.
  package var cohort: CohortTerms
  /// How layers are merged, by their names, in place of what their training asks for.
  package var merge: [String: MergeRule]
  /// What models may tell of single nodes; nil where sums get no noise.
  package var privacy: PrivacyTerms?

  /// A job with all its settings.
  package init(
    name: String, model: String, rounds: UInt32, samplesPerRound: UInt32, nodes: [String],
    minimumReports: Int, deadlineMilliseconds: UInt32, attemptsMax: UInt32,
    maxRegression: Double, seed: UInt64, strategy: Strategy = .fedAvg,
    compression: UpdateCompression = .dense,
    cohort: CohortTerms = CohortTerms(), merge: [String: MergeRule] = [:],
    joulesRatioMax: Double? = nil, keptModels: UInt32 = 10, privacy: PrivacyTerms? = nil
  ) {
    self.keptModels = keptModels
    self.joulesRatioMax = joulesRatioMax
    self.privacy = privacy
    self.name = name
    self.model = model
    self.rounds = rounds
    self.samplesPerRound = samplesPerRound
    self.nodes = nodes
    self.minimumReports = minimumReports
    self.deadlineMilliseconds = deadlineMilliseconds
    self.attemptsMax = attemptsMax
    self.maxRegression = maxRegression
    self.seed = seed
    self.strategy = strategy
    self.compression = compression
    self.cohort = cohort
    self.merge = merge
  }
}

/// Where a job stands.
///
/// Legal transitions: running -> finished, running -> failed, running -> cancelled.
package enum JobState: String, Sendable, Codable {
  case running, finished, failed, cancelled
}

/// A federated learning job and the model it has reached.
package struct JobRecord: Sendable, Equatable {
  /// The job's name.
  package var id: Identifier
  /// The operator's wish, unchanged since the start.
  package var specification: JobSpecification
  /// Where the job stands.
  package var state: JobState
  /// Why it failed, or why it finished before its last round; empty otherwise.
  package var detail: String
  /// The model the next round starts from.
  package var current: ContentDigest
  /// What the strategy keeps for the next round, a blob; nil where it keeps nothing yet.
  package var serverState: ContentDigest?
  /// The best accepted held-out accuracy in percent; nil before the first check.
  package var bestAccuracy: Double?
  /// When the operator started it.
  package var createdAt: Instant
  /// Since when no round is begun; nil while the job goes on.
  package var pausedAt: Instant?
  /// What it draws from in secret; nil where nothing has to be.
  package var secret: JobSecret?

  /// A job that has just been started.
  package init(
    id: Identifier, specification: JobSpecification, current: ContentDigest, createdAt: Instant
  ) {
    self.id = id
    self.specification = specification
    state = .running
    detail = ""
    self.current = current
    self.createdAt = createdAt
  }
}
