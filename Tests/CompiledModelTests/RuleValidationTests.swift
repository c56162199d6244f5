import CompiledModel
import Testing

/// Rules that the chip could not run are refused by name.
@Suite struct RuleValidationTests {
  private let place = "layers.[0].connections[0]."

  private func threeFactor(_ change: (inout ThreeFactorProgram) -> Void) -> String? {
    ModelFault.rule(of: .threeFactor) { _ in
      var rule = ModelFixture.rule
      change(&rule)
      return .threeFactor(rule)
    }?.replacing(place, with: "")
  }

  private func pairSTDP(_ change: (inout PairSTDPProgram) -> Void) -> String? {
    ModelFault.rule(of: .pairSTDP) { program in
      guard var rule = program.program?.pairForm else { return program }
      change(&rule)
      return .pairSTDP(rule)
    }?.replacing(place, with: "")
  }

  private func sdsp(_ change: (inout SDSPProgram) -> Void) -> String? {
    ModelFault.rule(of: .sdsp) { program in
      guard case .sdsp(var rule) = program else { return program }
      change(&rule)
      return .sdsp(rule)
    }?.replacing(place, with: "")
  }

  @Test func `three-factor parameters keep to their widths`() {
    #expect(threeFactor { $0.preDecay = 4097 } == "pre decay")
    #expect(threeFactor { $0.preDecay = -1 } == "pre decay")
    #expect(threeFactor { $0.postDecay = 4096 } == nil)
    #expect(threeFactor { $0.postDecay = 4097 } == "post decay")
    #expect(threeFactor { $0.impulse = 0 } == "impulse")
    #expect(threeFactor { $0.impulse = 4097 } == "impulse")
    #expect(threeFactor { $0.preFactor = 257 } == "pre factor")
    #expect(threeFactor { $0.postFactor = -256 } == nil)
    #expect(threeFactor { $0.postFactor = -257 } == "post factor")
    #expect(threeFactor { $0.signalShift = 40 } == nil)
    #expect(threeFactor { $0.signalShift = 41 } == "signal shift")
    #expect(threeFactor { $0.signalShift = -1 } == "signal shift")
    #expect(threeFactor { $0.signalLimit = 0 } == "signal limit")
    #expect(threeFactor { $0.gain = -1 } == "gain")
  }

  @Test func `sums of changes fit 32 bits, and times the gain 47`() {
    // Five steps of a trace of at most 1047 and an impulse of 256.
    let rule = ModelFixture.rule
    #expect(rule.traceMax(steps: 5) == 1047)
    #expect(threeFactor { $0.signalLimit = 32767 } == nil)
    #expect(threeFactor { $0.signalLimit = 32768 } == "signal limit")
    // 4096 kept for five steps: 20480 and 4096 more, five times.
    func kept(_ limit: Int32) -> String? {
      threeFactor {
        $0.preDecay = 4096
        $0.impulse = 4096
        $0.signalLimit = limit
        $0.gain = 1
      }
    }
    #expect(kept(Int32.max / (24576 * 5)) == nil)
    #expect(kept(Int32.max / (24576 * 5) + 1) == "signal limit")
    let sum = 8191 * (1047 + 256) * 5
    let most = Int32(((1 << 47) - 1) / sum)
    #expect(threeFactor { $0.gain = most } == nil)
    #expect(threeFactor { $0.gain = most + 1 } == "gain")
  }

  @Test func `three-factor learning needs a way from the readout`() {
    let index = CompiledModel.ConnectionIndex(layer: 1, connection: 0)
    #expect(ModelFixture.model.feedbackConnection(of: 0) == index)
    func feedback(_ change: (inout CompiledConnection) -> Void) -> String? {
      ModelFault.connection(of: .threeFactor, layer: 1, 0, change)
    }
    #expect(feedback { $0.delay = 1 } == place + "plasticity")
    #expect(
      feedback {
        $0.layout = .sparse(rowStarts: [0, 2, 4, 6, 8], targets: [0, 1, 0, 1, 0, 1, 0, 1])
      } == place + "plasticity")
    #expect(
      feedback { $0.pooling = SourcePooling(height: 2, width: 2, channels: 1, window: 1) }
        == place + "plasticity")
    #expect(
      ModelFault.field { $0.layers[1].neurons = ModelFixture.spiking() } == place + "plasticity")
    func classes(_ count: Int) -> String? {
      ModelFault.field {
        $0.layers[1].size = count
        $0.layers[1].connections[0].weights = .fixed([Int8](repeating: 1, count: 4 * count))
        $0.cores[2].neuronCount = count
      }
    }
    #expect(classes(1024) == nil)
    #expect(classes(1025) == place + "plasticity")
  }

  @Test func `the readout itself may learn from anywhere, but not by a local rule`() {
    func readout(_ program: PlasticityProgram) -> String? {
      ModelFault.connection(of: .threeFactor, layer: 1) {
        $0.weights = .plastic(
          [Int16](repeating: 0, count: 8), program, bounds: ChipArithmetic.learningWeights)
      }
    }
    #expect(readout(.threeFactor(ModelFixture.rule)) == nil)
    let field = "layers.[1].connections[0].plasticity"
    for fixture in [ModelFixture.pairSTDP, .sdsp] {
      let local = fixture.model.layers[0].connections[0].plasticity
      #expect(local.flatMap(readout) == field)
    }
  }

  @Test func `a model learns by local rules or by the three-factor rule`() {
    let fault = ModelFault.field { model in
      guard let local = ModelFixture.pairSTDPModel.layers[0].connections[0].plasticity else {
        return
      }
      var connection = model.layers[0].connections[0]
      connection.weights = .plastic([Int16](repeating: 0, count: 12), local, bounds: 0...0)
      model.layers[0].connections.append(connection)
    }
    #expect(fault == "layers.plasticity")
  }

  @Test func `pair STDP parameters keep to their widths`() {
    #expect(pairSTDP { $0.preDecay = 4096 } == nil)
    #expect(pairSTDP { $0.preDecay = 4097 } == "plasticity.traces[0].decay")
    #expect(pairSTDP { $0.postDecay = -1 } == "plasticity.traces[1].decay")
    #expect(pairSTDP { $0.impulse = 4096 } == nil)
    #expect(pairSTDP { $0.impulse = 4097 } == "plasticity.traces[0].impulse")
    #expect(pairSTDP { $0.impulse = 0 } == "plasticity.traces[0].impulse")
    #expect(pairSTDP { $0.potentiation = 32767 } == nil)
    #expect(pairSTDP { $0.potentiation = 32768 } == "plasticity.terms[0].mantissa")
    #expect(pairSTDP { $0.depression = 32768 } == "plasticity.terms[1].mantissa")
    #expect(pairSTDP { $0.preTarget = 32767 } == nil)
    #expect(pairSTDP { $0.preTarget = 32768 } == "plasticity.terms[0].factors[0].offset")
  }

  private func program(_ change: (inout LearningProgram) -> Void) -> String? {
    ModelFault.rule(of: .program) { program in
      guard case .program(var rule) = program else { return program }
      change(&rule)
      return .program(rule)
    }?.replacing(place + "plasticity.", with: "").replacing(place, with: "")
  }

  @Test func `traces of programs keep to their widths and names`() {
    #expect(program { _ in } == nil)
    #expect(program { $0.traces[0].name = .w } == "traces[0].name")
    #expect(program { $0.traces.swapAt(0, 1) } == "traces[1].name")
    #expect(program { $0.traces[1] = $0.traces[0] } == "traces[1].name")
    #expect(program { $0.traces[0].fall = .window(4095) } == nil)
    #expect(program { $0.traces[0].fall = .window(4096) } == "traces[0].window")
    #expect(program { $0.traces[2].fall = .shift(14) } == nil)
    #expect(program { $0.traces[2].fall = .shift(15) } == "traces[2].shift")
    #expect(program { $0.traces[2].fall = .shift(0) } == "traces[2].shift")
    #expect(program { $0.traces[1].fall = .decay(4097) } == "traces[1].decay")
    #expect(program { $0.traces[1].impulse = 4097 } == "traces[1].impulse")
    #expect(program { $0.traces.removeLast() } == "terms[0].factors[1].variable")
  }

  @Test func `terms of programs keep to their widths`() {
    #expect(program { $0.terms = [] } == "terms")
    let term = LearningProgram.Term(at: .presynapticSpike, mantissa: 1, [.init(.w)])
    #expect(program { $0.terms += [LearningProgram.Term](repeating: term, count: 13) } == nil)
    #expect(
      program { $0.terms += [LearningProgram.Term](repeating: term, count: 14) } == "terms")
    #expect(program { $0.terms.removeFirst() } == "terms")
    #expect(program { $0.terms[0].occasion = .period(exponent: 13) } == "terms[0].period")
    #expect(program { $0.terms[0].mantissa = -32768 } == "terms[0].mantissa")
    #expect(program { $0.terms[0].shift = 48 } == "terms[0].shift")
    #expect(program { $0.terms[1].shift = -17 } == "terms[1].shift")
    #expect(program { $0.terms[2].factors[0].offset = 513 } == "terms[2].factors[0].offset")
    #expect(program { $0.terms[2].factors[1].offset = 32768 } == "terms[2].factors[1].offset")
    let flag = LearningProgram.Factor(.x0, plus: 1)
    #expect(program { $0.terms[2].factors.append(flag) } == "terms[2].factors[2].offset")
    let one = LearningProgram.Factor(.y0)
    #expect(
      program { $0.terms[2].factors = [LearningProgram.Factor](repeating: one, count: 7) }
        == "terms[2].factors")
    // 15 bits of a mantissa, 16 of each weight.
    let weights = [LearningProgram.Factor](repeating: .init(.w), count: 3)
    #expect(program { $0.terms[2] = .init(at: .end, mantissa: 8191, weights) } == nil)
    #expect(
      program { $0.terms[2] = .init(at: .end, mantissa: 8192, weights) } == "terms[2].product bits")
  }

  @Test func `a grid of a program leads from bound to bound`() {
    #expect(program { $0.weightStep = 512 } == "weights")
    #expect(program { $0.weightStep = 0 } == nil)
    #expect(program { $0.weightStep = 128 } == "weight step")
    #expect(program { $0.weightStep = 1024 } == "weight step")
    #expect(program { $0.weightStep = -256 } == "weight step")
    #expect(program { $0.weightStep = 768 } == "weights")
  }

  @Test func `SDSP parameters keep to their widths`() {
    #expect(sdsp { $0.potentialThreshold = 32767 } == nil)
    #expect(sdsp { $0.potentialThreshold = 32768 } == "potential threshold")
    #expect(sdsp { $0.potentialThreshold = -32768 } == "potential threshold")
    #expect(sdsp { $0.activityMin = 8 } == nil)
    #expect(sdsp { $0.activityMin = 9 } == "activity min")
    #expect(sdsp { $0.activityMaxUp = 9 } == "activity max up")
    #expect(sdsp { $0.activityMaxDown = -1 } == "activity max down")
    #expect(sdsp { $0.activityLeakSteps = 0 } == "activity leak")
    #expect(sdsp { $0.activityLeakSteps = 4097 } == "activity leak")
    #expect(sdsp { $0.probability = 65537 } == "probability")
    #expect(sdsp { $0.probability = -1 } == "probability")
  }

  @Test func `weights keep to bounds and to whole steps`() {
    func weights(_ first: Int16, _ bounds: ClosedRange<Int16>) -> String? {
      ModelFault.connection(of: .sdsp, layer: 0) { connection in
        guard case .plastic(_, let program, _) = connection.weights else { return }
        connection.weights = .plastic([first, 0, 0, 0, 0, 0], program, bounds: bounds)
      }?.replacing(place, with: "")
    }
    // Eight bits: steps of 256, of which -127 to 127 stand for a weight.
    #expect(weights(0, -32512...32512) == nil)
    #expect(weights(0, -32768...0) == "bounds")
    #expect(weights(0, 0...32639) == "bounds")
    #expect(weights(0, -255...0) == "bounds")
    #expect(weights(0, 0...128) == "bounds")
    #expect(weights(512, 0...512) == nil)
    #expect(weights(768, 0...512) == "weights")
    #expect(weights(-256, 0...512) == "weights")
    #expect(weights(255, 0...512) == "weights")
  }

  @Test func `only dense rows without pooling learn, in the precision of inference`() {
    #expect(
      ModelFault.connection(of: .sdsp, layer: 0) { $0.precision = .int4 } == place + "precision")
    #expect(
      ModelFault.connection(of: .sdsp, layer: 0) {
        $0.layout = .sparse(rowStarts: [0, 2, 4, 6], targets: [0, 1, 0, 1, 0, 1])
      } == place + "plasticity")
    #expect(
      ModelFault.connection(of: .sdsp, layer: 0) {
        $0.pooling = SourcePooling(height: 1, width: 3, channels: 1, window: 1)
      } == place + "plasticity")
  }
}
