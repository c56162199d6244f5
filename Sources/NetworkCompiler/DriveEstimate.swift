import CompiledModel
import SpikingNetwork

/// What the sources of a layer are expected to add to its neurons in one step, in the network's
/// units: mean and variance of independent spikes at the measured rates, or at the assumed one.
struct DriveEstimate {
  /// By neuron, or by channel for all neurons j of channel `j % count`.
  private(set) var mean: [Double]
  private(set) var variance: [Double]

  /// `neurons` counts the layer's.
  init(_ edges: [EdgeWeights], resistance: Double, neurons: Int, steps: Int) {
    mean = [Double](repeating: 0, count: neurons)
    variance = mean
    for edge in edges {
      let groups = Self.groups(of: edge.weights)
      var sums = [Double](repeating: 0, count: groups)
      var squares = sums
      let even = SpikeRates.assumed * Double(edge.window * edge.window)
      let share = 1 / Double(steps)
      edge.weights.forEach { source, target, _, weight in
        let rate = edge.rates.map { Double($0[source]) * share } ?? even
        let value = Double(weight) * resistance
        sums[target] += value * rate
        squares[target] += value * value * rate * max(0, 1 - rate)
      }
      for neuron in 0..<neurons {
        mean[neuron] += sums[neuron % groups]
        variance[neuron] += squares[neuron % groups]
      }
    }
  }

  /// Weights of a convolution and of one to one belong to channels.
  private static func groups(of weights: ProjectionWeights) -> Int {
    switch weights.connectivity {
    case .dense, .sparse: weights.targets
    case .convolution: weights.channels.output
    case .oneToOne: 1
    }
  }

  /// Sum and sum of squares of the response to one spike over the steps of a sample.
  static func gains(
    decay: Double, currentDecay: Double?, steps: Int
  ) -> (sum: Double, squares: Double) {
    var potential = 0.0
    var current = 1.0
    var sum = 0.0
    var squares = 0.0
    for step in 0..<steps {
      let input = currentDecay == nil ? (step == 0 ? 1 : 0) : current
      potential = potential * decay + input
      if let currentDecay { current *= currentDecay }
      sum += potential
      squares += potential * potential
    }
    return (sum, squares)
  }
}
