import CompiledModel
import NetworkCompiler
import SpikingNetwork
import Workbench

/// Seeded networks of the cases, compiled for shipped chips.
enum BenchModels {
  /// 5 % of a byte: each channel spikes in one of twenty steps.
  static func uniform(_ channels: Int) -> [UInt8] { [UInt8](repeating: 13, count: channels) }

  /// 784-N-10 LIF with beta 0.9, threshold 1 and soft reset, 100 steps, hidden rate about 2 %.
  static func dense(
    hidden: Int, chip: String, precision: WeightPrecision = .int8, _ context: BenchContext
  ) throws -> CompiledModel {
    try compiled(denseNetwork(hidden: hidden, precision: precision), chip: chip, context)
  }

  /// The same on `generic` with cores of another size and with all the memory that they need.
  static func dense(
    hidden: Int, neuronsPerCore: Int, _ context: BenchContext
  ) throws -> CompiledModel {
    var chip = try ChipFile.chip(contentsOf: "\(context.chips)/generic.yaml")
    chip.core.neurons = neuronsPerCore
    chip.core.synapseMemoryBytes = 1 << 26
    return try NetworkCompiler.compile(denseNetwork(hidden: hidden), for: chip).model
  }

  private static func denseNetwork(
    hidden: Int, precision: WeightPrecision = .int8
  ) -> SpikingNetwork {
    var network = network(steps: 100)
    network.populations = [
      Population(name: "input", size: 784, model: .input),
      Population(name: "hidden", size: hidden, model: .lif(lif)),
      Population(name: "output", size: 10, model: .lif(lif)),
    ]
    network.projections = [
      projection("input", "hidden", 784, hidden, deviation: 0.041, stream: 0),
      projection("hidden", "output", hidden, 10, deviation: 0.1, stream: 1),
    ]
    for index in network.projections.indices {
      network.projections[index].precision = precision
      if precision == .binary {
        let scale: Float = index == 0 ? 0.033 : 0.1
        network.projections[index].weights = network.projections[index].weights.map {
          $0 < 0 ? -scale : scale
        }
      }
    }
    return network
  }

  /// 28 x 28, 16 and 32 channels of 3 x 3, sums over 2 x 2, ten outputs.
  static func convolution(_ context: BenchContext) throws -> CompiledModel {
    let first = FeatureShape(height: 28, width: 28, channels: 16)
    let second = FeatureShape(height: 14, width: 14, channels: 32)
    var network = network(steps: 20)
    network.populations = [
      Population(
        name: "input", shape: FeatureShape(height: 28, width: 28, channels: 1), model: .input),
      Population(name: "conv1", shape: first, model: .lif(lif)),
      Population(name: "conv2", shape: second, model: .lif(lif)),
      Population(name: "output", size: 10, model: .lif(lif)),
    ]
    network.projections = [
      Projection(
        source: "input", target: "conv1",
        connectivity: .convolution(kernel(16, 1, deviation: 0.75, stream: 0))),
      Projection(
        source: "conv1", target: "conv2",
        connectivity: .convolution(kernel(32, 16, deviation: 0.085, stream: 1)), pooling: 2),
      Projection(
        source: "conv2", target: "output",
        connectivity: .dense(
          weights: InitialWeights.normal(
            count: 7 * 7 * 32 * 10, standardDeviation: 0.03, seed: 1, stream: 2)),
        pooling: 2),
    ]
    return try compiled(network, chip: "generic", context)
  }

  /// 784 inputs, 256 recurrent LIF, ten outputs, 100 steps.
  static func recurrent(_ context: BenchContext) throws -> CompiledModel {
    var network = network(steps: 100)
    network.populations = [
      Population(name: "input", size: 784, model: .input),
      Population(name: "hidden", size: 256, model: .lif(lif)),
      Population(name: "output", size: 10, model: .lif(lif)),
    ]
    var loop = projection("hidden", "hidden", 256, 256, deviation: 0.05, stream: 1)
    loop.delay = 1
    network.projections = [
      projection("input", "hidden", 784, 256, deviation: 0.041, stream: 0), loop,
      projection("hidden", "output", 256, 10, deviation: 0.1, stream: 2),
    ]
    return try compiled(network, chip: "generic", context)
  }

  static let lif = LIFParameters(tauMem: tau, vThreshold: 1, reset: .soft)

  /// Decay of 0.9 for a step of 1 ms.
  static let tau = 0.001 / -NaturalExponential.logarithm(0.9)

  static func network(steps: Int) -> SpikingNetwork {
    SpikingNetwork(
      name: "bench", timeStep: 0.001, steps: steps, encoder: .bernoulli(seed: 1), populations: [],
      projections: [])
  }

  static func projection(
    _ source: String, _ target: String, _ sources: Int, _ targets: Int, deviation: Double,
    stream: UInt64, plasticity: PlasticityRule? = nil
  ) -> Projection {
    Projection(
      source: source, target: target,
      weights: InitialWeights.normal(
        count: sources * targets, standardDeviation: deviation, seed: 1, stream: stream),
      plasticity: plasticity)
  }

  static func compiled(
    _ network: SpikingNetwork, chip: String, _ context: BenchContext
  ) throws -> CompiledModel {
    let chip = try ChipFile.chip(contentsOf: "\(context.chips)/\(chip).yaml")
    return try NetworkCompiler.compile(network, for: chip).model
  }

  private static func kernel(
    _ outputs: Int, _ inputs: Int, deviation: Double, stream: UInt64
  ) -> Convolution {
    Convolution(
      kernelHeight: 3, kernelWidth: 3, padding: 1,
      weights: InitialWeights.normal(
        count: outputs * inputs * 9, standardDeviation: deviation, seed: 1, stream: stream))
  }
}
