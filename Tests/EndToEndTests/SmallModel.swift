import CompiledModel
import Foundation
import NetworkCompiler
import NetworkTraining
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
    let template = NetworkTemplate(
      name: "small", inputs: channels, hidden: [hidden], classes: classes, hiddenDeviation: 0.15,
      outputDeviation: 0.1, encoderSeed: 7, weightSeed: seed,
      plasticity: .threeFactor(ThreeFactorRule(learningRate: 0.005)))
    let network = try template.network()
    let chip = try ChipFile.chip(contentsOf: packageFile("fleet-configs/chips/loihi-learn.yaml"))
    return try NetworkCompiler.compile(network, for: chip).model
  }

  static func packageFile(_ path: String) -> String {
    URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: path).path
  }
}
