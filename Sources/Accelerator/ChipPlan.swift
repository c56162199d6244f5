import CKernels
import CompiledModel
import SpikingNetwork

/// How a chip runs a model and where in its memory: made once, shared by copies of the chip.
final class ChipPlan: Sendable {
  let model: CompiledModel
  let constants: ChipMemory
  let resting: MemoryMap
  let encoder: CounterRandom
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
  let scores: Block<Int64>
  let errors: ErrorPlan?
  /// Layers that errors come back to.
  let takers: PlanTable<FeedbackPlan>
  /// Connections that learn, in the model's order, and those of each rule.
  let plastic: PlanTable<PlasticPlan>
  let threeFactor: PlanTable<ThreeFactorPlan>
  let pairSTDP: PlanTable<PairPlan>
  let sdsp: PlanTable<SDSPPlan>
  let phaseMax: Int
  let hasReadout: Bool
  let hasTeacher: Bool
  let learnsLocally: Bool

  /// Also makes the memory of a first chip, at rest and with the model's weights.
  init(_ model: CompiledModel, firstMemory: (PlanBuilder) -> Void) {
    var builder = PlanBuilder()
    self.model = model
    steps = model.steps
    switch model.input {
    case .bernoulli(let seed): encoder = CounterRandom(seed: seed, purpose: .encoder)
    }
    let channels = PlanBuilder.padded(model.inputs)
    levels = builder.scratch(channels, of: UInt16.self)
    levelBlocks = builder.scratch(channels / 32, of: Int32.self)
    phaseMax = model.layers.map(\.phase).max() ?? 0
    hasReadout = model.hasReadout
    hasTeacher = model.layers.last?.teacher != nil
    scores = builder.state(PlanBuilder.padded(model.classes), of: Int64.self)
    ledger = LedgerPlan(model, chipSteps: model.steps + phaseMax + 2, &builder)

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
    self.layers = PlanTable(layers)
    self.connections = PlanTable(connections)
    arrivals = PlanTable(connections.map { ArrivalPlan($0, model, &builder) })
    self.plastic = PlanTable(plastic)
    var threeFactor: [ThreeFactorPlan] = []
    var pairSTDP: [PairPlan] = []
    var sdsp: [SDSPPlan] = []
    for plastic in plastic {
      switch plastic.rule {
      case .threeFactor(let rule):
        threeFactor.append(ThreeFactorPlan(plastic, rule, steps: model.steps, &builder))
      case .pairSTDP(let rule): pairSTDP.append(PairPlan(plastic, rule, &builder))
      case .sdsp(let rule): sdsp.append(SDSPPlan(plastic, rule, &builder))
      }
    }
    self.threeFactor = PlanTable(threeFactor)
    self.pairSTDP = PlanTable(pairSTDP)
    self.sdsp = PlanTable(sdsp)
    populations = PlanTable(
      (0...model.layers.count).map { PopulationPlan(model, source: $0, &builder) })
    learnsLocally = plastic.contains { $0.rule.isLocal }
    errors = !threeFactor.isEmpty ? ErrorPlan(model, &builder) : nil
    takers = PlanTable(
      layers.indices.filter { layers[$0].takesErrors }
        .map { FeedbackPlan(model, layer: $0, connections, &builder) })
    resting = builder.resting
    constants = builder.makeConstants()
    firstMemory(builder)
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

extension PlasticityProgram {
  /// Whether it needs nothing but what source and target know.
  var isLocal: Bool {
    if case .threeFactor = self { return false }
    return true
  }
}
