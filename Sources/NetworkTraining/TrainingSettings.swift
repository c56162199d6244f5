/// How a network is trained at the desk.
package struct TrainingSettings: Codable, Sendable, Equatable {
  /// Times that every sample is seen.
  package var epochs: Int
  /// Samples whose gradients are averaged for one change of the weights.
  package var batchSize: Int
  /// Step size of Adam in the first epoch, in the units of the weights.
  package var learningRate: Double
  /// What is left of the step size after each epoch, above 0 to 1; 1 where a file has none.
  package var learningRateDecay: Double
  /// Height of the pseudo-derivative `gamma * max(0, 1 - |v - theta| / theta)`.
  package var gamma: Double
  /// Decides the order of samples in each epoch.
  package var seed: UInt64

  /// Settings that train a few hundred digits well, unless told otherwise.
  package init(
    epochs: Int = 30, batchSize: Int = 32, learningRate: Double = 1e-3,
    learningRateDecay: Double = 1, gamma: Double = 0.3, seed: UInt64 = 1
  ) {
    self.epochs = epochs
    self.batchSize = batchSize
    self.learningRate = learningRate
    self.learningRateDecay = learningRateDecay
    self.gamma = gamma
    self.seed = seed
  }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    epochs = try container.decode(Int.self, forKey: .epochs)
    batchSize = try container.decode(Int.self, forKey: .batchSize)
    learningRate = try container.decode(Double.self, forKey: .learningRate)
    learningRateDecay =
      try container.decodeIfPresent(Double.self, forKey: .learningRateDecay) ?? 1
    gamma = try container.decode(Double.self, forKey: .gamma)
    seed = try container.decode(UInt64.self, forKey: .seed)
  }

  /// Throws `TrainingError.setting` for the first value that is out of range.
  package func validate() throws(TrainingError) {
    guard (1...100_000).contains(epochs) else {
      throw .setting(field: "epochs", found: "\(epochs)", expected: "1 to 100000")
    }
    guard (1...65_536).contains(batchSize) else {
      throw .setting(field: "batchSize", found: "\(batchSize)", expected: "1 to 65536")
    }
    guard learningRate > 0, learningRate <= 1 else {
      throw .setting(
        field: "learningRate", found: "\(learningRate)", expected: "above 0 and at most 1")
    }
    guard learningRateDecay > 0, learningRateDecay <= 1 else {
      throw .setting(
        field: "learningRateDecay", found: "\(learningRateDecay)",
        expected: "above 0 and at most 1")
    }
    guard gamma > 0, gamma <= 10 else {
      throw .setting(field: "gamma", found: "\(gamma)", expected: "above 0 and at most 10")
    }
  }
}
