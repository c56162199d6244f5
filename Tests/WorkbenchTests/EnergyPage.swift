import CompiledModel
import Foundation

/// Tables of `docs/ENERGY.md` that follow from the chip files.
enum EnergyPage {
  static let path = "docs/ENERGY.md"

  /// Every price of every chip.
  static func prices(_ chips: [Chip]) -> [String] {
    var table = PageTable(header: ["chip", "event", "pJ", "grade", "source"])
    for chip in chips {
      for kind in EventKind.allCases {
        let price = chip.prices[kind]
        table.rows.append([
          chip.name, kind.name, price.map { PageNumber.exact($0.picojoules) } ?? "none",
          price?.grade.rawValue ?? "", price?.source ?? "the chip cannot cause it",
        ])
      }
    }
    return table.lines
  }

  /// Every time of every chip, events first.
  static func times(_ chips: [Chip]) -> [String] {
    var table = PageTable(header: ["ns"] + chips.map(\.name))
    for kind in EventKind.allCases {
      table.rows.append([kind.name] + chips.map { nanoseconds($0.timing[kind]) })
    }
    table.rows.append(["axonIn"] + chips.map { nanoseconds($0.timing.axonInPicoseconds) })
    table.rows.append(
      ["barrier, tiles from: ns"]
        + chips.map { chip in
          chip.timing.barriers.map { "\($0.tiles): \(nanoseconds($0.picoseconds))" }
            .joined(separator: ", ")
        })
    table.rows.append(["linkBuffer, messages"] + chips.map { "\($0.timing.linkBuffer)" })
    return table.lines
  }

  /// Figures of the chips as their authors report them.
  static func published(_ chips: [Chip]) -> [String] {
    var table = PageTable(header: ["chip", "figure", "value", "unit", "grade", "source"])
    for chip in chips {
      for figure in [chip.coreArea].compactMap({ $0 }) + chip.published {
        table.rows.append([
          chip.name, figure.name, PageNumber.exact(figure.value), figure.unit,
          figure.grade.rawValue, figure.source,
        ])
      }
    }
    return table.lines
  }

  /// A run of which only the counts are known, priced by each table.
  static func job(_ chips: [Chip]) throws -> [String] {
    let counts = InferenceJob.counts
    var events = PageTable(header: ["event", "count"])
    for kind in EventKind.allCases where counts[kind.rawValue] > 0 {
      events.rows.append([kind.name, PageNumber.grouped(counts[kind.rawValue])])
    }
    let parts: [EnergyComponent] = [.synapse, .neuron, .traffic, .synchronisation]
    var table = PageTable(
      header: ["table", "uJ"] + parts.map { "\($0.rawValue) %" } + ["weakest grade"])
    for chip in chips {
      let joules = try chip.prices.joules(of: counts)
      let total = try chip.prices.totalJoules(of: counts)
      table.rows.append(
        [chip.name, PageNumber.rounded(total * 1e6)]
          + parts.map { PageNumber.rounded((joules[$0] ?? 0) / total * 100) }
          + [chip.prices.weakestGrade.rawValue])
    }
    return events.lines + [""] + table.lines
  }

  private static func nanoseconds(_ picoseconds: UInt32) -> String {
    PageNumber.exact(Double(picoseconds) / 1000)
  }
}

/// One sample of 784-512-10 over 100 steps, 5 % input, on four hidden cores of one tile and an
/// output core on the next.
enum InferenceJob {
  static let steps = 100
  static let inputSpikes = 3920
  static let hiddenSpikes = 1388
  static let hidden = 512
  static let classes = 10
  static let hiddenCores = 4

  /// Counts by kind.
  static var counts: [UInt64] {
    var counts = [UInt64](repeating: 0, count: EventKind.allCases.count)
    let updates = UInt64((hidden + classes) * steps)
    counts[EventKind.synapticOperation.rawValue] = UInt64(
      inputSpikes * hidden + hiddenSpikes * classes)
    counts[EventKind.neuronAccess.rawValue] = updates
    counts[EventKind.neuronUpdate.rawValue] = updates
    counts[EventKind.spike.rawValue] = UInt64(hiddenSpikes)
    counts[EventKind.message.rawValue] = UInt64(inputSpikes * hiddenCores + hiddenSpikes)
    // From the hidden tile to the output's; the input's spikes enter where the hidden cores are.
    counts[EventKind.hopHorizontal.rawValue] = UInt64(hiddenSpikes)
    // The output works two steps behind the input.
    counts[EventKind.step.rawValue] = UInt64(steps + 2)
    return counts
  }

  /// Milliseconds by the simple model, each step as busy as the average one: of the hidden cores'
  /// messages, which take longer than their neurons, and of barriers.
  static func milliseconds(_ timing: TimingTable) -> (core: Double, barrier: Double) {
    func time(_ kind: EventKind) -> Double { Double(timing[kind]) }
    let neurons = Double(hidden / hiddenCores)
    let taken =
      Double(inputSpikes)
      * (Double(timing.axonInPicoseconds) + neurons * time(.synapticOperation))
    let updated = neurons * Double(steps) * (time(.neuronAccess) + time(.neuronUpdate))
    let fired = Double(hiddenSpikes / hiddenCores) * (time(.spike) + time(.message))
    return (
      max(taken, updated + fired) / 1e9,
      Double(timing.barrier(activeTiles: 2)) * Double(steps + 2) / 1e9
    )
  }
}
