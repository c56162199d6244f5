import CompiledModel
import NetworkCompiler
import SpikingNetwork
import Testing

/// Learning rules in the chip's integers.
@Suite struct LearningLoweringTests {
  private func compiled(
    _ network: SpikingNetwork, _ change: (inout Chip) -> Void = { _ in }
  ) throws -> CompiledModel {
    var chip = CompilerFixture.roomyChip
    change(&chip)
    return try compile(network, for: chip).model
  }

  private func threeFactor(_ model: CompiledModel, _ layer: Int) throws -> ThreeFactorProgram {
    guard case .threeFactor(let rule)? = model.layers[layer].connections[0].plasticity else {
      throw Missing()
    }
    return rule
  }

  private struct Missing: Error {}

  private func network(
    _ rate: Double, steps: Int = 10, preDecay: Double = 0.9, r: Double = 1
  ) -> SpikingNetwork {
    var network = CompilerFixture.network(
      plasticity: .threeFactor(ThreeFactorRule(learningRate: rate, preDecay: preDecay)))
    network.steps = steps
    network.populations[1].model = .lif(LIFParameters(tauMem: CompilerFixture.tau, r: r))
    return network
  }

  /// What one unit of error, at a pseudo-derivative of one, changes a weight by at one spike, in
  /// the network's units: what `learningRate * gamma` says.
  private func change(_ model: CompiledModel, _ layer: Int, errorUnit: Double) throws -> Double {
    let rule = try threeFactor(model, layer)
    let index = CompiledModel.ConnectionIndex(layer: layer, connection: 0)
    let unit = Double(sign: .plus, exponent: Int(model.exponent(of: index)) - 8, significand: 1)
    let step = unit * Double(1 << model.arithmetic.learningShift)
    let signal =
      256 / errorUnit * 256 * Double(rule.preFactor) / Double(1 << Int(rule.signalShift))
    return signal * Double(rule.impulse) * Double(rule.gain) / 4_294_967_296 * step
  }

  @Test(arguments: [(1e-3, 10), (1e-5, 100), (0.05, 100), (1e-3, 4096)])
  func `the gain makes up for every unit`(rate: Double, steps: Int) throws {
    let model = try compiled(network(rate, steps: steps))
    #expect(abs(try change(model, 1, errorUnit: 1) / rate - 1) < 0.02)
    // A hidden error of one unit of weights of the readout.
    let mirrored = Double(
      sign: .plus, exponent: Int(model.layers[1].exponent), significand: 1)
    #expect(abs(try change(model, 0, errorUnit: mirrored) / (rate * 0.3) - 1) < 0.02)
  }

  @Test func `resistance counts twice: once in the error, once in the weight`() throws {
    let plain = try compiled(network(1e-4))
    let double = try compiled(network(1e-4, r: 2))
    let unit = Double(sign: .plus, exponent: Int(plain.layers[1].exponent), significand: 1)
    let ratio = try change(double, 0, errorUnit: unit) / change(plain, 0, errorUnit: unit)
    // In the chip's weights, which hold r * w.
    #expect(abs(ratio - 4) < 0.05)
  }

  @Test func `sums fit 32 bits and their products 47`() throws {
    for rate in [1e-6, 1e-3, 0.1] {
      for (steps, decay) in [(10, 0.9), (1000, 0.5), (4096, 1)] {
        let model = try compiled(network(rate, steps: steps, preDecay: decay))
        for layer in 0..<2 {
          let rule = try threeFactor(model, layer)
          let step = Int(rule.signalLimit) * Int(rule.traceMax(steps: steps) + rule.impulse)
          #expect(step * steps <= Int(Int32.max))
          #expect(step * steps * Int(rule.gain) < 1 << 47)
          #expect(rule.gain > 0)
        }
      }
    }
  }

  @Test func `a pseudo-derivative is one at the threshold`() throws {
    let program = try #require(try compiled(network(1e-3)).spiking(0))
    let derivative = try #require(program.pseudoDerivative)
    let psi =
      (Int(program.threshold[0]) * Int(derivative.multiplier[0])) >> Int(derivative.shift)
    #expect((255...256).contains(psi))
    #expect(
      try #require(try compiled(CompilerFixture.network()).spiking(0)).pseudoDerivative == nil)
  }

  @Test func `fewer bits of learning weights make larger steps`() throws {
    for bits in [16, 12, 8] {
      let model = try compiled(network(1e-3, steps: 100)) {
        $0.arithmetic.learningWeightBits = bits
      }
      #expect(abs(try change(model, 1, errorUnit: 1) / 1e-3 - 1) < 0.02)
      let step = Int16(1 << (16 - bits))
      for (weights, index) in zip(model.learnedState, model.plasticConnections) {
        let bounds = model.weightBounds(of: index)
        #expect(weights.allSatisfy { $0 % step == 0 && bounds.contains($0) })
        #expect(bounds.lowerBound % step == 0 && bounds.upperBound % step == 0)
        #expect(bounds.lowerBound <= -32640 + step && bounds.upperBound >= 32639 - step)
      }
    }
  }

  @Test func `recurrent connections learn as well`() throws {
    var network = network(1e-3)
    network.projections.append(
      Projection(
        source: "hidden", target: "hidden",
        connectivity: .dense(weights: [Float](repeating: 0.5, count: 36)), delay: 1,
        plasticity: network.projections[0].plasticity))
    let model = try compiled(network)
    #expect(model.plasticConnections.count == 3)
    #expect(model.layers[0].connections[1].plasticity == model.layers[0].connections[0].plasticity)
  }

  private func stdp(_ rule: PairSTDPRule, bits: Int = 16) throws -> (CompiledModel, PairSTDPProgram)
  {
    let network = CompilerFixture.single(
      CompilerFixture.lif(), weights: [Float](repeating: 0.5, count: 64),
      plasticity: .pairSTDP(rule))
    let model = try compiled(network) { $0.arithmetic.learningWeightBits = bits }
    guard let program = model.layers[0].connections[0].plasticity?.program?.pairForm else {
      throw Missing()
    }
    return (model, program)
  }

  @Test(arguments: [(0.01, 0.012), (1e-4, 2e-4), (0.06, 0.001), (0, 0.005)])
  func `pair stdp uses the range of its factors`(plus: Double, minus: Double) throws {
    for bits in [16, 10] {
      let (model, program) = try stdp(
        PairSTDPRule(aPlus: plus, aMinus: minus, preTarget: 0.5), bits: bits)
      // Weights up to one take units of 2^-7.
      #expect(model.layers[0].exponent == -7)
      let step = Double(1 << (16 - bits)) / 32768
      // What one unit of a factor changes a weight by for one pair.
      let unit = Double(program.impulse) / 65536 * step
      #expect(abs(Double(program.potentiation) * unit - plus) <= unit / 2)
      #expect(abs(Double(program.depression) * unit - minus) <= unit / 2)
      #expect(bits < 16 || unit <= min(plus > 0 ? plus : 1, minus) / 100)
      #expect(program.potentiation <= 32767 && program.depression <= 32767)
      #expect(program.preTarget == program.impulse / 2)
      #expect(program.preDecay == Int32((4096 * NaturalExponential.exponential(-0.05)).rounded()))
    }
  }

  @Test func `bounds lie on whole steps within the rule's`() throws {
    for bits in [16, 9, 4, 2] {
      let (model, _) = try stdp(
        PairSTDPRule(aPlus: 0.01, aMinus: 0.01, weightMin: -0.3, weightMax: 0.9), bits: bits)
      let bounds = model.weightBounds(of: CompiledModel.ConnectionIndex(layer: 0, connection: 0))
      let step = 1 << (16 - bits)
      #expect(Int(bounds.lowerBound) % step == 0 && Int(bounds.upperBound) % step == 0)
      #expect(Double(bounds.upperBound) / 32768 <= 0.9 && Double(bounds.lowerBound) / 32768 >= -0.3)
      #expect(Int(bounds.upperBound) + step > Int(0.9 * 32768))
      #expect(Int(bounds.lowerBound) - step < Int(-0.3 * 32768))
    }
  }

  @Test func `sdsp and a teacher are in units of the threshold`() throws {
    let rule = SDSPRule(
      potentialThreshold: 0.75, activityMin: 1, activityMaxUp: 5, activityMaxDown: 4,
      activityLeakSteps: 7, probability: 0.25,
      teacher: TeacherSignal(excitation: 1.5, inhibition: 0.5))
    let network = CompilerFixture.single(
      CompilerFixture.lif(threshold: 2), weights: [Float](repeating: 0.5, count: 64),
      plasticity: .sdsp(rule))
    let model = try compiled(network) { $0.arithmetic.learningWeightBits = 4 }
    let threshold = try #require(model.spiking(0)).threshold[0]
    #expect(threshold == 2 * 128 * 64)
    #expect(
      model.layers[0].connections[0].plasticity
        == .sdsp(
          SDSPProgram(
            potentialThreshold: threshold / 4 * 3, activityMin: 1, activityMaxUp: 5,
            activityMaxDown: 4, activityLeakSteps: 7, probability: 16384)))
    #expect(
      model.layers[0].teacher
        == TeacherProgram(excitation: threshold / 2 * 3, inhibition: threshold / 2))
    // Half of the range of 0 to 7 steps of 4096 each.
    #expect(model.learnedState[0].allSatisfy { $0 == 16384 })
  }

  @Test func `facts tell the rules of a layer`() throws {
    let compilation = try compile(
      CompilerFixture.network(
        plasticity: .threeFactor(ThreeFactorRule(learningRate: 0.001))),
      for: CompilerFixture.roomyChip)
    #expect(compilation.layers[0].connections[0].rule == "three-factor")
    #expect(compilation.cores[0].learningBytes > 0)
    let model = try stdp(PairSTDPRule(aPlus: 0.01, aMinus: 0.01)).0
    #expect(model.layers[0].teacher == nil)
  }
}
