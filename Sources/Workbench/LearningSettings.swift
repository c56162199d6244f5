package import CompiledModel
package import FleetCore

/// What keeps a node from forgetting what it was deployed with.
package struct LearningSettings: Sendable, Equatable, Codable {
  /// Names of layers whose weights stay.
  package var freeze: [String] = []
  /// How far a learning weight may be from the deployed one, in steps of 16 bits; nil for any.
  package var maxDrift: Int?
  /// Samples of before that are learnt again beside new ones; nil for none.
  package var rehearsal: Rehearsal?

  /// A buffer of samples that were learnt, and its use.
  package struct Rehearsal: Sendable, Equatable, Codable {
    /// Samples that the buffer holds, evenly over the classes.
    package var samples: Int
    /// Samples of the buffer that are learnt after each new one; a fraction for fewer than one.
    package var share: Double

    /// A buffer of so many samples.
    package init(samples: Int, share: Double = 1) {
      self.samples = samples
      self.share = share
    }
  }

  /// No limit at all, unless told otherwise.
  package init(freeze: [String] = [], maxDrift: Int? = nil, rehearsal: Rehearsal? = nil) {
    self.freeze = freeze
    self.maxDrift = maxDrift
    self.rehearsal = rehearsal
  }

  /// The blocks of learned state that stay as they are, under a permit too; throws for names that
  /// the model does not have, and if nothing is left to learn.
  package func frozenBlocks(
    of model: CompiledModel, permit: TrainingPermit? = nil
  ) throws(ConfigurationError) -> Set<UInt32> {
    for name in freeze where !model.layers.contains(where: { $0.name == name }) {
      throw ConfigurationError(
        file: "model `\(model.name)`", key: "freeze", found: "no layer `\(name)`",
        expected: "one of " + model.layers.map(\.name).joined(separator: ", "),
        cure: "name layers of the model")
    }
    let blocks = model.learnedBlocks
    let frozen = blocks.filter { block in
      freeze.contains(model.layers[block.layer].name) && !block.isAssignment
        || permit.map { !$0.blocks.contains(block.number) } ?? false
    }
    guard frozen.count < blocks.count else {
      throw ConfigurationError(
        file: "model `\(model.name)`", key: "freeze",
        found: blocks.isEmpty ? "no layer that learns" : "every layer that learns",
        expected: "at least one that goes on learning",
        cure: "freeze fewer layers, or choose a model that learns more")
    }
    return Set(frozen.map(\.number))
  }

  /// How far weights may drift, the nearer of the settings' and a permit's limit.
  func driftMax(_ permit: TrainingPermit?) -> Int32? {
    let limits = [
      maxDrift.map { Int32(clamping: $0) }, permit.map { Int32(clamping: $0.driftMax) },
    ]
    return limits.compactMap(\.self).min().flatMap { $0 >= 65_535 ? nil : $0 }
  }
}

extension LearnedBlock {
  /// Whether it says for which classes neurons fire.
  fileprivate var isAssignment: Bool {
    if case .assignment = kind { return true }
    return false
  }
}
