import CompiledModel

/// Weights and state of one layer, as flat arrays for the kernels.
struct LayerState: Sendable {
  let neurons: NeuronProgram
  let plasticity: PlasticityProgram?
  let bounds: ClosedRange<Int16>
  let size: Int
  let sourceSize: Int
  let phase: Int
  let shares: [CoreShare]
  /// Whether the layer before holds these weights mirrored.
  let isMirrored: Bool

  /// Inference weights, row-major `[source][target]`.
  var weights: [Int8]
  /// Learning weights in the same order; empty for a fixed layer.
  var learningWeights: [Int16]

  var potentials: [Int32]
  var refractoryLeft: [Int32]
  var inputs: [Int32]
  var narrowInputs: [Int16]
  var spikes: [Int32] = []
  var spikeCount = 0

  var psi: [Int32]
  var psiTrace: [Int32]
  var preTrace: [Int32]
  /// Sources with a trace, in the order of their first spike.
  var traced: [Int32] = []
  var isTraced: [Bool]
  var signals: [Int32]
  var postSignals: [Int32]
  var sums: [Int32]
  var postTrace: [Int32]

  init(_ layer: CompiledLayer, shares: [CoreShare], isMirrored: Bool) {
    let connection = layer.connection
    neurons = layer.neurons
    plasticity = connection.plasticity
    size = layer.size
    sourceSize = connection.sourceSize
    phase = layer.phase
    self.shares = shares
    self.isMirrored = isMirrored
    weights = connection.inferenceWeights
    if case .plastic(let learning, _, let bounds) = connection.weights {
      learningWeights = learning
      self.bounds = bounds
    } else {
      learningWeights = []
      bounds = 0...0
    }
    potentials = Self.zeros(size)
    refractoryLeft = Self.zeros(size)
    inputs = Self.zeros(size)
    narrowInputs = [Int16](repeating: 0, count: size)
    var isThreeFactor = false
    if case .threeFactor = connection.plasticity { isThreeFactor = true }
    let learns = connection.plasticity != nil
    psi = Self.zeros(isThreeFactor ? size : 0)
    psiTrace = Self.zeros(isThreeFactor ? size : 0)
    signals = Self.zeros(isThreeFactor ? size : 0)
    postSignals = Self.zeros(isThreeFactor ? size : 0)
    sums = Self.zeros(isThreeFactor ? size * sourceSize : 0)
    preTrace = Self.zeros(learns ? sourceSize : 0)
    postTrace = Self.zeros(learns ? size : 0)
    isTraced = [Bool](repeating: false, count: learns ? sourceSize : 0)
  }

  /// Puts the state at rest for the next sample.
  mutating func rest() {
    for index in 0..<size {
      potentials[index] = 0
      refractoryLeft[index] = 0
    }
    spikeCount = 0
    for index in psiTrace.indices { psiTrace[index] = 0 }
    for index in postTrace.indices { postTrace[index] = 0 }
    for source in traced {
      preTrace[Int(source)] = 0
      isTraced[Int(source)] = false
    }
    traced.removeAll(keepingCapacity: true)
  }

  private static func zeros(_ count: Int) -> [Int32] { [Int32](repeating: 0, count: count) }
}
