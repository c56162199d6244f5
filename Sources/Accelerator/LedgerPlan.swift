import CompiledModel

/// Where events and times of a sample are counted.
struct LedgerPlan: Sendable {
  /// Number of kinds of events.
  let kinds = EventKind.allCases.count

  /// Raw values of the kinds that spikes on their way count as.
  struct TrafficKinds: Sendable {
    let message = EventKind.message.rawValue
    let horizontal = EventKind.hopHorizontal.rawValue
    let vertical = EventKind.hopVertical.rawValue
    let dense = EventKind.synapticOperation.rawValue
    let sparse = EventKind.sparseOperation.rawValue
    let shared = EventKind.convolutionOperation.rawValue
  }

  let trafficKinds = TrafficKinds()
  let cores: Int
  /// Picoseconds of neurons' and of messages' work, by chip step and core.
  let neuronTimes: Block<UInt64>
  let messageTimes: Block<UInt64>
  /// Spikes and updates of neurons by core.
  let spikes: Block<UInt64>
  let updates: Block<UInt64>
  /// Other events of the sample, by core and kind; those on no core come last.
  let work: Block<UInt64>
  /// Events since the start, by core and kind.
  let coreCounts: Block<UInt64>
  let barrier: UInt64
  /// Times of one event, by kind.
  let picoseconds: Block<UInt64>
  let axonIn: UInt64

  init(_ model: CompiledModel, chipSteps: Int, _ builder: inout PlanBuilder) {
    cores = model.cores.count
    neuronTimes = builder.scratch(chipSteps * cores, of: UInt64.self)
    messageTimes = builder.scratch(chipSteps * cores, of: UInt64.self)
    spikes = builder.state(cores, of: UInt64.self)
    updates = builder.state(cores, of: UInt64.self)
    work = builder.state((cores + 1) * kinds, of: UInt64.self)
    coreCounts = builder.scratch(cores * kinds, of: UInt64.self)
    var tiles = Set<[Int]>()
    for core in model.cores { tiles.insert([core.column, core.row]) }
    barrier = UInt64(model.timing.barrier(activeTiles: tiles.count))
    picoseconds = builder.constant(EventKind.allCases.map { UInt64(model.timing[$0]) })
    axonIn = UInt64(model.timing.axonInPicoseconds)
  }
}
