package import CompiledModel

extension Chip {
  /// What of the chip can cause events of a kind, in the words of its file; nil where nothing can.
  ///
  /// A chip file has a price for each kind that has a cause.
  package func cause(of kind: EventKind) -> String? {
    switch kind {
    case .neuronAccess, .neuronUpdate, .message, .step:
      return "every model causes it"
    case .spike:
      return features.neurons.first { $0 != .readout }.map(cause)
    case .hopHorizontal:
      return columns > 1 ? "`mesh.columns` is above 1" : nil
    case .hopVertical:
      return rows > 1 ? "`mesh.rows` is above 1" : nil
    case .synapticOperation:
      return cause(.dense)
    case .sparseOperation:
      return cause(.sparse)
    case .convolutionOperation:
      return cause(.convolution)
    case .columnConversion:
      return arithmetic.columnConverter.map { _ in "`arithmetic.columnRows` is given" }
    case .errorMessage:
      return features.rules.first { $0 == .threeFactor || $0 == .sumOfProducts }.map(cause)
    case .feedbackOperation:
      return features.rules.first { $0 == .threeFactor }.map(cause)
    case .traceUpdate, .learningOperation, .weightRead, .weightWrite:
      return features.rules.first.map(cause)
    }
  }

  private func cause(_ neuron: ChipFeatures.Neuron) -> String {
    "`features.neurons` has `\(neuron.rawValue)`"
  }

  private func cause(_ layout: ChipFeatures.Layout) -> String? {
    features.layouts.contains(layout) ? "`features.layouts` has `\(layout.rawValue)`" : nil
  }

  private func cause(_ rule: ChipFeatures.Rule) -> String {
    "`features.rules` has `\(rule.rawValue)`"
  }
}
