import Foundation
import SpikingNetwork
import Testing

/// Encoders follow their definitions, and their descriptions are read and refused by name.
@Suite struct SampleEncoderTests {
  private func network(_ encoder: SpikeEncoder, inputs: Int = 4) -> SpikingNetwork {
    SpikingNetwork(
      name: "encoded", timeStep: 0.001, steps: 5, encoder: encoder,
      populations: [Population(name: "input", size: inputs, model: .input)], projections: [])
  }

  @Test func `rates are probabilities of a step`() throws {
    let half = try #require(
      SpikeEncoder.bernoulli(seed: 1, maxProbability: 0.5).levels(timeStep: 1))
    #expect(half[0] == 0 && half[255] == 32768 && half[51] == 6554)
    let rate = SpikeEncoder.bernoulli(seed: 1, maxRate: 500)
    #expect(rate.levels(timeStep: 0.001) == half)
    let poisson = try #require(
      SpikeEncoder.poisson(seed: 1, maxRate: 1000).levels(timeStep: 0.001))
    // 1 - 1/e of 65535.
    #expect(poisson[0] == 0 && poisson[255] == 41426)
    #expect(SpikeEncoder.bernoulli(seed: 1).levels(timeStep: 0.1) == BernoulliEncoder.plainLevels)
  }

  @Test func `latency spikes once, the stronger the earlier, and never for silence`() {
    let encoder = SampleEncoder(.latency, steps: 5)
    #expect(encoder.spikes(of: [0, 255, 128, 1, 204], sample: 1) == [[1], [4], [2], [], [3]])
  }

  @Test func `level crossings tell rises and falls since the last spike`() {
    let encoder = SampleEncoder(.levelCrossing(threshold: 10), steps: 5)
    let levels: [UInt8] = [100, 50, 109, 41, 110, 40, 119, 60, 99, 60]
    #expect(encoder.spikes(of: levels, sample: 1) == [[], [], [0, 3], [2], [1]])
  }

  @Test func `an old description and a new one are read`() throws {
    let old = try JSONDecoder().decode(
      SpikeEncoder.self, from: Data(#"{"bernoulli": {"seed": 3}}"#.utf8))
    #expect(old == .bernoulli(seed: 3))
    #expect(try JSONEncoder().encode(old) == Data(#"{"bernoulli":{"seed":3}}"#.utf8))
    let new = try JSONDecoder().decode(
      SpikeEncoder.self, from: Data(#"{"poisson": {"seed": 3, "maxRate": 64}}"#.utf8))
    #expect(new == .poisson(seed: 3, maxRate: 64))
  }

  @Test(arguments: [
    (SpikeEncoder.bernoulli(seed: 1, maxProbability: 0.5, maxRate: 3), "beside maxProbability"),
    (.bernoulli(seed: 1, maxProbability: 1.5), "1.5"),
    (.bernoulli(seed: 1, maxRate: 1001), "1.001"),
    (.poisson(seed: 1, maxRate: 0), "0.0"), (.levelCrossing(threshold: 256), "256"),
  ])
  func `an encoder out of range is refused by name`(encoder: SpikeEncoder, found: String) {
    let error = #expect(throws: NetworkError.self) { try network(encoder).validate() }
    #expect(error?.field.hasPrefix("encoder.") == true)
    #expect(error?.found.contains(found) == true)
  }

  @Test func `levels need two inputs for each channel`() {
    let error = #expect(throws: NetworkError.self) {
      try network(.levelCrossing(threshold: 3), inputs: 5).validate()
    }
    #expect(error?.field == "populations")
    #expect(network(.levelCrossing(threshold: 3)).sampleSize == 10)
  }
}
