/// Averages prototypes after each node's neurons were matched to those of a reference.
package enum PrototypeAlignment {
  /// The ranges that merged values keep to.
  package struct Bounds: Sendable, Equatable {
    /// Of weights.
    package var weights: ClosedRange<Int16>
    /// Of thresholds and histograms.
    package var counts: ClosedRange<Int16>

    /// Ranges as they are given; counts are not negative unless said otherwise.
    package init(weights: ClosedRange<Int16>, counts: ClosedRange<Int16> = 0...Int16.max) {
      self.weights = weights
      self.counts = counts
    }
  }

  /// For each neuron of the reference, the neuron of `layer` that stands for the same.
  ///
  /// The sum of the cosines of paired receptive fields is the largest there is.
  package static func order(of layer: PrototypeLayer, to reference: PrototypeLayer) -> [Int] {
    let count = reference.neurons
    precondition(
      layer.neurons == count && layer.inputs == reference.inputs,
      "\(layer.inputs) by \(layer.neurons) aligned to \(reference.inputs) by \(count)")
    let fields = ReceptiveFields([reference, layer])
    var costs: [Int64] = []
    costs.reserveCapacity(count * count)
    for neuron in 0..<count {
      for other in 0..<count {
        costs.append(ReceptiveFields.one - fields.cosine(neuron, count + other))
      }
    }
    return Assignment.columns(costs: costs, count: count)
  }

  /// The mean of aligned layers, weighted by samples; thresholds and histograms move along.
  ///
  /// - Parameters:
  ///   - reference: what neurons are matched to; the base where it has prototypes already, else
  ///     the first node's layer.
  ///   - updates: the nodes' layers as they are after training, in node order.
  package static func merge(
    reference: PrototypeLayer, updates: [(samples: UInt32, layer: PrototypeLayer)], bounds: Bounds
  ) throws(AggregationError) -> PrototypeLayer {
    let values = { (layer: PrototypeLayer) in [layer.weights, layer.thresholds, layer.histogram] }
    let base = values(reference)
    var deltas: [(samples: UInt32, deltas: [[Int32]])] = []
    for (samples, layer) in updates {
      let aligned = values(layer.reordered(order(of: layer, to: reference)))
      deltas.append(
        (
          samples,
          zip(aligned, base).map { zip($0, $1).map { Int32($0) - Int32($1) } }
        ))
    }
    let merged = try FederatedAverage.merge(
      base: base, updates: deltas, bounds: [bounds.weights, bounds.counts, bounds.counts])
    return PrototypeLayer(
      inputs: reference.inputs, neurons: reference.neurons, weights: merged[0],
      thresholds: merged[1], histogram: merged[2])
  }
}
