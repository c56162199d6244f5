import Accelerator
import ArgumentParser
import CompiledModel
import Workbench

/// `spikefleet chip replay`.
struct ChipReplayCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay",
    abstract: "Count and price what spikes recorded elsewhere cause on a mesh.",
    discussion: """
      The job names layers of leaky integrate-and-fire neurons, their weights and cores; the \
      recording says who spikes in which step of the chip. Tests/CrossCheck makes both with \
      another simulator and compares the figures. The detailed time follows spikes alone: what \
      competing neurons tell each other is no spike, and no recording has it.
      """)

  @Argument(help: "The job: layers, weights and cores (JSON).")
  var job: String

  @Option(help: "The recording: step, population, neuron (CSV).")
  var spikes: String

  @Option(help: "Chip file (YAML).")
  var chip: String

  @OptionGroup var output: OutputOptions

  func perform() async throws {
    let replay = try ReplayModel(contentsOf: job, for: try ChipFile.chip(contentsOf: chip))
    var reference = ReferenceAccelerator(replay.model)
    let account = try reference.replay(try replay.job.spikes(contentsOf: spikes))
    let figures = try ReplayFigures(account, of: replay.model)
    try output.print(figures) { Console.write($0.text) }
  }
}

/// What a replay came to.
struct ReplayFigures: Encodable {
  var chip: String
  /// By kind; kinds that did not occur are left out.
  var events: [String: UInt64]
  /// By component.
  var joules: [String: Double]
  var totalJoules: Double
  var simpleSeconds: Double
  var detailedSeconds: Double

  /// Throws for an event without a price.
  init(_ account: ReplayAccount, of model: CompiledModel) throws {
    chip = model.chip
    events = [:]
    for kind in EventKind.allCases where account.counts[kind.rawValue] > 0 {
      events[kind.name] = account.counts[kind.rawValue]
    }
    joules = [:]
    for (component, value) in try model.prices.joules(of: account.counts) {
      joules[component.rawValue] = value
    }
    totalJoules = try model.prices.totalJoules(of: account.counts)
    simpleSeconds = Double(account.picoseconds) / 1e12
    detailedSeconds = Double(account.detailedPicoseconds) / 1e12
  }

  /// The figures for a terminal.
  var text: String {
    var counts = TextTable([.text("EVENT"), .number("chip")])
    for kind in EventKind.allCases {
      if let count = events[kind.name] { counts.add([kind.name, "\(count)"]) }
    }
    var energy = TextTable([.text("ENERGY"), .number("uJ")])
    for component in EnergyComponent.allCases {
      energy.add([component.rawValue, Figure.fixed((joules[component.rawValue] ?? 0) * 1e6, 6)])
    }
    energy.add(["total", Figure.fixed(totalJoules * 1e6, 6)])
    var time = TextTable([.text("TIME"), .number("us")])
    time.add(["simple", Figure.fixed(simpleSeconds * 1e6, 3)])
    time.add(["detailed", Figure.fixed(detailedSeconds * 1e6, 3)])
    return [counts, energy, time].map { $0.lines.joined(separator: "\n") + "\n" }
      .joined(separator: "\n")
  }
}
