import CompiledModel

/// Events and times of one sample: counts by kind, picoseconds by core and chip step.
///
/// A step lasts as long as its busiest core, then the barrier.
struct Ledger: Sendable {
  private(set) var counts = [UInt64](repeating: 0, count: EventKind.allCases.count)
  private var busy: [UInt64]
  private var chipSteps = 0
  private let cores: Int
  private let timing: TimingTable
  private let barrier: UInt64

  init(_ model: CompiledModel) {
    cores = model.cores.count
    timing = model.timing
    busy = []
    var tiles: [CompiledModel.MeshPlace] = []
    for core in model.cores {
      let tile = CompiledModel.MeshPlace(column: core.column, row: core.row)
      if !tiles.contains(tile) { tiles.append(tile) }
    }
    barrier = UInt64(timing.barrier(activeTiles: tiles.count))
  }

  /// Starts a sample of so many chip steps.
  mutating func begin(chipSteps: Int) {
    for index in counts.indices { counts[index] = 0 }
    self.chipSteps = chipSteps
    let size = chipSteps * cores
    if busy.count == size {
      for index in busy.indices { busy[index] = 0 }
    } else {
      busy = [UInt64](repeating: 0, count: size)
    }
    counts[EventKind.step.rawValue] = UInt64(chipSteps)
  }

  /// Counts events that take a core's time in a chip step.
  mutating func count(_ kind: EventKind, _ number: Int, core: Int, step: Int) {
    counts[kind.rawValue] += UInt64(number)
    busy[step * cores + core] += UInt64(number) * UInt64(timing[kind])
  }

  /// Counts events that take no core's time.
  mutating func count(_ kind: EventKind, _ number: Int) {
    counts[kind.rawValue] += UInt64(number)
  }

  /// Charges a core for messages that it takes in.
  mutating func receive(_ messages: Int, core: Int, step: Int) {
    busy[step * cores + core] += UInt64(messages) * UInt64(timing.axonInPicoseconds)
  }

  /// Picoseconds of the sample.
  func picoseconds() -> UInt64 {
    var sum = UInt64(chipSteps) * barrier
    for step in 0..<chipSteps { sum += busy[step * cores..<(step + 1) * cores].max() ?? 0 }
    return sum
  }
}
