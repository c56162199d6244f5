import CompiledModel
import NetworkCompiler
import SpikingNetwork
import Testing

/// Rules that are data in the chip's integers.
@Suite struct ProgramLoweringTests {
  private func network(_ rule: PlasticityRule, weight: Float = 0.5) -> SpikingNetwork {
    CompilerFixture.single(
      CompilerFixture.lif(), weights: [Float](repeating: weight, count: 64), plasticity: rule)
  }

  private func connection(
    _ rule: PlasticityRule, weight: Float = 0.5, bits: Int = 16
  ) throws -> CompiledConnection {
    var chip = CompilerFixture.chip
    chip.arithmetic.learningWeightBits = bits
    return try compile(network(rule, weight: weight), for: chip).model.layers[0].connections[0]
  }

  private func program(_ rule: ProgramRule, bits: Int = 16) throws -> LearningProgram {
    try #require(try connection(.program(rule), bits: bits).plasticity?.program)
  }

  private func violations(
    _ rule: ProgramRule, _ change: (inout Chip) -> Void = { _ in }
  ) -> [DesignViolation] {
    var chip = CompilerFixture.chip
    change(&chip)
    return CompilerFixture.violations(network(.program(rule)), for: chip)
  }

  @Test func `pair stdp as a text is the built-in rule`() throws {
    let pair = PairSTDPRule(aPlus: 0.01, aMinus: 0.012, preTarget: 0.5)
    let named = try connection(.pairSTDP(pair))
    let text = ProgramRule(
      dw: "dw = -0.012*y1*x0 + 0.01*(x1 - 0.5)*y0",
      traces: ["x1": TraceRule(tau: 0.02), "y1": TraceRule(tau: 0.02)])
    #expect(try connection(.program(text)) == named)
    #expect(named.plasticity?.program?.pairForm != nil)
  }

  @Test func `coefficients, constants and shifts have the units of the network`() throws {
    let program = try program(
      ProgramRule(
        dw: "2^-6*(x1 - 0.5)*y0 + 2^-10*(w - 0.25)*(t + 0.125)*u3 - 2^-3*(r + 0.5)*t*end",
        dt: "2^-4*y2*x0",
        traces: ["x1": TraceRule(window: 5), "y2": TraceRule(shift: 3, nearest: true)]))
    let impulse = try #require(program.traces.first?.impulse)
    #expect(
      program.traces == [
        LearningProgram.Trace(.x1, .window(5), impulse: impulse, readsBefore: false),
        LearningProgram.Trace(
          .y2, .shift(3), impulse: impulse, isNearest: true, readsBefore: true),
      ])
    // Weights up to one take units of 2^-15.
    func change(_ term: LearningProgram.Term, _ units: Double...) -> Double {
      let scale = Double(sign: .plus, exponent: -16 - Int(term.shift), significand: 1)
      return units.reduce(Double(term.mantissa) * scale / 32768, *)
    }
    let terms = program.terms
    #expect(
      terms.map(\.occasion) == [
        .postsynapticSpike, .presynapticSpike, .period(exponent: 3), .end,
      ])
    #expect(terms.map(\.changesTag) == [false, true, false, false])
    #expect(terms[0].factors == [.init(.x1, plus: -impulse / 2)])
    #expect(abs(change(terms[0], Double(impulse)) * 64 - 1) < 0.01)
    #expect(abs(change(terms[1], Double(impulse)) * 16 - 1) < 0.01)
    #expect(terms[2].factors == [.init(.w, plus: -8192), .init(.t, plus: 4096)])
    #expect(abs(change(terms[2], 32768, 32768) * 1024 - 1) < 0.01)
    #expect(terms[3].factors == [.init(.r, plus: 128), .init(.t)])
    #expect(abs(change(terms[3], 256, 32768) * -8 - 1) < 0.01)
  }

  @Test func `a running mean of rewards is one for a population`() throws {
    func network(_ decays: [Double?]) -> SpikingNetwork {
      let projections = decays.map { decay in
        var projection = Projection(
          source: "input", target: "output", weights: [Float](repeating: 0.5, count: 16))
        projection.plasticity = .program(
          ProgramRule(
            dw: "2^-4*r*x1*y0", traces: ["x1": TraceRule(tau: 0.01)], rewardDecay: decay))
        return projection
      }
      return CompilerFixture.network(
        [
          Population(name: "input", size: 8, model: .input),
          Population(name: "output", size: 2, model: CompilerFixture.lif()),
        ], projections)
    }
    func mean(_ decays: [Double?]) throws -> RewardMean? {
      try NetworkCompiler.compile(network(decays), for: CompilerFixture.roomyChip).model.layers[0]
        .rewardMean
    }
    #expect(try mean([nil, nil]) == nil)
    #expect(try mean([0.75]) == RewardMean(rate: 16_384))
    #expect(try mean([0.9, 0.9]) == RewardMean(rate: 6554))
    let mixed = CompilerFixture.violations(network([0.9, nil]), for: CompilerFixture.roomyChip)
    #expect(mixed.map(\.need) == ["several of rewardDecay"])
    var unread = network([0.5])
    unread.projections[0].plasticity = .program(
      ProgramRule(
        dw: "2^-4*x1*y0", traces: ["x1": TraceRule(tau: 0.01)], rewardDecay: 0.5))
    let error = #expect(throws: NetworkError.self) { try unread.validate() }
    #expect(error?.field == "projections[0].plasticity.rewardDecay")
  }

  @Test func `bits of a rule make a grid between its bounds`() throws {
    let one = try connection(.program(.oneBit()), weight: 0.6)
    guard case .plastic(let weights, let rule, let bounds) = one.weights else {
      Issue.record("no weights that learn")
      return
    }
    #expect(bounds.lowerBound == 0 && bounds.upperBound > 32_000)
    #expect(rule.program?.weightStep == Int32(bounds.upperBound))
    #expect(weights.allSatisfy { $0 == bounds.upperBound })
    var rule4 = ProgramRule.window()
    rule4.bits = 4
    let step = try program(rule4, bits: 10).weightStep
    #expect(step % 64 == 0 && step * 15 > 31_000)
    rule4.bits = 12
    let refused = violations(rule4) { $0.arithmetic.learningWeightBits = 8 }
    #expect(refused.map(\.rule) == [.learningUnsupported])
    #expect(refused.first?.need == "12 bits")
  }

  @Test func `every ready-made rule compiles for a chip with sums of products`() throws {
    for form in ProgramRule.forms {
      #expect(violations(form.rule) == [], "\(form.name)")
      let pairsOnly = violations(form.rule) { $0.features.rules = [.pairSTDP] }
      if form.name == "pair" {
        #expect(pairsOnly == [])
      } else {
        #expect(pairsOnly.map(\.need) == ["`sum-of-products`"], "\(form.name)")
      }
    }
  }

  @Test func `what the chip's integers cannot hold is refused by term and need`() {
    func rule(_ dw: String) -> ProgramRule {
      ProgramRule(
        dw: dw,
        traces: ["x1": TraceRule(tau: 0.02), "y1": TraceRule(tau: 0.02), "y2": TraceRule(tau: 0.1)])
    }
    let large = violations(rule("2^-6*x1*y2*y0 - 1e9*y1*x0"))
    #expect(large.map(\.rule) == [.learningUnsupported])
    #expect(large.first?.need == "1000000000")
    #expect(large.first?.limit.contains("term 2, `-1000000000*y1*x0`") == true)
    let wide = violations(rule("2^-6*x1*x1*y1*y2*y0"))
    #expect(wide.map(\.rule) == [.learningUnsupported])
    #expect(wide.first?.limit == "products of 58 bits")
    #expect(wide.first?.need.hasSuffix("in term 1, `2^-6*x1*x1*y1*y2*y0`") == true)
    let far = violations(rule("2^-6*(x1 - 900)*y0 - 2^-6*y1*y2*x0"))
    #expect(far.map(\.rule) == [.learningUnsupported])
    #expect(far.first?.need == "900 in term 1, `2^-6*(x1 - 900)*y0`")
  }

  @Test func `state of a rule is part of what a core holds`() throws {
    let plain = ProgramRule(dw: "2^-6*x1*y0", traces: ["x1": TraceRule(tau: 0.02)])
    let tagged = ProgramRule(
      dw: "2^-6*t*end", dt: "2^-4*x1*y0 - 2^-4*y1*y2*x0",
      traces: ["x1": TraceRule(tau: 0.02), "y1": TraceRule(tau: 0.02), "y2": TraceRule(tau: 0.1)])
    func bytes(_ rule: ProgramRule) throws -> Int {
      try compile(network(.program(rule)), for: CompilerFixture.chip).cores
        .reduce(0) { $0 + $1.learningBytes }
    }
    // 64 tags and two traces of 4 neurons, of 16 bits each.
    #expect(try bytes(tagged) - bytes(plain) == 2 * (64 + 2 * 4))
  }
}
