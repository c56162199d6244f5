/// A number that a strategy takes.
package struct StrategyParameter: Sendable, Equatable {
  /// Its name in job files.
  package let name: String
  /// Its value where none is given, nil where there is no good one.
  package let standard: Double?
  /// Values that are taken, both ends included.
  package let range: ClosedRange<Double>
  /// Whether only whole numbers are.
  package let isWhole: Bool
  /// Whether the rule finds a value by itself where none is given.
  package let isOptional: Bool
  /// What it does, in its unit.
  package let meaning: String

  init(
    _ name: String, _ standard: Double?, _ range: ClosedRange<Double>, isWhole: Bool = false,
    isOptional: Bool = false, _ meaning: String
  ) {
    self.name = name
    self.standard = standard
    self.range = range
    self.isWhole = isWhole
    self.isOptional = isOptional
    self.meaning = meaning
  }

  /// Whether a value is taken.
  package func holds(_ value: Double) -> Bool {
    range.contains(value) && (!isWhole || value == value.rounded(.down))
  }

  /// What is taken, in words.
  package var allowed: String {
    "\(isWhole ? "a whole number from " : "")\(range.lowerBound) to \(range.upperBound)"
  }
}

extension Strategy.Name {
  /// What nodes have to do besides training and sending, in words; nil for nothing.
  package var needOfNodes: String? {
    switch self {
    case .scaffold: "needs nodes that keep control variates"
    case .fedBuff: "needs nodes that train on whatever version they have"
    case .fedAvg, .fedProx, .fedAvgM, .fedAdagrad, .fedAdam, .fedYogi, .qFedAvg, .median,
      .trimmedMean, .normClip, .krum, .multiKrum, .bulyan:
      nil
    }
  }

  /// Whether updates may count by samples or all alike; the other rules weigh by themselves.
  package var takesWeighting: Bool {
    switch self {
    case .fedAvg, .fedProx, .fedAvgM, .fedAdagrad, .fedAdam, .fedYogi, .normClip: true
    case .scaffold, .fedBuff, .qFedAvg, .median, .trimmedMean, .krum, .multiKrum, .bulyan: false
    }
  }

  /// The parameters of a rule, with the defaults of the papers or of Flower 1.41.
  package var parameters: [StrategyParameter] {
    switch self {
    case .fedAvg, .median: []
    case .fedProx:
      [
        StrategyParameter(
          "mu", nil, 0...0.999,
          "share of its distance from the base that a node's weight loses after each sample")
      ]
    case .fedAvgM:
      [
        Self.learningRate(1),
        StrategyParameter("momentum", 0.9, 0...0.999, "share of the last step that is kept"),
      ]
    case .fedAdagrad: [Self.learningRate(0.1), Self.beta1, Self.tau]
    case .fedAdam: [Self.learningRate(0.1), Self.beta1, Self.beta2, Self.tau]
    case .fedYogi: [Self.learningRate(0.01), Self.beta1, Self.beta2, Self.tau]
    case .scaffold:
      [
        Self.learningRate(1),
        StrategyParameter(
          "population", nil, 1...1e6, isWhole: true, "nodes of the job, chosen or not"),
      ]
    case .fedBuff:
      [
        Self.learningRate(1),
        StrategyParameter("size", 10, 1...1e6, isWhole: true, "updates that make a step"),
        StrategyParameter(
          "stalenessMax", 10, 0...1e6, isWhole: true, "versions that an update may be behind"),
      ]
    case .qFedAvg:
      [
        StrategyParameter("q", 0.2, 0...10, "how much more a node with a larger loss counts"),
        StrategyParameter("learningRate", 0.1, 1e-6...1e3, "learning rate of the nodes"),
      ]
    case .trimmedMean:
      [StrategyParameter("share", 0.2, 0.001...0.499, "share that is dropped at either end")]
    case .normClip:
      [StrategyParameter("norm", nil, 1e-9...1e9, "largest norm of an update, in weight")]
    case .krum, .bulyan: [Self.byzantine]
    case .multiKrum:
      [
        Self.byzantine,
        StrategyParameter(
          "selected", nil, 1...1e6, isWhole: true, isOptional: true,
          "updates that are averaged; n - byzantine - 2 unless given"),
      ]
    }
  }

  private static func learningRate(_ standard: Double) -> StrategyParameter {
    StrategyParameter("learningRate", standard, 1e-6...1e3, "learning rate of the coordinator")
  }

  private static let beta1 = StrategyParameter(
    "beta1", 0.9, 0...0.999_999, "share of the mean delta that is kept")
  private static let beta2 = StrategyParameter(
    "beta2", 0.99, 0...0.999_999, "share of the mean square that is kept")
  private static let tau = StrategyParameter(
    "tau", 1e-3, 1e-12...1e3, "added to the root of the mean square, whose start is tau^2")
  private static let byzantine = StrategyParameter(
    "byzantine", nil, 0...1e5, isWhole: true, "updates that may be made to do harm")
}
