/// A list of 16-bit values that learning changes and that outlives a sample.
///
/// Updates, rounds, snapshots and replay carry the blocks of a model in the order of
/// `CompiledModel.learnedBlocks`.
package struct LearnedBlock: Sendable, Equatable {
  /// What the values are.
  package enum Kind: Sendable, Equatable {
    /// Learning weights of a connection, row-major `[source][target]`.
    case weights(CompiledModel.ConnectionIndex)
    /// Rises of thresholds of a layer's neurons.
    case thresholds(layer: Int)
    /// Spikes of a layer's neurons by class, `[neuron][class]`.
    case assignment(layer: Int)
    /// Weights along which errors come back to a layer, `[neuron][class]`.
    case feedback(layer: Int)
    /// How plastic a layer's neurons still are.
    case plasticity(layer: Int)
    /// The running mean of rewards of a layer's rules, one value.
    case reward(layer: Int)
  }

  /// What the values are.
  package let kind: Kind
  /// What names the block in updates and permits: for weights a connection's position in the model,
  /// else the layer after a number of the kind.
  package let number: UInt32
  /// Number of values.
  package let count: Int
  /// The range that the values keep to.
  package let bounds: ClosedRange<Int16>
  /// Values are multiples of `2^stepShift`, unless they have a step of their own.
  package let stepShift: Int32
  /// Exponent of a value's unit, so that blocks of another scale are never added.
  package let exponent: Int32
  /// Values are whole steps of this from the lower bound on; 0 for those of `stepShift`.
  package var ownStep: Int32 = 0

  /// What values are apart.
  package var step: Int32 { ownStep > 0 ? ownStep : 1 << stepShift }

  /// Whether values are within the bounds and on whole steps, as many as there must be.
  package func holds(_ values: [Int16]) -> Bool {
    let (origin, step) = (ownStep > 0 ? Int32(bounds.lowerBound) : 0, step)
    return values.count == count
      && values.allSatisfy { bounds.contains($0) && (Int32($0) - origin) % step == 0 }
  }
}

extension LearnedBlock {
  /// Rises of thresholds are blocks from this number on, one for each layer that has them.
  package static let firstThresholds: UInt32 = 1 << 16
  /// Assignments are blocks from this number on.
  package static let firstAssignment: UInt32 = 2 << 16
  /// Weights of feedback are blocks from this number on.
  package static let firstFeedback: UInt32 = 3 << 16
  /// Plasticities of neurons are blocks from this number on.
  package static let firstPlasticity: UInt32 = 4 << 16
  /// Means of rewards are blocks from this number on.
  package static let firstReward: UInt32 = 5 << 16
}

extension CompiledModel {
  /// What learning changes: weights of all plastic connections first, in their order, then rises of
  /// thresholds by layer, the assignment, weights of feedback by layer, plasticities, and means of
  /// rewards.
  package var learnedBlocks: [LearnedBlock] {
    let weights = weightBlocks
    let thresholds = layers.enumerated().compactMap { index, layer in
      layer.homeostasis.map { homeostasis in
        LearnedBlock(
          kind: .thresholds(layer: index), number: LearnedBlock.firstThresholds + UInt32(index),
          count: homeostasis.rises.count, bounds: 0...Int16.max, stepShift: 0,
          exponent: layer.exponent - arithmetic.inputShift + homeostasis.shift)
      }
    }
    let assignments = layers.enumerated().compactMap { index, layer in
      layer.assignment.map { assignment in
        LearnedBlock(
          kind: .assignment(layer: index), number: LearnedBlock.firstAssignment + UInt32(index),
          count: assignment.counts.count, bounds: 0...Int16.max, stepShift: 0, exponent: 0)
      }
    }
    let feedback = layers.enumerated().compactMap { index, layer in
      layer.feedbackWeights.map { weights in
        LearnedBlock(
          kind: .feedback(layer: index), number: LearnedBlock.firstFeedback + UInt32(index),
          count: weights.count, bounds: feedbackBounds, stepShift: arithmetic.learningShift,
          exponent: feedbackConnection(of: index).map { exponent(of: $0) } ?? 0)
      }
    }
    let plasticities = layers.enumerated().compactMap { index, layer in
      layer.plasticities.map { plasticities in
        LearnedBlock(
          kind: .plasticity(layer: index), number: LearnedBlock.firstPlasticity + UInt32(index),
          count: plasticities.count, bounds: 0...Int16.max, stepShift: 0, exponent: 0)
      }
    }
    let rewards = layers.enumerated().compactMap { index, layer in
      layer.rewardMean.map { _ in
        LearnedBlock(
          kind: .reward(layer: index), number: LearnedBlock.firstReward + UInt32(index), count: 1,
          bounds: RewardMean.bounds, stepShift: 0, exponent: 0)
      }
    }
    return weights + thresholds + assignments + feedback + plasticities + rewards
  }

  private var weightBlocks: [LearnedBlock] {
    connections.enumerated().compactMap { position, index in
      guard case .plastic(let weights, _, let bounds) = self[index].weights else { return nil }
      return LearnedBlock(
        kind: .weights(index), number: UInt32(position), count: weights.count, bounds: bounds,
        stepShift: arithmetic.learningShift, exponent: exponent(of: index),
        ownStep: self[index].plasticity?.ownWeightStep ?? 0)
    }
  }

  /// The values of each of `learnedBlocks`.
  package var learnedState: [[Int16]] {
    learnedBlocks.map { block in
      switch block.kind {
      case .weights(let index):
        guard case .plastic(let weights, _, _) = self[index].weights else { return [] }
        return weights
      case .thresholds(let layer): return layers[layer].homeostasis?.rises ?? []
      case .assignment(let layer): return layers[layer].assignment?.counts ?? []
      case .feedback(let layer): return layers[layer].feedbackWeights ?? []
      case .plasticity(let layer): return layers[layer].plasticities ?? []
      case .reward(let layer): return layers[layer].rewardMean.map { [$0.mean] } ?? []
      }
    }
  }

  /// The same model with other learned values, one array for each of `learnedBlocks`.
  ///
  /// Each block must hold its values: check what comes from outside first.
  package func replacingLearnedState(_ state: [[Int16]]) -> CompiledModel {
    let blocks = learnedBlocks
    precondition(
      state.count == blocks.count, "\(state.count) arrays for \(blocks.count) learned blocks")
    var model = self
    for (block, values) in zip(blocks, state) {
      precondition(
        block.holds(values),
        "\(values.count) values of which \(block.kind) cannot hold some: \(block.count) within "
          + "\(block.bounds) on whole steps")
      switch block.kind {
      case .weights(let index):
        guard case .plastic(_, let program, let bounds) = self[index].weights else { continue }
        model[index].weights = .plastic(values, program, bounds: bounds)
      case .thresholds(let layer):
        guard case .spiking(var program) = model.layers[layer].neurons else { continue }
        program.homeostasis?.rises = values
        model.layers[layer].neurons = .spiking(program)
      case .assignment(let layer):
        model.layers[layer].assignment?.counts = values
      case .feedback(let layer):
        model.layers[layer].signal?.feedback = .adaptive(values)
      case .plasticity(let layer):
        model.layers[layer].plasticities = values
      case .reward(let layer):
        model.layers[layer].rewardMean?.mean = values[0]
      }
    }
    return model
  }

  /// The range that a plastic connection's weights keep to.
  ///
  /// `index` must be one of `plasticConnections`.
  package func weightBounds(of index: ConnectionIndex) -> ClosedRange<Int16> {
    guard case .plastic(_, _, let bounds) = self[index].weights else {
      preconditionFailure("layer \(index.layer) has fixed weights at \(index.connection)")
    }
    return bounds
  }
}
