import CompiledModel
import Foundation
import NetworkCompiler
import SpikingNetwork
import Workbench

/// A network and a data set small enough to learn in milliseconds.
enum SmallModel {
  /// Ten blurred random patterns with noise: a stand-in for a sensor, seeded.
  static func samples(
    count: Int, channels: Int, classes: Int, seed: UInt64, firstID: UInt64
  ) -> LabelledSamples {
    let random = CounterRandom(seed: seed, purpose: .training)
    var samples = LabelledSamples(channels: channels)
    for index in 0..<count {
      let id = firstID + UInt64(index)
      let label = index % classes
      let prototype = random.stream(1_000_000 + UInt64(label))
      let noise = random.stream(2_000_000 + id)
      let intensities = (0..<channels).map { channel -> UInt8 in
        let isOn = CounterRandom.draw(prototype, UInt64(channel)) & 3 == 0
        let flip = CounterRandom.draw(noise, UInt64(channel)) % 20 == 0
        return isOn != flip ? 220 : 10
      }
      samples.append(LabelledSample(intensities: intensities, label: label, id: id))
    }
    return samples
  }

  /// Untrained weights with plasticity in both layers, compiled for the demo's chip.
  static func compile(
    channels: Int, hidden: Int, classes: Int, seed: UInt64
  ) throws -> CompiledModel {
    let step = 0.001
    let tau = NaturalExponential.timeConstant(decay: 0.9, timeStep: step)
    let rule = PlasticityRule.threeFactor(ThreeFactorRule(learningRate: 0.005))
    let network = SpikingNetwork(
      name: "small", timeStep: step, steps: 10, encoder: .bernoulli(seed: 7),
      populations: [
        Population(name: "input", size: channels, model: .input),
        Population(name: "hidden", size: hidden, model: .lif(LIFParameters(tauMem: tau))),
        Population(
          name: "readout", size: classes,
          model: .leakyIntegrator(LeakyIntegratorParameters(tauMem: tau))),
      ],
      projections: [
        Projection(
          source: "input", target: "hidden",
          weights: InitialWeights.normal(
            count: channels * hidden, standardDeviation: 0.15, seed: seed, stream: 0),
          plasticity: rule),
        Projection(
          source: "hidden", target: "readout",
          weights: InitialWeights.normal(
            count: hidden * classes, standardDeviation: 0.1, seed: seed, stream: 1),
          plasticity: rule),
      ])
    let chip = try ChipFile.read(packageFile("fleet-configs/chips/loihi-learn.yaml"))
    return try NetworkCompiler.compile(network, for: chip).model
  }

  static func packageFile(_ path: String) -> String {
    URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: path).path
  }
}
