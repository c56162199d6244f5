package import Federation

/// A federated job as an operator writes it; what is left out is filled in from the fleet.
package struct JobFile: Codable, Sendable, Equatable {
  /// The job's name, an identifier.
  package var name: String?
  /// Name or digest of the model that every round grows from.
  package var model: String?
  /// Rounds to run.
  package var rounds: UInt32?
  /// Samples each node trains in a round.
  package var samplesPerRound: UInt32?
  /// Names of the nodes that take part; all accepted ones when left out.
  package var nodes: [String]?
  /// Reports without which a round fails; all nodes when left out.
  package var minimumReports: Int?
  /// Seconds from the offer until a round is sealed or failed.
  package var deadlineSeconds: UInt32?
  /// Attempts per round before the job fails.
  package var attempts: UInt32?
  /// Points of held-out accuracy that a merged model may lose against the best one.
  package var maxRegression: Double?
  /// How often the joules per inference of the job's model a merged model may take.
  package var joulesRatioMax: Double?
  /// Models of accepted rounds that the coordinator keeps.
  package var keptModels: UInt32?
  /// Seed of the nodes' rounding noise.
  package var seed: UInt64?
  /// How updates become the next model: `name`, `weighting` and the parameters of the rule.
  package var strategy: Strategy?
  /// How updates travel.
  package var compression: UpdateCompression?
  /// Updates at which a round is sealed; all nodes are asked and waited for when left out.
  package var targetReports: Int?
  /// Nodes asked for each report that is wanted, 1 or more.
  package var overSelection: Double?
  /// How nodes are drawn.
  package var selection: SelectionRule?
  /// Percent of charge below which a node is not asked.
  package var leastCharge: Double?
  /// How layers are merged, by their names, in place of what their training asks for.
  package var merge: [String: MergeRule]?
  /// What models may tell of single nodes; sums get no noise when left out.
  package var privacy: JobPrivacy?

  /// A job about which nothing is said yet.
  package init() {}

  /// Reads a job file; a key that is not known is refused.
  package static func read(_ path: String) throws(ConfigurationError) -> JobFile {
    try StrictYAML.read(JobFile.self, from: path)
  }
}
