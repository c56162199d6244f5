import CompiledModel
import Testing

/// Learning signals that the chip could not make are refused by name, and others have a file.
@Suite struct SignalValidationTests {
  private typealias Signal = LearningSignalProgram

  private func fault(_ signal: Signal, layer: Int = 0) -> String? {
    ModelFault.field { model in
      model.layers[layer].signal = signal
      // The fixture's readout has fixed weights.
      let count = model.layers[1].connections[0].weights.count
      model.layers[1].connections[0].weights = .plastic(
        [Int16](repeating: 0, count: count), .threeFactor(ModelFixture.rule), bounds: -512...512)
    }?
    .replacing("layers.[\(layer)].signal.", with: "")
  }

  private func rate(
    target: Int32 = 0, factor: Int32 = 1, shift: Int32 = 0
  ) -> Signal {
    Signal(rate: Signal.RateRegulariser(target: target, factor: factor, shift: shift))
  }

  private func local(
    decay: Int32 = 0, multiplier: Int32 = 0, shift: Int32 = 0
  ) -> Signal {
    Signal(
      feedback: .local(
        LocalReadoutProgram(
          seed: 1, decay: decay, logitMultiplier: multiplier, logitShift: shift)))
  }

  private var synapses: Int { ModelFixture.model.layers[0].size * ModelFixture.model.classes }

  private func adaptive(_ weight: Int16, count: Int? = nil) -> Signal {
    Signal(feedback: .adaptive([Int16](repeating: weight, count: count ?? synapses)))
  }

  @Test func `a signal keeps to its widths`() {
    let steps = Int32(ModelFixture.model.steps)
    #expect(fault(Signal(firstStep: steps - 1)) == nil)
    #expect(fault(Signal(firstStep: steps)) == "first step")
    #expect(fault(Signal(firstStep: -1)) == "first step")
    #expect(fault(rate(target: 256)) == nil)
    #expect(fault(rate(target: 257)) == "rate target")
    #expect(fault(rate(target: -1)) == "rate target")
    #expect(fault(rate(factor: 2048, shift: 31)) == "rate factor")
    #expect(fault(rate(factor: 2047, shift: 31)) == nil)
    #expect(fault(rate(shift: 32)) == "rate shift")
    // Five steps of 256 times the factor: 2^20 lies between 819 and 820.
    #expect(fault(rate(factor: 819)) == nil)
    #expect(fault(rate(factor: 820)) == "rate factor")
    #expect(fault(local(decay: 4096, multiplier: 65535, shift: 47)) == nil)
    #expect(fault(local(decay: 4097)) == "decay")
    #expect(fault(local(multiplier: 65536)) == "logit multiplier")
    #expect(fault(local(shift: 48)) == "logit shift")
  }

  @Test func `weights of feedback are whole steps, one for each neuron and class`() {
    #expect(fault(adaptive(32639)) == nil)
    #expect(fault(adaptive(32640)) == "weights")
    #expect(fault(adaptive(-32640)) == nil)
    #expect(fault(adaptive(-32641)) == "weights")
    #expect(fault(adaptive(0, count: synapses - 1)) == "weights")
    let coarse = ModelFault.field { model in
      model.arithmetic.learningWeightBits = 15
      model.layers[0].signal = adaptive(3)
      for index in model.plasticConnections {
        guard case .plastic(let weights, let rule, _) = model[index].weights else { continue }
        model[index].weights = .plastic(weights.map { $0 & ~1 }, rule, bounds: -32640...32638)
      }
    }
    #expect(coarse == "layers.[0].signal.weights")
  }

  @Test func `a signal is of layers that learn, and a readout's is its window`() {
    #expect(fault(Signal(firstStep: 1), layer: 1) == nil)
    #expect(fault(Signal(feedback: .random(seed: 1)), layer: 1) == "feedback")
    #expect(fault(rate(), layer: 1) == "feedback")
    let fixed = ModelFault.field(of: .fixed) { $0.layers[0].signal = Signal() }
    #expect(fixed == "layers.[0].signal.feedback")
  }

  @Test func `random and local errors need no way from the readout`() {
    func moved(_ signal: Signal?) -> String? {
      ModelFault.field { model in
        model.layers[1].connections[0].delay = 1
        model.layers[0].signal = signal
      }
    }
    #expect(moved(nil) == "layers.[0].connections[0].plasticity")
    #expect(moved(adaptive(0)) == "layers.[0].signal.feedback")
    #expect(moved(Signal(feedback: .random(seed: 3))) == nil)
    #expect(moved(local()) == nil)
  }

  @Test func `rules keep the widths of what is not plain`() {
    func fault(_ change: (inout ThreeFactorProgram) -> Void) -> String? {
      ModelFault.rule(of: .threeFactor) { _ in
        var rule = ModelFixture.rule
        change(&rule)
        return .threeFactor(rule)
      }?.replacing("layers.[0].connections[0].", with: "")
    }
    #expect(fault { $0.secondPreDecay = 4097 } == "second pre decay")
    #expect(fault { $0.readsTraceBefore = 2 } == "reads trace before")
    #expect(fault { $0.isAppliedEachStep = -1 } == "applied each step")
    #expect(fault { $0.weightDecay = 16385 } == "weight decay")
    #expect(fault { $0.adaptationFactor = 1 } == "adaptation factor")
    let sum = Int(ModelFixture.rule.signalLimit) * (1047 + 256) * 5
    let most = Int32(((1 << 46) - 1) / sum)
    func decaying(_ gain: Int32) -> String? {
      fault {
        $0.weightDecay = 16384
        $0.gain = gain
      }
    }
    #expect(decaying(most) == nil)
    #expect(decaying(most + 1) == "gain")
  }

  @Test func `each signal comes back from its file, and adaptive weights are learned state`() throws
  {
    let signals = [
      Signal(firstStep: 2), Signal(feedback: .random(seed: .max)), local(decay: 7, multiplier: 9),
      adaptive(-512), rate(target: 9, factor: 8, shift: 7),
    ]
    for signal in signals {
      var model = ModelFixture.model
      model.layers[0].signal = signal
      #expect(try CompiledModel(reading: model.encoded()) == model)
      guard case .adaptive = signal.feedback else { continue }
      #expect(model.learnedBlocks.last?.kind == .feedback(layer: 0))
      var state = model.learnedState
      state[state.count - 1][0] = 256
      let learnt = model.replacingLearnedState(state)
      #expect(learnt.layers[0].feedbackWeights?.first == 256)
      #expect(learnt.structureDigest == model.structureDigest)
    }
  }
}
