import CompiledModel
import NetworkCompiler
import SpikingNetwork
import Testing

/// Units of weights: exponents, scales of neurons and channels, few bits.
@Suite struct QuantisationTests {
  private func compiled(
    _ network: SpikingNetwork, perChannel: Bool = true, rates: SpikeRates? = nil
  ) throws -> Compilation {
    try compile(
      network, for: CompilerFixture.roomyChip,
      options: CompilerOptions(rates: rates, perChannel: perChannel, roundingLossCorrection: false))
  }

  /// What the chip's weights stand for, in thresholds of their neuron.
  private func shares(_ model: CompiledModel) throws -> [[Double]] {
    let layer = model.layers[0]
    let threshold = try #require(model.spiking(0)).threshold
    let weights = layer.connections[0].inferenceWeights
    let fine = Double(1 << (6 + layer.connections[0].shift))
    return (0..<layer.size).map { target in
      stride(from: target, to: weights.count, by: layer.size).map {
        Double(weights[$0]) * fine / Double(threshold[target])
      }
    }
  }

  /// Thresholds in units of weights.
  private func thresholds(_ model: CompiledModel) throws -> [Double] {
    let fine = Double(1 << (6 + model.layers[0].connections[0].shift))
    return try #require(model.spiking(0)).threshold.values.map { Double($0) / fine }
  }

  @Test func `scales of neurons use the range of each, up to rounding`() throws {
    var weights = CompilerFixture.normal(64)
    for source in 0..<16 { weights[16 + source] *= 10 }
    let network = CompilerFixture.single(CompilerFixture.lif(), weights: weights)
    let scaled = try compiled(network)
    let plain = try compiled(network, perChannel: false)
    #expect(scaled.layers[0].isPerChannel)
    #expect(!plain.layers[0].isPerChannel)
    #expect(scaled.layers[0].roundingError < plain.layers[0].roundingError / 1.5)
    #expect(Set(try thresholds(scaled.model)).count == 4)
    for (target, shares) in try shares(scaled.model).enumerated() {
      let row = weights[target * 16..<target * 16 + 16]
      let unit = Double(row.map(abs).max() ?? 0) / 127
      for (found, wanted) in zip(shares, row) {
        #expect(abs(found - Double(wanted)) <= unit * 0.51)
      }
      #expect(shares.contains { abs($0) > 100 * unit })
    }
  }

  @Test func `one outlier is cut where that costs less than what all others gain`() throws {
    var weights = (0..<64).map { Float($0 % 2 == 0 ? 0.4 : -0.3) * Float($0 + 64) / 128 }
    weights[5] = 0.6
    func exponent(_ outlier: Float) throws -> Int {
      weights[5] = outlier
      return try compiled(
        CompilerFixture.single(
          CompilerFixture.lif(), weights: weights, precision: .int4), perChannel: false
      ).layers[0].exponent
    }
    // Seven units of 1/16 hold 0.43.
    #expect(try exponent(0.3) == -4)
    #expect(try exponent(0.5) == -4)
    #expect(try exponent(1.7) == -2)
  }

  @Test func `errors count by the rates of their sources`() throws {
    var weights = (0..<64).map { Float($0 % 3) * 0.1 - 0.1 }
    // Source 0 has weights of nearly one, all others of up to a tenth.
    for target in 0..<4 { weights[target * 16] = 0.9 }
    let network = CompilerFixture.single(
      CompilerFixture.lif(), weights: weights, precision: .int4)
    func exponent(_ rates: SpikeRates?) throws -> Int {
      try compiled(network, perChannel: false, rates: rates).layers[0].exponent
    }
    var silent = [Float](repeating: 1, count: 16)
    silent[0] = 0
    #expect(try exponent(nil) == -3)
    #expect(try exponent(SpikeRates(spikes: ["input": [3]])) == -3)
    #expect(try exponent(SpikeRates(spikes: ["input": silent])) == -5)
  }

  @Test func `int4 keeps seven units and half of the bytes`() throws {
    let network = CompilerFixture.single(CompilerFixture.lif(), precision: .int4)
    let compilation = try compiled(network)
    let connection = compilation.model.layers[0].connections[0]
    #expect(connection.precision == .int4)
    #expect(connection.inferenceWeights.allSatisfy { abs($0) <= 7 })
    #expect(connection.inferenceWeights.contains { abs($0) == 7 })
    #expect(compilation.cores[0].synapseMemoryBytes == 32)
    let coarse = try compiled(network, perChannel: false)
    #expect(compilation.layers[0].roundingError < coarse.layers[0].roundingError)
  }

  @Test func `binary weights are signs, their scale goes into the threshold`() throws {
    let signs = CompilerFixture.normal(64, mean: 0).map { Float($0 < 0 ? -0.3 : 0.3) }
    let network = CompilerFixture.single(
      CompilerFixture.lif(), weights: signs, precision: .binary)
    for perChannel in [true, false] {
      let compilation = try compiled(network, perChannel: perChannel)
      let connection = compilation.model.layers[0].connections[0]
      #expect(connection.precision == .binary)
      for target in 0..<4 {
        for source in 0..<16 {
          let sign: Int8 = signs[target * 16 + source] < 0 ? -1 : 1
          #expect(connection.inferenceWeights[source * 4 + target] == sign)
        }
      }
      // One threshold is 1 / 0.3 = 3.33 weights.
      let thresholds = try thresholds(compilation.model)
      #expect(thresholds.count == 1)
      #expect(abs(thresholds[0] - 1 / 0.3) < 0.001)
      #expect(compilation.layers[0].roundingError < 1e-7)
      #expect(abs(compilation.layers[0].scale - 0.3) < 1e-6)
      #expect(compilation.cores[0].synapseMemoryBytes == 8)
    }
  }

  @Test func `each neuron has its own binary scale where that is allowed`() throws {
    let signs: [Float] = (0..<64).map { index in
      let size = Float(1 + index / 16) / 8
      return index % 3 == 0 ? -size : size
    }
    let network = CompilerFixture.single(
      CompilerFixture.lif(), weights: signs, precision: .binary)
    let own = try compiled(network)
    for (found, wanted) in zip(try thresholds(own.model), [8, 4, 8.0 / 3, 2]) {
      #expect(abs(found - wanted) < 0.001)
    }
    #expect(own.layers[0].roundingError < 1e-7)
    let shared = try compiled(network, perChannel: false)
    let common = try thresholds(shared.model)
    #expect(common.count == 1)
    #expect(abs(common[0] - 3.2) < 0.001)
    #expect(abs(shared.layers[0].roundingError - 0.1398) < 1e-3)
  }

  @Test func `a binary readout has its scale in the logits`() throws {
    let weights = (0..<64).map { Float($0 % 3 == 0 ? -0.3 : 0.3) }
    func logit(_ precision: WeightPrecision) throws -> Double {
      let model = try compiled(
        CompilerFixture.single(CompilerFixture.readout, weights: weights, precision: precision)
      ).model
      let program = try #require(model.readoutProgram)
      let connection = model.layers[0].connections[0]
      let units = Double(connection.inferenceWeights.map(abs).max() ?? 0)
      let fine = Double(1 << (6 + connection.shift))
      return units * fine * Double(program.logitMultiplier) / Double(1 << Int(program.logitShift))
    }
    // What a weight of 0.3 counts in base-2 logits of 1/16.
    #expect(abs(try logit(.binary) - 0.3 * 23.083) < 0.001)
    #expect(abs(try logit(.int8) - 0.3 * 23.083) < 0.03)
  }

  @Test func `binary connections keep the ratio of their scales as a power of two`() throws {
    let network = CompilerFixture.network(
      [
        Population(name: "input", size: 4, model: .input),
        Population(name: "output", size: 4, model: CompilerFixture.lif()),
      ],
      [
        Projection(
          source: "input", target: "output",
          connectivity: .dense(weights: (0..<16).map { $0 % 3 == 0 ? -0.8 : 0.8 }),
          precision: .binary),
        Projection(
          source: "output", target: "output",
          connectivity: .dense(weights: (0..<16).map { $0 % 2 == 0 ? -0.2 : 0.2 }), delay: 1,
          precision: .binary),
        Projection(
          source: "input", target: "output",
          connectivity: .dense(weights: (0..<16).map { Float($0) / 64 }), delay: 1),
      ])
    let compilation = try compiled(network)
    let layer = compilation.model.layers[0]
    let (first, second) = (layer.connections[0].shift, layer.connections[1].shift)
    #expect(first - second == 2)
    #expect(compilation.layers[0].connections[0].roundingError < 1e-6)
    #expect(compilation.layers[0].connections[1].roundingError < 1e-6)
    #expect(compilation.layers[0].connections[2].roundingError < 1.0 / 256)
  }

  @Test func `channels of a convolution have scales`() throws {
    let shape = FeatureShape(height: 4, width: 4, channels: 2)
    let kernel: [Float] = (0..<36).map { index in
      let weight = Float(index % 5 - 1) / 16
      return index < 18 ? weight : weight * 8
    }
    let network = CompilerFixture.network(
      [
        Population(name: "input", shape: shape, model: .input),
        Population(name: "output", shape: shape, model: CompilerFixture.lif()),
      ],
      [
        Projection(
          source: "input", target: "output",
          connectivity: .convolution(
            Convolution(kernelHeight: 3, kernelWidth: 3, padding: 1, weights: kernel)))
      ])
    let compilation = try compiled(network)
    let thresholds = try thresholds(compilation.model)
    let weights = compilation.model.layers[0].connections[0].inferenceWeights
    #expect(thresholds.count == 32)
    for output in 0..<2 {
      for input in 0..<2 {
        for place in 0..<9 {
          let wanted = Double(kernel[(output * 2 + input) * 9 + place])
          let unit = 1 / thresholds[output]
          let found: Double = Double(weights[(input * 9 + place) * 2 + output]) * unit
          #expect(abs(found - wanted) <= unit * 0.51)
        }
      }
    }
    #expect((0..<32).allSatisfy { thresholds[$0] == thresholds[$0 % 2] })
    #expect(thresholds[0] > thresholds[1] * 7)
  }

  @Test func `narrow potentials take coarser units, down to a threshold with room above it`() throws
  {
    let network = CompilerFixture.single(CompilerFixture.lif())
    var chip = CompilerFixture.roomyChip
    for (bits, shift, room) in [
      (24, 6, 8), (16, 0, 8), (12, 0, 4), (16, 6, 2), (8, 0, 2), (20, 2, 8),
    ] {
      chip.arithmetic.potentialBits = bits
      chip.arithmetic.inputShift = Int32(shift)
      for perChannel in [true, false] {
        let model = try compile(
          network, for: chip, options: CompilerOptions(perChannel: perChannel)
        ).model
        let thresholds = try #require(model.spiking(0)).threshold.values
        let limit = ((1 << (bits - 1)) - 1) / room
        #expect(thresholds.allSatisfy { $0 <= limit + 1 && $0 > min(limit / 3, 100 << shift) })
      }
    }
  }

  @Test func `potentials are finer than the input shift where weights are coarse`() throws {
    let network = CompilerFixture.single(
      CompilerFixture.lif(), weights: [Float](repeating: 1, count: 64), precision: .binary)
    func shift(_ bits: Int, _ inputShift: Int32) throws -> (shift: Int32, threshold: Int32) {
      var chip = CompilerFixture.roomyChip
      chip.arithmetic.potentialBits = bits
      chip.arithmetic.inputShift = inputShift
      let model = try compile(network, for: chip).model
      #expect(model.layers[0].exponent == -model.layers[0].connections[0].shift)
      return (
        model.layers[0].connections[0].shift, try #require(model.spiking(0)).threshold[0]
      )
    }
    // A threshold of one weight takes 4096 potentials where there is room for eight times that.
    #expect(try shift(24, 6) == (6, 4096))
    #expect(try shift(16, 0) == (11, 2048))
    #expect(try shift(8, 0) == (5, 32))
  }

  @Test func `a readout has room for what its sources are expected to add`() throws {
    let network = CompilerFixture.single(
      CompilerFixture.readout, weights: [Float](repeating: 4, count: 64), steps: 100)
    var chip = CompilerFixture.roomyChip
    chip.arithmetic.potentialBits = 12
    chip.arithmetic.inputShift = 0
    let model = try compile(network, for: chip).model
    // Sixteen sources of weight 4 that spike in one of twenty steps settle at 32.
    let unit = Double(sign: .plus, exponent: Int(model.layers[0].exponent), significand: 1)
    #expect(unit * 2047 >= 64)
    #expect(unit * 2047 <= 256)
  }

  @Test func `weights and parameters beyond all measure are refused and nothing traps`() {
    for weight: Float in [3e38, 2e-38, 0] {
      for r in [1e300, 1e-300, 1] {
        for precision in WeightPrecision.allCases {
          for model: NeuronModel in [
            .lif(LIFParameters(tauMem: CompilerFixture.tau, r: r)),
            .leakyIntegrator(LeakyIntegratorParameters(tauMem: CompilerFixture.tau, r: r)),
            .lif(LIFParameters(tauMem: 1e-300, r: r, vLeak: -1e6, vThreshold: 1e300)),
          ] {
            let network = CompilerFixture.single(
              model, weights: [Float](repeating: weight, count: 64), precision: precision)
            for perChannel in [true, false] {
              let found = CompilerFixture.violations(
                network, options: CompilerOptions(perChannel: perChannel))
              #expect(found.allSatisfy { !$0.need.isEmpty && !$0.limit.isEmpty })
            }
          }
        }
      }
    }
    for rule in [1e300, 1e-300] {
      let network = CompilerFixture.single(
        .lif(LIFParameters(tauMem: CompilerFixture.tau, r: rule)),
        weights: [Float](repeating: 0.5, count: 64),
        plasticity: .pairSTDP(PairSTDPRule(aPlus: 1, aMinus: 1)))
      #expect(CompilerFixture.violations(network) != [])
      let errors = CompilerFixture.network(
        plasticity: .threeFactor(ThreeFactorRule(learningRate: 1, gamma: 1)))
      var strong = errors
      strong.populations[1].model = .lif(LIFParameters(tauMem: CompilerFixture.tau, r: rule))
      #expect(CompilerFixture.violations(strong) != [])
    }
  }
}
