import NetworkTraining
import SpikingNetwork
import Testing

/// Who reaches whom, by the sums that arrive at integrators without memory.
@Suite struct ConnectivityTests {
  /// Sums at the neurons of `target` after one step with these spikes.
  private func sums(
    from source: FeatureShape, to target: FeatureShape, spikes: [Int32], pooling: Int = 1,
    _ connectivity: Connectivity
  ) throws -> [Double] {
    let network = SimulatorFixture.network(
      steps: 1,
      [
        Population(name: "input", shape: source, model: .input),
        Population(name: "output", shape: target, model: SimulatorFixture.adder),
      ],
      [
        Projection(
          source: "input", target: "output", connectivity: connectivity, pooling: pooling)
      ])
    return try NetworkSimulator(network).run(
      SpikeTrains(sources: source.size, steps: [spikes])
    ).scores
  }

  private func line(_ size: Int) -> FeatureShape {
    FeatureShape(height: 1, width: 1, channels: size)
  }

  /// Every third neuron or so, and different ones for each seed.
  private func spikes(of shape: FeatureShape, seed: UInt64) -> [Int32] {
    let stream = CounterRandom(seed: seed, purpose: .training).stream(5)
    return (0..<Int32(shape.size)).filter { CounterRandom.draw(stream, UInt64($0)) % 3 == 0 }
  }

  /// Whole numbers, so that sums are exact in any order.
  private func weights(_ count: Int, seed: UInt64) -> [Float] {
    let stream = CounterRandom(seed: seed, purpose: .training).stream(6)
    return (0..<count).map { Float(CounterRandom.draw(stream, UInt64($0)) % 201) - 100 }
  }

  @Test func `dense weights lie by target`() throws {
    #expect(
      try sums(from: line(3), to: line(2), spikes: [0, 2], .dense(weights: [1, 2, 4, 8, 16, 32]))
        == [5, 40])
  }

  @Test func `sparse weights lie by source`() throws {
    let sparse = SparseWeights(
      rowStarts: [0, 2, 2, 4], targets: [0, 2, 1, 2], weights: [1, 2, 4, 8])
    #expect(
      try sums(from: line(3), to: line(4), spikes: [0, 1, 2], .sparse(sparse)) == [1, 4, 10, 0])
    #expect(try sums(from: line(3), to: line(4), spikes: [2], .sparse(sparse)) == [0, 4, 8, 0])
  }

  @Test func `one to one keeps the number`() throws {
    #expect(
      try sums(from: line(4), to: line(4), spikes: [1, 3], .oneToOne(weight: 0.5))
        == [0, 0.5, 0, 0.5])
  }

  @Test func `windows sum their spikes and drop what is left over`() throws {
    let plane = FeatureShape(height: 3, width: 5, channels: 2)
    let pooled = FeatureShape(height: 1, width: 2, channels: 2)
    // Places (0,0), (0,1) and (1,1) of channel 0, (1,3) of channel 1; (0,4) and (2,0) lie outside.
    let spikes: [Int32] = [0, 2, 8, 12, 17, 20]
    #expect(
      try sums(from: plane, to: pooled, spikes: spikes, pooling: 2, .oneToOne(weight: 1))
        == [3, 0, 0, 1])
  }

  @Test(arguments: [(3, 3, 1, 1), (3, 2, 1, 0), (2, 3, 2, 1), (1, 4, 3, 3), (5, 5, 2, 2)])
  func `a convolution is the sum that its description gives`(
    _ kernel: (height: Int, width: Int, stride: Int, padding: Int)
  ) throws {
    for (seed, pooling) in [(1, 1), (2, 1), (3, 2), (4, 2)] as [(UInt64, Int)] {
      let plane = FeatureShape(height: 9 * pooling, width: 7 * pooling, channels: 2)
      let source = plane.pooled(by: pooling)
      var convolution = Convolution(
        kernelHeight: kernel.height, kernelWidth: kernel.width, stride: kernel.stride,
        padding: kernel.padding, weights: [])
      convolution.weights = weights(3 * 2 * kernel.height * kernel.width, seed: seed)
      let target = try #require(convolution.output(of: source, channels: 3))
      let spikes = spikes(of: plane, seed: seed)
      let arrived = try sums(
        from: plane, to: target, spikes: spikes, pooling: pooling, .convolution(convolution))
      let expected = plainSums(convolution, source, target) { y, x, channel in
        spikes.count {
          let place = Int($0) / 2
          let (row, column) = (place / plane.width, place % plane.width)
          return Int($0) % 2 == channel && row / pooling == y && column / pooling == x
        }
      }
      #expect(arrived == expected)
      #expect(Set(arrived).count > 3)
    }
  }

  /// Target (y, x, o) by target, straight from the documentation of `Convolution`.
  private func plainSums(
    _ convolution: Convolution, _ source: FeatureShape, _ target: FeatureShape,
    spikes: (Int, Int, Int) -> Int
  ) -> [Double] {
    var sums: [Double] = []
    for y in 0..<target.height {
      for x in 0..<target.width {
        for o in 0..<target.channels {
          var sum = 0.0
          for i in 0..<source.channels {
            for ky in 0..<convolution.kernelHeight {
              for kx in 0..<convolution.kernelWidth {
                let sy = y * convolution.stride + ky - convolution.padding
                let sx = x * convolution.stride + kx - convolution.padding
                guard (0..<source.height).contains(sy), (0..<source.width).contains(sx) else {
                  continue
                }
                let index =
                  ((o * source.channels + i) * convolution.kernelHeight + ky)
                  * convolution.kernelWidth + kx
                sum += Double(spikes(sy, sx, i)) * Double(convolution.weights[index])
              }
            }
          }
          sums.append(sum)
        }
      }
    }
    return sums
  }
}
