import CKernels
import CompiledModel
import SpikingNetwork

/// How a chip runs a model and where in its memory: made once, shared by copies of the chip.
final class ChipPlan: Sendable {
  let model: CompiledModel
  let constants: ChipMemory
  let resting: MemoryMap
  /// What input spikes are drawn from, where chance decides them.
  let draws: CounterRandom?
  /// Levels of intensities; nil for those of Bernoulli.
  let levelTable: Block<UInt16>?
  /// Decides the spikes of a whole sample, where chance does not.
  let sampleEncoder: SampleEncoder?
  /// Connections of an input of direct current, with the layers that they drive.
  let direct: DirectPlan?
  /// Levels of the channels of a sample, and their groups of 32 that are not silent.
  let levels: Block<UInt16>
  let levelBlocks: Block<Int32>
  let steps: Int
  /// The input, then the layers.
  let populations: PlanTable<PopulationPlan>
  let layers: PlanTable<LayerPlan>
  /// Those of a layer next to each other.
  let connections: PlanTable<ConnectionPlan>
  let arrivals: PlanTable<ArrivalPlan>
  let ledger: LedgerPlan
  /// One for each class, or for each neuron of a readout.
  let scores: Block<Int64>
  let scoreCount: Int
  /// Neurons of the readout that stand for one class.
  let neuronsPerClass: Int
  let errors: ErrorPlan?
  /// First step whose errors change the readout's weights.
  let readoutFirstStep: Int
  /// Layers that errors come back to.
  let takers: PlanTable<FeedbackPlan>
  /// Connections that learn, in the model's order, and those of each rule.
  let plastic: PlanTable<PlasticPlan>
  let threeFactor: PlanTable<ThreeFactorPlan>
  /// Programs that are pair STDP, and all others.
  let pairSTDP: PlanTable<PairPlan>
  let programs: PlanTable<ProgramPlan>
  let sdsp: PlanTable<SDSPPlan>
  /// The readout that learns by weights of one bit, in a table of at most one.
  let edge: PlanTable<EdgePlan>
  let normalisations: PlanTable<NormalisationPlan>
  let assignment: AssignmentPlan?
  /// Layers whose thresholds outlive samples.
  let homeostatic: [Int]
  /// Whether a sample that is learnt takes a chip step more, after its spikes.
  let finishesSamples: Bool
  let phaseMax: Int
  let hasReadout: Bool
  /// Whether a sample is inferred first, as it gives itself away while it is learnt.
  let judgesFirst: Bool
  /// Whether what was judged right then is not learnt.
  let learnsFromMistakesOnly: Bool
  /// Whether weights change within a sample, so that its logical steps do not overlap.
  let learnsWithinSamples: Bool
  let learnsLocally: Bool
  /// Whether a sample that is learnt ends with a visit of its own.
  let hasEndTerms: Bool
  /// Cores that are told of the reward, and those of them that are told of none as well.
  let rewardCores: (all: [Int], withMean: [Int])
  /// Layers with a running mean of rewards.
  let rewardMeans: [RewardMeanPlan]

  /// Also makes the memory of a first chip, at rest and with the model's weights.
  init(_ model: CompiledModel, firstMemory: (PlanBuilder) -> Void) {
    var builder = PlanBuilder()
    self.model = model
    steps = model.steps
    draws = model.input.seed.map { CounterRandom(seed: $0, purpose: .encoder) }
    levelTable = model.input.levels.map { builder.constant($0) }
    sampleEncoder = model.input.sampleRule.map { SampleEncoder($0, steps: model.steps) }
    let channels = PlanBuilder.padded(model.inputs)
    levels = builder.scratch(channels, of: UInt16.self)
    levelBlocks = builder.scratch(channels / 32, of: Int32.self)
    phaseMax = model.layers.map(\.phase).max() ?? 0
    hasReadout = model.hasReadout
    learnsWithinSamples = model.learnsWithinSamples
    judgesFirst = model.layers.last?.teacher != nil || learnsWithinSamples
    learnsFromMistakesOnly = model.layers.last?.teacher?.onMistakes == true
    scoreCount = model.scoreCount
    neuronsPerClass = model.layers.last?.neuronsPerClass ?? 1
    scores = builder.state(PlanBuilder.padded(scoreCount), of: Int64.self)
    ledger = LedgerPlan(model, chipSteps: model.chipStepsMax, &builder)

    var layers: [LayerPlan] = []
    var connections: [ConnectionPlan] = []
    var plastic: [PlasticPlan] = []
    for index in model.layers.indices {
      let first = connections.count
      for place in model.layers[index].connections.indices {
        let connection = CompiledModel.ConnectionIndex(layer: index, connection: place)
        let learns = PlasticPlan(model, connection, number: first + place, &builder)
        if let learns { plastic.append(learns) }
        connections.append(ConnectionPlan(model, connection, learns, &builder))
      }
      layers.append(LayerPlan(model, index, connections: &connections[first...], &builder))
    }
    direct = model.input == .directCurrent ? DirectPlan(model, connections, &builder) : nil
    self.layers = PlanTable(layers)
    self.connections = PlanTable(connections)
    arrivals = PlanTable(connections.map { ArrivalPlan($0, model, &builder) })
    self.plastic = PlanTable(plastic)
    let rules = RulePlans(plastic, model, &builder)
    threeFactor = PlanTable(rules.threeFactor)
    pairSTDP = PlanTable(rules.pairSTDP)
    programs = PlanTable(rules.programs)
    sdsp = PlanTable(rules.sdsp)
    edge = PlanTable(rules.edge)
    hasEndTerms = rules.programs.contains { $0.end.termCount > 0 }
    rewardCores = model.rewardCores
    rewardMeans = RewardMeanPlan.plans(model, &builder)
    normalisations = PlanTable(NormalisationPlan.plans(plastic, model, &builder))
    assignment = AssignmentPlan(model, &builder)
    homeostatic = layers.indices.filter { layers[$0].homeostasis != nil }
    finishesSamples =
      !homeostatic.isEmpty || assignment != nil || !rules.edge.isEmpty
      || normalisations.indices.count > 0
    populations = PlanTable(
      (0...model.layers.count).map { PopulationPlan(model, source: $0, &builder) })
    learnsLocally = plastic.contains { $0.rule.isLocal }
    readoutFirstStep = Int(model.layers.last?.signal?.firstStep ?? 0)
    errors = !rules.threeFactor.isEmpty ? ErrorPlan(readoutOf: model, &builder) : nil
    takers = PlanTable(
      layers.indices.filter { layers[$0].takesErrors }
        .map { FeedbackPlan(model, layer: $0, connections, &builder) })
    resting = builder.resting
    constants = builder.makeConstants()
    firstMemory(builder)
  }
}

/// What the connections that learn need beside their weights, by rule.
private struct RulePlans {
  var threeFactor: [ThreeFactorPlan] = []
  var pairSTDP: [PairPlan] = []
  var programs: [ProgramPlan] = []
  var sdsp: [SDSPPlan] = []
  var edge: [EdgePlan] = []

  init(_ plastic: [PlasticPlan], _ model: CompiledModel, _ builder: inout PlanBuilder) {
    for plastic in plastic {
      switch plastic.rule {
      case .threeFactor(let rule):
        threeFactor.append(ThreeFactorPlan(plastic, rule, model, &builder))
      case .program(let program):
        if let pair = program.pairForm {
          pairSTDP.append(PairPlan(plastic, pair, &builder))
        } else {
          let step = model.weightStep(of: plastic.index)
          programs.append(ProgramPlan(plastic, program, step: step, &builder))
        }
      case .sdsp(let rule): sdsp.append(SDSPPlan(plastic, rule, &builder))
      case .edge(let rule): edge.append(EdgePlan(plastic, rule, model, &builder))
      }
    }
  }
}

extension CompiledModel {
  /// Most chip steps of a sample, learnt or not.
  fileprivate var chipStepsMax: Int {
    let phaseMax = layers.map(\.phase).max() ?? 0
    return learnsWithinSamples ? steps * (phaseMax + 2) : steps + phaseMax + 2
  }
}

extension NormalisationPlan {
  fileprivate static func plans(
    _ plastic: [PlasticPlan], _ model: CompiledModel, _ builder: inout PlanBuilder
  ) -> [NormalisationPlan] {
    plastic.compactMap { plastic in
      model[plastic.index].normalisation.map {
        NormalisationPlan(plastic, target: $0, &builder)
      }
    }
  }
}

/// A source of spikes: the input or a layer.
struct PopulationPlan: Sendable {
  let size: Int
  /// Words of a set of its neurons.
  let words: Int
  /// Steps whose spikes are kept for connections with delays.
  let depth: Int
  /// By kept step: sets, lists and numbers of spikes.
  let bits: Block<UInt64>
  let lists: Block<Int32>
  let listStride: Int
  let counts: Block<Int32>
  let traffic: TrafficPlan
  /// Chip steps by which its spikes leave behind the input's.
  let phase: Int

  init(_ model: CompiledModel, source: Int, _ builder: inout PlanBuilder) {
    let layer = source == 0 ? nil : source - 1
    size = layer.map { model.layers[$0].size } ?? model.inputs
    phase = layer.map { model.layers[$0].phase } ?? 0
    let delays = model.layers.flatMap { $0.connections.filter { $0.source == layer } }.map(\.delay)
    depth = (delays.max() ?? 0) + 1
    words = PlanBuilder.padded(size) / 64
    bits = builder.state(depth * words, of: UInt64.self)
    // Kernels that list spikes may write up to 64 places too far.
    listStride = words * 64 + 64
    lists = builder.scratch(depth * listStride, of: Int32.self)
    counts = builder.state(depth, of: Int32.self)
    traffic = TrafficPlan(model, source: layer, &builder)
  }
}

extension CompiledModel {
  /// Cores of layers with a rule that reads the reward, rising.
  fileprivate var rewardCores: (all: [Int], withMean: [Int]) {
    let readers = layers.indices.filter { readsReward($0) }
    return (
      readers.flatMap { Array(coreRange(of: $0)) },
      readers.filter { layers[$0].rewardMean != nil }.flatMap { Array(coreRange(of: $0)) }
    )
  }
}

extension PlasticityProgram {
  /// Whether it needs nothing but what source and target know.
  var isLocal: Bool {
    if case .threeFactor = self { return false }
    return true
  }
}
