/// How a round's updates become the next model: a name of the field and its parameters.
package struct Strategy: Sendable, Equatable {
  /// Names as papers and other systems use them.
  package enum Name: String, Sendable, Codable, CaseIterable {
    /// Mean by samples (McMahan et al. 2017).
    case fedAvg = "fedavg"
    /// The same; nodes pull towards the base by `mu` (Li et al. 2018).
    case fedProx = "fedprox"
    /// Momentum at the server (Hsu et al. 2019).
    case fedAvgM = "fedavgm"
    /// Reddi et al. 2020.
    case fedAdagrad = "fedadagrad"
    /// Reddi et al. 2020.
    case fedAdam = "fedadam"
    /// Reddi et al. 2020.
    case fedYogi = "fedyogi"
    /// Control variates (Karimireddy et al. 2020).
    case scaffold
    /// A buffer of updates of several versions (Nguyen et al. 2022).
    case fedBuff = "fedbuff"
    /// Fairness by loss (Li et al. 2020).
    case qFedAvg = "qfedavg"
    /// Median of each coordinate (Yin et al. 2018).
    case median
    /// Mean of each coordinate without its ends (Yin et al. 2018).
    case trimmedMean = "trimmed-mean"
    /// Mean of updates that are scaled down to a norm.
    case normClip = "norm-clip"
    /// The update nearest to many others (Blanchard et al. 2017).
    case krum
    /// The mean of some of them.
    case multiKrum = "multi-krum"
    /// Krum's choices, then the values nearest to the median (El Mhamdi et al. 2018).
    case bulyan
  }

  /// The rule's name.
  package let name: Name
  /// How much an update counts; always `uniform` where the rule weighs by itself.
  package let weighting: Weighting
  /// All parameters of the rule by name, defaults included.
  package let values: [String: Double]

  /// A rule with its parameters; those that are not given have their defaults.
  ///
  /// Throws `strategy-parameter` where one is unknown, missing without a default, or out of range.
  package init(
    _ name: Name, _ given: [String: Double] = [:], weighting: Weighting? = nil
  ) throws(AggregationError) {
    let fixed = !name.takesWeighting
    guard !fixed || weighting != .samples else {
      throw .parameter(
        name: "weighting", found: "samples", expected: "uniform, as \(name.rawValue) is")
    }
    self.name = name
    self.weighting = fixed ? .uniform : weighting ?? .samples
    let parameters = name.parameters
    for key in given.keys.sorted() where !parameters.contains(where: { $0.name == key }) {
      throw .parameter(
        name: key, found: "\(given[key] ?? 0)",
        expected: "one of \(name.rawValue)'s: "
          + (parameters.isEmpty ? "none" : parameters.map(\.name).joined(separator: ", ")))
    }
    var values: [String: Double] = [:]
    for parameter in parameters {
      guard let value = given[parameter.name] ?? parameter.standard else {
        if parameter.isOptional { continue }
        throw .parameter(name: parameter.name, found: "nothing", expected: parameter.allowed)
      }
      guard parameter.holds(value) else {
        throw .parameter(name: parameter.name, found: "\(value)", expected: parameter.allowed)
      }
      values[parameter.name] = value
    }
    self.values = values
  }

  /// The mean by samples, which every job uses that says nothing else.
  package static let fedAvg: Strategy = {
    do {
      return try Strategy(.fedAvg)
    } catch {
      preconditionFailure("FedAvg takes no parameter: \(error)")
    }
  }()

  private func value(_ key: String) -> Double {
    guard let value = values[key] else {
      preconditionFailure("\(name.rawValue) has no parameter \(key)")
    }
    return value
  }

  private func whole(_ key: String) -> Int { Int(value(key)) }

  /// How the updates are combined.
  package var combination: CombinationRule {
    switch name {
    case .fedAvg, .fedProx, .fedAvgM, .fedAdagrad, .fedAdam, .fedYogi, .scaffold: .mean(weighting)
    case .fedBuff: .staleSum(limit: whole("stalenessMax"))
    case .qFedAvg: .fairMean(q: value("q"), learningRate: value("learningRate"))
    case .median: .median
    case .trimmedMean: .trimmedMean(share: value("share"))
    case .normClip: .clippedMean(norm: value("norm"), weighting)
    case .krum: .krum(byzantine: whole("byzantine"), selected: 1)
    case .multiKrum:
      .krum(byzantine: whole("byzantine"), selected: values["selected"].map { Int($0) })
    case .bulyan: .bulyan(byzantine: whole("byzantine"))
    }
  }

  /// What the coordinator does with what they come to.
  package var serverStep: ServerStep {
    switch name {
    case .fedAvgM: .momentum(rate: value("learningRate"), beta: value("momentum"))
    case .fedAdagrad: adaptive(.adagrad)
    case .fedAdam: adaptive(.adam)
    case .fedYogi: adaptive(.yogi)
    case .scaffold:
      .control(rate: value("learningRate"), population: whole("population"))
    case .fedBuff: .buffer(rate: value("learningRate"), size: whole("size"))
    default: .plain
    }
  }

  private func adaptive(_ moment: ServerStep.SecondMoment) -> ServerStep {
    .adaptive(
      moment, rate: value("learningRate"), beta1: value("beta1"), beta2: values["beta2"] ?? 0,
      tau: value("tau"))
  }

  /// What nodes add to their loss under FedProx, nil under any other rule.
  package var proximalTerm: ProximalTerm? { values["mu"].map { ProximalTerm(mu: $0) } }

  /// Whether the rule looks at single updates, which masks of secure aggregation hide.
  package var needsSingleUpdates: Bool {
    switch combination {
    case .mean, .staleSum: false
    case .clippedMean, .fairMean, .median, .trimmedMean, .krum, .bulyan: true
    }
  }
}

extension Strategy: Codable {
  private struct Key: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) { self.stringValue = stringValue }

    init?(intValue: Int) { nil }
  }

  private static let nameKey = Key(stringValue: "name")
  private static let weightingKey = Key(stringValue: "weighting")

  /// Reads `name`, `weighting` and parameters side by side, as a job file has them.
  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    let text = try container.decode(String.self, forKey: Self.nameKey)
    guard let name = Name(rawValue: text) else {
      throw AggregationError.parameter(
        name: "name", found: text,
        expected: "one of " + Name.allCases.map(\.rawValue).joined(separator: ", "))
    }
    var given: [String: Double] = [:]
    for key in container.allKeys where !["name", "weighting"].contains(key.stringValue) {
      given[key.stringValue] = try container.decode(Double.self, forKey: key)
    }
    let weighting = try container.decodeIfPresent(Weighting.self, forKey: Self.weightingKey)
    try self.init(name, given, weighting: weighting)
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(name.rawValue, forKey: Self.nameKey)
    if name.takesWeighting { try container.encode(weighting, forKey: Self.weightingKey) }
    for key in values.keys.sorted() {
      try container.encode(values[key], forKey: Key(stringValue: key))
    }
  }
}
