import Accelerator
import CompiledModel
import SpikingNetwork
import Testing

/// The generator reaches what the chip can do; else tests against the oracle would prove little.
@Suite struct RandomModelTests {
  private static let seeds: Range<UInt64> = 0..<60

  @Test(arguments: RandomModel.Rule.allCases)
  func `random models are valid`(rule: RandomModel.Rule) throws {
    for seed in Self.seeds { try RandomModel.model(seed: seed, rule: rule).validate() }
  }

  @Test(arguments: RandomModel.Rule.allCases)
  func `random models run, learn and fire`(rule: RandomModel.Rule) {
    var firing = 0
    var learning = 0
    var saturating = 0
    for seed in Self.seeds {
      let model = RandomModel.model(seed: seed, rule: rule)
      var chip = ReferenceAccelerator(model)
      var hidden = 0
      for sample in 0..<UInt64(2) {
        let intensities = RandomModel.intensities(sample, channels: model.inputs, seed: seed)
        hidden += chip.infer(intensities, sample: sample).hiddenSpikes
        _ = chip.learn(
          intensities, sample: sample, label: Int(sample) % model.classes, seed: seed,
          ordinal: sample)
      }
      if hidden > 0 { firing += 1 }
      if chip.learnedState != model.learnedState { learning += 1 }
      if chip.saturations > 0 { saturating += 1 }
    }
    #expect(firing > Self.seeds.count / 2)
    #expect(rule == .none ? learning == 0 : learning > Self.seeds.count / 2)
    #expect(saturating > Self.seeds.count / 4)
  }

  @Test func `all that the chip can do appears in some random model`() {
    var seen: Set<String> = []
    for rule in RandomModel.Rule.allCases {
      for seed in Self.seeds { seen.formUnion(features(RandomModel.model(seed: seed, rule: rule))) }
    }
    let expected: Set<String> = [
      "reset none", "reset soft", "reset hard", "adaptation", "current wrap", "current saturate",
      "refractory", "no leak", "values for each", "readout", "spiking output", "several cores",
      "shared tile", "dense", "sparse", "convolution", "stride", "padding", "one to one",
      "pooling 2", "pooling 3", "delay", "recurrence", "from later", "skip", "several connections",
      "1 bits", "4 bits", "8 bits", "three-factor hidden", "three-factor recurrent",
      "three-factor readout", "post factor",
      "random feedback", "adaptive feedback", "local feedback", "rate", "burn-in", "second filter",
      "trace before",
      "each step", "weight decay", "eligibility", "long sample", "pair STDP",
      "sum of products", "SDSP", "teacher", "weights of one bit", "neurons by class",
      "phase 3", "learning 3", "learning 8", "learning 16", "competition", "homeostasis",
      "assignment", "normalisation", "competing cores",
    ]
    #expect(expected.subtracting(seen) == [])
  }

  @Test(arguments: RandomModel.Rule.allCases)
  func `the oracle sends spikes where the routing table says`(rule: RandomModel.Rule) {
    for seed in Self.seeds {
      let model = RandomModel.model(seed: seed, rule: rule)
      var cores = [[[Int]]]()
      for source in [nil] + model.layers.indices.map({ Int?($0) }) {
        let size = source.map { model.layers[$0].size } ?? model.inputs
        cores.append([[Int]](repeating: [], count: size))
      }
      for route in RoutingTable(of: model).routes {
        for neuron in route.neurons {
          cores[route.source.map { $0 + 1 } ?? 0][neuron] = route.cores
        }
      }
      #expect(ReferenceAccelerator(model).destinations == cores, "seed \(seed)")
    }
  }

  private func features(_ model: CompiledModel) -> Set<String> {
    var seen: Set<String> = [model.hasReadout ? "readout" : "spiking output"]
    if model.steps > 32 { seen.insert("long sample") }
    if Set(model.cores.map { [$0.column, $0.row] }).count < model.cores.count {
      seen.insert("shared tile")
    }
    for (index, layer) in model.layers.enumerated() {
      seen.insert("phase \(layer.phase)")
      if model.cores.count(where: { $0.layer == index }) > 1 { seen.insert("several cores") }
      if layer.connections.count > 1 { seen.insert("several connections") }
      if layer.teacher != nil { seen.insert("teacher") }
      seen.formUnion(features(model.signal(of: index)))
      if layer.assignment != nil { seen.insert("assignment") }
      if layer.homeostasis != nil { seen.insert("homeostasis") }
      if case .spiking(let program) = layer.neurons, program.competition != nil {
        seen.insert("competition")
        if model.cores.count(where: { $0.layer == index }) > 1 { seen.insert("competing cores") }
      }
      seen.formUnion(features(layer.neurons, model.arithmetic))
      for connection in layer.connections {
        seen.formUnion(features(connection, to: index, of: model))
      }
    }
    return seen
  }

  private func features(_ signal: LearningSignalProgram) -> Set<String> {
    var seen: Set<String> = []
    if signal.firstStep > 0 { seen.insert("burn-in") }
    if signal.rate != nil { seen.insert("rate") }
    switch signal.feedback {
    case .symmetric: break
    case .adaptive: seen.insert("adaptive feedback")
    case .random: seen.insert("random feedback")
    case .local: seen.insert("local feedback")
    }
    return seen
  }

  private func features(_ rule: ThreeFactorProgram) -> Set<String> {
    var seen: Set<String> = []
    if rule.postFactor != 0 { seen.insert("post factor") }
    if rule.secondPreDecay != 0 { seen.insert("second filter") }
    if rule.readsTraceBefore == 1, rule.postFactor != 0 { seen.insert("trace before") }
    if rule.isAppliedEachStep == 1 { seen.insert("each step") }
    if rule.weightDecay != 0 { seen.insert("weight decay") }
    if rule.adaptationFactor != 0 { seen.insert("eligibility") }
    return seen
  }

  private func features(
    _ neurons: NeuronProgram, _ arithmetic: StateArithmetic
  ) -> Set<String> {
    var seen: Set<String> = []
    if neurons.membrane.currentDecay != nil {
      seen.insert("current \(arithmetic.currentOverflow)")
    }
    guard case .spiking(let program) = neurons else { return seen }
    seen.insert("reset \(program.reset)")
    if program.membrane.decay == 4096 { seen.insert("no leak") }
    if program.adaptation != nil { seen.insert("adaptation") }
    if program.refractorySteps > 0 { seen.insert("refractory") }
    if !program.threshold.isShared { seen.insert("values for each") }
    return seen
  }

  private func features(
    _ connection: CompiledConnection, to layer: Int, of model: CompiledModel
  ) -> Set<String> {
    var seen: Set<String> = ["\(connection.precision.rawValue) bits"]
    if connection.delay > 0 { seen.insert("delay") }
    if connection.normalisation != nil { seen.insert("normalisation") }
    if connection.source == layer { seen.insert("recurrence") }
    if (connection.source ?? -1) > layer { seen.insert("from later") }
    if (connection.source ?? -1) < layer - 1 { seen.insert("skip") }
    if let pooling = connection.pooling { seen.insert("pooling \(pooling.window)") }
    switch connection.layout {
    case .dense: seen.insert("dense")
    case .sparse: seen.insert("sparse")
    case .oneToOne: seen.insert("one to one")
    case .convolution(let shape):
      seen.insert("convolution")
      if shape.stride > 1 { seen.insert("stride") }
      if shape.padding > 0 { seen.insert("padding") }
    }
    switch connection.plasticity {
    case nil: return seen
    case .program(let program)?:
      seen.insert(program.pairForm != nil ? "pair STDP" : "sum of products")
    case .sdsp?: seen.insert("SDSP")
    case .edge?:
      seen.insert("weights of one bit")
      if model.layers[layer].neuronsPerClass > 1 { seen.insert("neurons by class") }
    case .threeFactor(let rule)?:
      let isReadout = model.hasReadout && layer == model.layers.count - 1
      seen.insert("three-factor " + (isReadout ? "readout" : "hidden"))
      if connection.source == layer { seen.insert("three-factor recurrent") }
      seen.formUnion(features(rule))
    }
    seen.insert("learning \(model.arithmetic.learningWeightBits)")
    return seen
  }
}
