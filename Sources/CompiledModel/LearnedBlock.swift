/// A list of 16-bit values that learning changes and that outlives a sample.
///
/// Updates, rounds, snapshots and replay carry the blocks of a model in the order of
/// `CompiledModel.learnedBlocks`.
package struct LearnedBlock: Sendable, Equatable {
  /// What the values are.
  package enum Kind: Sendable, Equatable {
    /// Learning weights of a connection, row-major `[source][target]`.
    case weights(CompiledModel.ConnectionIndex)
  }

  /// What the values are.
  package let kind: Kind
  /// What names the block in updates and permits: a connection's position in the model for weights.
  package let number: UInt32
  /// Number of values.
  package let count: Int
  /// The range that the values keep to.
  package let bounds: ClosedRange<Int16>
  /// Values are multiples of `2^stepShift`.
  package let stepShift: Int32
  /// Exponent of a value's unit, so that blocks of another scale are never added.
  package let exponent: Int32

  /// Whether values are within the bounds and on whole steps, as many as there must be.
  package func holds(_ values: [Int16]) -> Bool {
    let fraction = Int16(truncatingIfNeeded: (1 << stepShift) - 1)
    return values.count == count
      && values.allSatisfy { bounds.contains($0) && $0 & fraction == 0 }
  }
}

extension CompiledModel {
  /// What learning changes: weights of all plastic connections first, in their order.
  package var learnedBlocks: [LearnedBlock] {
    connections.enumerated().compactMap { position, index in
      guard case .plastic(let weights, _, let bounds) = self[index].weights else { return nil }
      return LearnedBlock(
        kind: .weights(index), number: UInt32(position), count: weights.count, bounds: bounds,
        stepShift: arithmetic.learningShift, exponent: exponent(of: index))
    }
  }

  /// The values of each of `learnedBlocks`.
  package var learnedState: [[Int16]] {
    learnedBlocks.map { block in
      switch block.kind {
      case .weights(let index):
        guard case .plastic(let weights, _, _) = self[index].weights else { return [] }
        return weights
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
