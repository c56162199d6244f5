/// What is learnt in one model and not in another of the same structure.
package struct ModelDifference: Sendable, Equatable, Codable {
  /// One list of values that learning changes, such as the weights between two layers.
  package struct Block: Sendable, Equatable, Codable {
    /// Name of the layer whose learning changes it.
    package var layer: String
    /// What the values are: weights, thresholds, assignment, feedback, plasticity or reward.
    package var kind: String
    /// What the weights lead from: a layer's name, or `input`; nil where they are no weights.
    package var source: String?
    /// Number of values.
    package var values: Int
    /// Values that differ.
    package var changed: Int
    /// Of weights, those that differ as inference sees them; nil for other values.
    package var changedInference: Int?
    /// The largest change in units of the network: of a weight, or of a potential for thresholds.
    package var largest: Double
    /// Root of the mean square of all changes, zeros too, in the same unit.
    package var rootMeanSquare: Double
    /// The exponent of one unit of an inference weight, or of one step of the other values; blocks
    /// of another exponent are never compared.
    package var exponent: Int32
    /// Values at either end of their range, before and after.
    package var saturated: Pair
    /// Of weights, those that inference sees as 0, before and after; of others, values of 0.
    package var zeros: Pair
  }

  /// A count in both models.
  package struct Pair: Sendable, Equatable, Codable {
    /// In the first one.
    package var before: Int
    /// In the second one.
    package var after: Int

    /// The two counts.
    package init(before: Int, after: Int) {
      self.before = before
      self.after = after
    }
  }

  /// The blocks in the order of `CompiledModel.learnedBlocks`.
  package var blocks: [Block]

  /// Values that differ, of all blocks.
  package var changed: Int { blocks.reduce(0) { $0 + $1.changed } }
  /// All values.
  package var values: Int { blocks.reduce(0) { $0 + $1.values } }

  /// From one model to another; throws where they differ in more than what is learnt.
  package init(from before: CompiledModel, to after: CompiledModel) throws(StructureMismatch) {
    guard before.structureDigest == after.structureDigest else {
      throw StructureMismatch(differences: before.structuralDifferences(from: after))
    }
    let states = zip(before.learnedState, after.learnedState)
    blocks = zip(before.learnedBlocks, states).map { block, values in
      Self.block(block, values.0, values.1, in: before)
    }
  }

  private static func block(
    _ block: LearnedBlock, _ before: [Int16], _ after: [Int16], in model: CompiledModel
  ) -> Block {
    let unit = model.changeUnit(of: block)
    var (changed, largest, squares) = (0, Int32(0), 0.0)
    for (first, second) in zip(before, after) where first != second {
      let change = abs(Int32(second) - Int32(first))
      changed += 1
      largest = max(largest, change)
      squares += Double(change) * Double(change)
    }
    func count(_ values: [Int16], _ holds: (Int16) -> Bool) -> Int { values.count(where: holds) }
    func isEnd(_ value: Int16) -> Bool {
      value == block.bounds.lowerBound || value == block.bounds.upperBound
    }
    var source: String?
    var changedInference: Int?
    if case .weights(let index) = block.kind {
      source = model[index].source.map { model.layers[$0].name } ?? "input"
      changedInference = zip(before, after).count {
        ChipArithmetic.inferenceWeight($0) != ChipArithmetic.inferenceWeight($1)
      }
    }
    let isZero: (Int16) -> Bool =
      block.isWeights ? { ChipArithmetic.inferenceWeight($0) == 0 } : { $0 == 0 }
    // What starts at nothing, as rises and counts do, is not at the end of its range there.
    let isFull: (Int16) -> Bool =
      block.bounds.lowerBound == 0 ? { $0 == block.bounds.upperBound } : isEnd
    return Block(
      layer: model.layers[block.layer].name, kind: block.kindName, source: source,
      values: before.count, changed: changed, changedInference: changedInference,
      largest: Double(largest) * unit,
      rootMeanSquare: before.isEmpty ? 0 : (squares / Double(before.count)).squareRoot() * unit,
      exponent: block.exponent,
      saturated: Pair(before: count(before, isFull), after: count(after, isFull)),
      zeros: Pair(before: count(before, isZero), after: count(after, isZero)))
  }
}

extension LearnedBlock {
  /// Stable text for what the values are.
  fileprivate var kindName: String {
    switch kind {
    case .weights: "weights"
    case .thresholds: "thresholds"
    case .assignment: "assignment"
    case .feedback: "feedback"
    case .plasticity: "plasticity"
    case .reward: "reward"
    }
  }

  /// True for what inference, or the way of errors, sees in eight bits.
  fileprivate var isWeights: Bool {
    switch kind {
    case .weights, .feedback: true
    case .thresholds, .assignment, .plasticity, .reward: false
    }
  }
}

extension CompiledModel {
  /// What one step of a block's values is in the network; 1 for those that are not of its units.
  fileprivate func changeUnit(of block: LearnedBlock) -> Double {
    func power(_ exponent: Int32) -> Double {
      Double(sign: .plus, exponent: Int(exponent), significand: 1)
    }
    switch block.kind {
    // Layers that learn have no scales: one unit holds for all their neurons.
    case .weights(let index): return weightUnit(of: index, target: 0) / 256
    case .feedback: return power(block.exponent) / 256
    case .thresholds: return power(block.exponent)
    case .assignment, .plasticity, .reward: return 1
    }
  }
}
