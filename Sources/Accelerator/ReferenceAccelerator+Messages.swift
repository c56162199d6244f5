import CompiledModel

extension ReferenceAccelerator {
  /// Sends the spikes of a layer, or of the input, in a chip step; their synapses work at once.
  mutating func send(_ spikes: [Int], from source: Int?, chipStep: Int) {
    for spike in spikes {
      let sender = source.map { coreOf[$0][spike] }
      for core in destinations[source.map { $0 + 1 } ?? 0][spike] {
        ledger.message(.message, from: sender, to: core, step: chipStep)
        for (position, index) in connections.enumerated() where model[index].source == source {
          guard let row = model[index].row(of: spike) else { continue }
          let fanOut = synapses[position].fanOut[row][core]
          ledger.answer(model[index].layout.operation, fanOut, core: core, step: chipStep)
        }
      }
    }
  }

  /// Positions of the cores that hold a layer.
  func cores(of layer: Int) -> [Int] {
    model.cores.indices.filter { model.cores[$0].layer == layer }
  }
}

extension SynapseLayout {
  /// The event that a spike causes at each synapse.
  fileprivate var operation: EventKind {
    switch self {
    case .dense: .synapticOperation
    case .sparse: .sparseOperation
    case .convolution, .oneToOne: .convolutionOperation
    }
  }
}
