import CompiledModel
import NetworkCompiler
import SpikingNetwork
import Testing

/// Where errors come from, in integers, and what of it the chip cannot do.
@Suite struct FeedbackLoweringTests {
  private func rule(_ change: (inout ThreeFactorRule) -> Void) -> PlasticityRule {
    var rule = ThreeFactorRule(learningRate: 0.001)
    change(&rule)
    return .threeFactor(rule)
  }

  private func network(_ change: (inout ThreeFactorRule) -> Void) -> SpikingNetwork {
    var network = CompilerFixture.network(plasticity: rule { _ in })
    network.projections[0].plasticity = rule(change)
    return network
  }

  private func signal(_ change: (inout ThreeFactorRule) -> Void) throws -> LearningSignalProgram? {
    try NetworkCompiler.compile(network(change), for: CompilerFixture.roomyChip).model.layers[0]
      .signal
  }

  private func needs(_ network: SpikingNetwork) -> [String] {
    CompilerFixture.violations(network, for: CompilerFixture.roomyChip).map(\.need)
  }

  @Test func `the plain form needs no signal`() throws {
    #expect(try signal { _ in } == nil)
    let compiled = try signal { $0.signalSteps = CompilerFixture.network().steps }
    #expect(compiled == nil)
  }

  @Test func `errors of the last steps begin that many before the end`() throws {
    let steps = Int32(CompilerFixture.network().steps)
    #expect(try signal { $0.signalSteps = 1 }?.firstStep == steps - 1)
  }

  @Test func `random feedback reaches layers that the readout does not see`() throws {
    var network = CompilerFixture.network(
      [
        Population(name: "input", size: 8, model: .input),
        Population(name: "first", size: 6, model: CompilerFixture.lif()),
        Population(name: "second", size: 6, model: CompilerFixture.lif()),
        Population(name: "readout", size: 3, model: CompilerFixture.readout),
      ],
      [
        Projection(source: "input", target: "first", weights: [Float](repeating: 0.5, count: 48)),
        Projection(source: "first", target: "second", weights: [Float](repeating: 0.5, count: 36)),
        Projection(
          source: "second", target: "readout", weights: [Float](repeating: 0.5, count: 18)),
      ])
    network.projections[0].plasticity = rule { _ in }
    #expect(needs(network).first == "errors at a layer without one")
    for feedback in [ThreeFactorRule.Feedback.random, .local] {
      network.projections[0].plasticity = rule { $0.feedback = feedback }
      #expect(needs(network) == [])
    }
    network.projections[0].plasticity = rule { $0.feedback = .adaptive }
    #expect(needs(network).first == "errors at a layer without one")
  }

  @Test func `adaptive weights start within the scale, in units of the readout's`() throws {
    let compiled = try NetworkCompiler.compile(
      network {
        $0.feedback = .adaptive
        $0.feedbackScale = 0.1
      }, for: CompilerFixture.roomyChip
    ).model
    let weights = try #require(compiled.layers[0].feedbackWeights)
    #expect(weights.count == 18)
    let exponent = compiled.exponent(of: CompiledModel.ConnectionIndex(layer: 1, connection: 0))
    let unit = Double(sign: .plus, exponent: Int(exponent), significand: 1) / 256
    let largest = weights.map { abs(Double($0)) * unit }.max() ?? 0
    #expect(largest <= 0.1001 && largest > 0.08)
    #expect(Set(weights).count > 10)
  }

  @Test func `a local readout has the softmax of its own units`() throws {
    let compiled = try signal {
      $0.feedback = .local
      $0.feedbackScale = 0.5
      $0.localDecay = 0.75
    }
    guard case .local(let readout) = compiled?.feedback else {
      Issue.record("no local readout")
      return
    }
    #expect(readout.decay == 3072)
    // 127 is 0.5: a logit of 0.5 * 16 / ln 2 in 1/16.
    let logit = (127 * Int(readout.logitMultiplier)) >> Int(readout.logitShift)
    #expect(abs(Double(logit) - 8 / 0.693147) <= 1)
  }

  @Test func `rules into one population ask for one signal`() {
    var network = network { $0.feedback = .random }
    network.projections.append(
      Projection(
        source: "hidden", target: "hidden",
        connectivity: .dense(weights: [Float](repeating: 0.1, count: 36)), delay: 1,
        plasticity: rule { $0.feedback = .local }))
    #expect(needs(network) == ["`random` and `local`"])
  }

  @Test func `eligibility by synapse needs a threshold that adapts, and no more than it keeps`() {
    #expect(needs(network { $0.eligibility = .synapse }) == ["`eligibility: synapse`"])
    func adaptive(_ beta: Double, _ aPost: Double = 0) -> SpikingNetwork {
      var network = network {
        $0.eligibility = .synapse
        $0.aPost = aPost
      }
      network.populations[1].model = .adaptiveLIF(
        AdaptiveLIFParameters(
          lif: LIFParameters(tauMem: CompilerFixture.tau), tauAdaptation: CompilerFixture.tau,
          beta: beta))
      return network
    }
    #expect(needs(adaptive(1)) == [])
    #expect(needs(adaptive(1, 0.5)) == ["`eligibility: synapse`"])
    // Gamma is 0.3 and the threshold keeps 0.9.
    #expect(needs(adaptive(2.9)) == [])
    #expect(needs(adaptive(3.1)).count == 1)
  }

  @Test func `a regulariser beyond the chip's range is refused with the range`() throws {
    let rate = try signal { $0.rate = .init(target: 0.25, strength: 0.01) }?.rate
    #expect(rate?.target == 64)
    #expect(rate.map { $0.factor > 1000 && $0.factor <= 2047 } == true)
    let violations = CompilerFixture.violations(
      network { $0.rate = .init(target: 0.25, strength: 1000) }, for: CompilerFixture.roomyChip)
    #expect(violations.first?.limit.hasPrefix("a rate regulariser of at most") == true)
  }

  @Test func `what learning keeps is in the memory of a core`() throws {
    func bytes(_ change: (inout ThreeFactorRule) -> Void) throws -> Int {
      try NetworkCompiler.compile(network(change), for: CompilerFixture.roomyChip)
        .cores[0].learningBytes
    }
    let plain = try bytes { _ in }
    // 48 synapses of 32 bits; 8 sources of 16 bits for each of three steps; 18 weights of feedback.
    #expect(try bytes { $0.applied = .step } == plain - 48 * 4)
    #expect(try bytes { $0.secondPreDecay = 0.5 } == plain + 8 * 2 * 3)
    #expect(try bytes { $0.feedback = .random } == plain - 18 * 5)
    #expect(try bytes { $0.rate = .init(target: 0.1, strength: 0.01) } == plain + 6 * 2)
  }
}
