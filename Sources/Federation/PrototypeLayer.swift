/// A layer whose neurons each stand for what they were shown, with all that belongs to a neuron.
package struct PrototypeLayer: Sendable, Equatable {
  /// Inputs of each neuron.
  package let inputs: Int
  /// Neurons.
  package let neurons: Int
  /// Learning weights, row-major `[input][neuron]`.
  package let weights: [Int16]
  /// Rises of thresholds, one for each neuron; empty where thresholds stay.
  package let thresholds: [Int16]
  /// Spikes by class, `[neuron][class]`; empty where neurons have no classes.
  package let histogram: [Int16]

  /// A layer whose arrays have the lengths that `inputs` and `neurons` ask for.
  package init(
    inputs: Int, neurons: Int, weights: [Int16], thresholds: [Int16] = [], histogram: [Int16] = []
  ) {
    precondition(
      inputs > 0 && neurons > 0 && weights.count == inputs * neurons,
      "\(weights.count) weights of \(inputs) inputs and \(neurons) neurons")
    precondition(
      thresholds.isEmpty || thresholds.count == neurons,
      "\(thresholds.count) thresholds of \(neurons) neurons")
    precondition(
      histogram.count % neurons == 0, "a histogram of \(histogram.count) for \(neurons) neurons")
    self.inputs = inputs
    self.neurons = neurons
    self.weights = weights
    self.thresholds = thresholds
    self.histogram = histogram
  }

  /// Classes in the histogram, 0 where there is none.
  package var classes: Int { histogram.count / neurons }

  /// How much a neuron was used: spikes in its histogram, else the rise of its threshold, else 0.
  package func usage(of neuron: Int) -> Int {
    guard histogram.isEmpty else {
      return histogram[neuron * classes..<(neuron + 1) * classes].reduce(0) { $0 + Int($1) }
    }
    return thresholds.isEmpty ? 0 : Int(thresholds[neuron])
  }

  /// The layer whose neuron j is neuron `order[j]` of this one, with threshold and histogram.
  package func reordered(_ order: [Int]) -> PrototypeLayer {
    PrototypeLayer(taking: order.map { (self, $0) })
  }

  /// A layer of neurons of some layers of one shape, at least one.
  init(taking neurons: [(layer: PrototypeLayer, neuron: Int)]) {
    let shape = neurons[0].layer
    var weights: [Int16] = []
    weights.reserveCapacity(shape.inputs * neurons.count)
    for input in 0..<shape.inputs {
      for (layer, neuron) in neurons {
        weights.append(layer.weights[input * layer.neurons + neuron])
      }
    }
    self.init(
      inputs: shape.inputs, neurons: neurons.count, weights: weights,
      thresholds: shape.thresholds.isEmpty
        ? [] : neurons.map { $0.layer.thresholds[$0.neuron] },
      histogram: neurons.flatMap { layer, neuron in
        layer.histogram[neuron * layer.classes..<(neuron + 1) * layer.classes]
      })
  }
}

/// The receptive fields of some neurons, to be compared.
struct ReceptiveFields {
  /// A cosine of 1.
  static let one: Int64 = 1 << 30

  private let inputs: Int
  /// `[neuron][input]`.
  private var columns: [Int16] = []
  private var norms: [Double] = []

  init(_ layers: [PrototypeLayer]) {
    inputs = layers.first?.inputs ?? 0
    for layer in layers {
      for neuron in 0..<layer.neurons {
        let first = columns.count
        for input in 0..<inputs { columns.append(layer.weights[input * layer.neurons + neuron]) }
        let square = Self.product(columns[first...], columns[first...])
        norms.append(Double(square).squareRoot())
      }
    }
  }

  /// The cosine of two fields in 2^-30, rounded; 0 where either is all zero.
  ///
  /// The product of weights is exact, so that equal fields have equal cosines.
  func cosine(_ a: Int, _ b: Int) -> Int64 {
    guard norms[a] > 0, norms[b] > 0 else { return 0 }
    let product = Self.product(
      columns[a * inputs..<(a + 1) * inputs], columns[b * inputs..<(b + 1) * inputs])
    let cosine = Double(product) / (norms[a] * norms[b])
    return Int64((cosine * Double(Self.one)).rounded(.toNearestOrEven))
  }

  private static func product(_ a: ArraySlice<Int16>, _ b: ArraySlice<Int16>) -> Int64 {
    a.withUnsafeBufferPointer { a in
      b.withUnsafeBufferPointer { b in
        var sum: Int64 = 0
        for index in a.indices { sum &+= Int64(Int32(a[index]) &* Int32(b[index])) }
        return sum
      }
    }
  }
}
