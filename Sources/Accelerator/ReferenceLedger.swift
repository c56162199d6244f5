import CompiledModel

/// Events and time of samples as the oracle counts them: by kind, by core, by chip step.
struct ReferenceLedger {
  /// Counts by kind and picoseconds of a kind of work.
  struct Total {
    var counts = [UInt64](repeating: 0, count: EventKind.allCases.count)
    var picoseconds: UInt64 = 0
  }

  private let timing: TimingTable
  private let cores: [PlacedCore]
  private let port: CompiledModel.MeshPlace
  /// Events and time since the start without learning.
  private(set) var inference = Total()
  /// Events and time since the start while learning.
  private(set) var learning = Total()
  /// Events since the start, `[core][kind]`.
  private(set) var coreCounts: [[UInt64]]

  private var sample = Total()
  /// Picoseconds of the sample, `[chip step][core]`.
  private var neuronTimes: [[UInt64]] = []
  private var messageTimes: [[UInt64]] = []

  init(_ model: CompiledModel) {
    timing = model.timing
    cores = model.cores
    port = model.port
    let kinds = [UInt64](repeating: 0, count: EventKind.allCases.count)
    coreCounts = model.cores.map { _ in kinds }
  }

  /// Starts a sample of so many chip steps.
  mutating func begin(chipSteps: Int) {
    sample = Total()
    sample.counts[EventKind.step.rawValue] = UInt64(chipSteps)
    let idle = [UInt64](repeating: 0, count: cores.count)
    neuronTimes = [[UInt64]](repeating: idle, count: chipSteps)
    messageTimes = neuronTimes
  }

  /// Ends the sample and adds it to one of the totals.
  mutating func end(isLearning: Bool) {
    for step in neuronTimes.indices {
      sample.picoseconds += stepTime(neurons: neuronTimes[step], messages: messageTimes[step])
    }
    var total = isLearning ? learning : inference
    for kind in total.counts.indices { total.counts[kind] += sample.counts[kind] }
    total.picoseconds += sample.picoseconds
    if isLearning { learning = total } else { inference = total }
  }

  /// Length of a chip step: neurons and messages are worked on side by side, each kind until its
  /// busiest core is done, then comes the barrier.
  private func stepTime(neurons: [UInt64], messages: [UInt64]) -> UInt64 {
    max(neurons.max() ?? 0, messages.max() ?? 0)
      + UInt64(timing.barrier(activeTiles: activeTiles))
  }

  private var activeTiles: Int {
    Set(cores.map { [$0.column, $0.row] }).count
  }

  /// Counts events of a core's neurons, traces and weights.
  mutating func work(_ kind: EventKind, _ number: Int, core: Int, step: Int) {
    count(kind, number, core: core)
    neuronTimes[step][core] += UInt64(number) * UInt64(timing[kind])
  }

  /// Counts events that a message which was taken in gives rise to.
  mutating func answer(_ kind: EventKind, _ number: Int, core: Int, step: Int) {
    count(kind, number, core: core)
    messageTimes[step][core] += UInt64(number) * UInt64(timing[kind])
  }

  /// Counts a message from a core, or from the port, to a core, with its hops.
  mutating func message(_ kind: EventKind, from sender: Int?, to receiver: Int, step: Int) {
    var place = port
    if let sender {
      place = CompiledModel.MeshPlace(column: cores[sender].column, row: cores[sender].row)
      neuronTimes[step][sender] += UInt64(timing[kind])
    }
    count(kind, 1, core: sender)
    count(.hopHorizontal, abs(cores[receiver].column - place.column), core: sender)
    count(.hopVertical, abs(cores[receiver].row - place.row), core: sender)
    messageTimes[step][receiver] += UInt64(timing.axonInPicoseconds)
  }

  private mutating func count(_ kind: EventKind, _ number: Int, core: Int?) {
    sample.counts[kind.rawValue] += UInt64(number)
    if let core { coreCounts[core][kind.rawValue] += UInt64(number) }
  }
}
