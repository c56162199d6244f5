internal import Accelerator
internal import CompiledModel
internal import SpikingNetwork

/// A chip of this machine against a trace that was computed by hand from `docs/CHIP.md`.
///
/// Two leaky neurons with soft resets over three steps: 6 and -3; then 3 + 14 = 17 and
/// -1 + 97 = 96, both fire; then 3 and 43, which fires.
package enum ChipSelfTest {
  /// Runs the trace on the fast kernels and on the plain chip; says what was compared.
  package static func run() throws(ChipSelfTestError) -> String {
    let model = model
    var fast = Accelerator(model)
    var plain = ReferenceAccelerator(model)
    let input = SpikeTrains(sources: 2, steps: [[0], [0, 1], []])
    let expected = Inference(scores: [1, 2, 0], inputSpikes: 3, layerSpikes: [3])
    for (name, found, counts) in [
      ("the kernels", fast.infer(input), fast.inferenceCounts),
      ("the plain chip", plain.infer(input), plain.inferenceCounts),
    ] {
      guard found == expected, counts[EventKind.synapticOperation.rawValue] == 9 else {
        throw ChipSelfTestError(detail: "\(name) gave \(found), expected \(expected)")
      }
    }
    return "golden trace of 3 steps, kernels and plain chip agree"
  }

  private static var model: CompiledModel {
    var prices: [EventKind: Price] = [:]
    var times: [EventKind: UInt32] = [:]
    for kind in EventKind.allCases {
      prices[kind] = Price(picojoules: 1, source: "self-test", grade: .assumed)
      times[kind] = 1
    }
    let membrane = MembraneProgram(decay: 2_048, currentDecay: nil, bias: NeuronValues(0))
    let neurons = NeuronProgram.spiking(
      SpikingProgram(
        membrane: membrane, threshold: NeuronValues(10), reset: .soft,
        resetPotential: NeuronValues(0), refractorySteps: 0, adaptation: nil,
        pseudoDerivative: nil))
    let connection = CompiledConnection(
      source: nil, sourceSize: 2, pooling: nil, layout: .dense, delay: 0, shift: 0,
      precision: .int8, weights: .fixed([6, -3, 0, 8, 100, 0]))
    return CompiledModel(
      name: "self-test", chip: "any", steps: 3, inputs: 2, input: .bernoulli(seed: 1),
      port: .init(column: 0, row: 0),
      arithmetic: StateArithmetic(
        potentialBits: 8, currentBits: 16, currentOverflow: .saturate, inputShift: 0,
        learningWeightBits: 16),
      layers: [
        CompiledLayer(
          name: "output", neurons: neurons, size: 3, exponent: 0, connections: [connection],
          phase: 1, teacher: nil)
      ],
      cores: [PlacedCore(layer: 0, firstNeuron: 0, neuronCount: 3, column: 1, row: 0)],
      prices: PriceTable(name: "self-test", prices: prices),
      timing: TimingTable(
        picoseconds: times, axonInPicoseconds: 1,
        barriers: [.init(tiles: 2, picoseconds: 1)]))
  }
}

/// A chip that computes other than its definition says.
package struct ChipSelfTestError: Error, Sendable, CustomStringConvertible {
  let detail: String

  package var description: String {
    "\(detail); nothing this node reports can be believed: replace the build or the hardware"
  }
}
