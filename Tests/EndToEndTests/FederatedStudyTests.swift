import CompiledModel
import Foundation
import SensorData
import SpikingNetwork
import Testing
import Workbench

/// `spikefleet simulate federate` as a person runs it, and kills it.
@Suite(.serialized, .timeLimit(.minutes(5))) struct FederatedStudyTests {
  private let folder: String
  private static let rounds = 6

  init() throws {
    folder =
      FileManager.default.temporaryDirectory
      .appending(path: "spikefleet-study-\(UUID().uuidString.lowercased())").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let model = try SmallModel.compile(channels: 64, hidden: 48, classes: 5, seed: 2)
    try Data(model.encoded()).write(to: URL(filePath: folder + "/base.snn"))
    for (name, count, firstID) in [("samples", 900, UInt64(0)), ("held-out", 300, 50_000)] {
      try SampleFolder.write(
        SmallModel.samples(count: count, channels: 64, classes: 5, seed: 4, firstID: firstID),
        to: folder + "/" + name)
    }
    let job = """
      name: evening
      rounds: \(Self.rounds)
      samplesPerRound: 600
      seed: 3
      strategy: {name: fedavgm, momentum: 0.2}
      compression: top-k 100
      """
    try Data(job.utf8).write(to: URL(filePath: folder + "/job.yaml"))
  }

  private func arguments(_ out: String, _ more: [String] = []) -> [String] {
    [
      "simulate", "federate", folder + "/job.yaml", "--model", folder + "/base.snn", "--data",
      folder + "/samples", "--check", folder + "/held-out", "--nodes", "8", "--partition",
      "dirichlet:0.5", "--out", folder + "/" + out, "-o", "json",
    ] + more
  }

  private struct Summary: Decodable, Equatable {
    var rounds: Int
    var nodes: Int
    var baseAccuracy: Double
    var accuracy: Double
    var joules: Double
    var bytesUp: UInt64
    var model: String
  }

  private func summary(_ out: String) throws -> Summary {
    let outcome = try Programs.run(Programs.tool, arguments(out))
    #expect(outcome.status == 0, "\(outcome.errors)")
    return try JSONDecoder().decode(Summary.self, from: Data(outcome.output.utf8))
  }

  /// Starts the study and kills it when `isTime` says so, or at its end.
  private func runAndKill(_ out: String, when isTime: @escaping () -> Bool) async throws {
    let process = Process()
    process.executableURL = URL(filePath: Programs.tool)
    process.arguments = arguments(out)
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    _ = try await eventually("a time to kill") {
      isTime() || !process.isRunning ? true : nil
    }
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
  }

  private func lines(_ out: String) -> Int {
    let data = FileManager.default.contents(atPath: "\(folder)/\(out)/rounds.csv") ?? Data()
    return data.count { $0 == 0x0A }
  }

  private func blobs(_ out: String) -> Int {
    do {
      return try FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(out)/blobs").count
    } catch {
      return 0
    }
  }

  @Test func `a study that is killed again and again comes to the same bytes`() async throws {
    let whole = try summary("whole")
    #expect(whole.rounds == Self.rounds && whole.nodes == 8)
    #expect(whole.accuracy > whole.baseAccuracy + 10)
    // Before the first round, between rounds, and inside them: updates appear while nodes train.
    try await runAndKill("killed") { blobs("killed") > 0 }
    for round in 1..<Self.rounds {
      try await runAndKill("killed") { lines("killed") > round + 1 }
      let settled = blobs("killed")
      try await runAndKill("killed") { blobs("killed") > settled + 2 }
    }
    let killed = try summary("killed")
    #expect(killed == whole)
    for file in ["rounds.csv", "nodes.csv", "accuracy.svg", "accuracy-per-joule.svg", "model.snn"] {
      let (found, expected) = (
        FileManager.default.contents(atPath: "\(folder)/killed/\(file)"),
        FileManager.default.contents(atPath: "\(folder)/whole/\(file)")
      )
      #expect(found != nil && found == expected, "\(file)")
    }
    let again = try Programs.run(Programs.tool, arguments("whole", ["--seed", "4"]))
    #expect(again.status == 1)
    #expect(again.errors.contains("study.json: `job.seed`: found `3`"))
  }

  @Test(arguments: [
    (["--nodes", "901"], "partition `dirichlet:0.5`: samples is 900"),
    (["--partition", "labels:0-4/9"], "samples of node 2 is none"),
    (["--model", "samples/images.idx"], "images.idx"),
    (["--compression", "top-k"], "--compression"),
    (["--strategy", "krum", "--parameter", "byzantine=4"], "with 8 reports"),
    (["--poisoned", "9"], "--poisoned"),
    (["--dropout", "-1"], "--dropout"),
    (["--check", "1.5"], "--check"),
  ])
  func `wrong inputs are refused by name, and nothing is begun`(
    more: [String], words: String
  ) throws {
    let changed = more.map { $0.hasSuffix(".idx") ? folder + "/" + $0 : $0 }
    let outcome = try Programs.run(Programs.tool, arguments("wrong", changed))
    #expect(outcome.status != 0)
    #expect(outcome.errors.contains(words), "\(outcome.errors)")
    #expect(outcome.output.isEmpty)
    #expect(!FileManager.default.fileExists(atPath: folder + "/wrong/rounds.csv"))
  }

  @Test func `studies run as the page shows them`() throws {
    let page = try String(
      contentsOfFile: SmallModel.packageFile("docs/FEDERATION.md"), encoding: .utf8)
    let commands = try #require(TourTests.block("study", of: page))
    let programs = URL(filePath: Programs.tool).deletingLastPathComponent().path
    let outcome = try Programs.run(
      "/bin/bash",
      ["-c", "set -euo pipefail; cd '\(folder)'; PATH='\(programs)':\"$PATH\"\n\(commands)"])
    #expect(outcome.status == 0, "\(outcome.output)\n\(outcome.errors)")
    for words in ["3 rounds on 20 nodes", "pooled on one chip", "poisoned: node-", "median"] {
      #expect(outcome.output.contains(words), "\(words) in\n\(outcome.output)")
    }
    #expect(outcome.errors.contains("round 3/3: "))
  }

  @Test func `samples are split to folders by the same partitions`() throws {
    let outcome = try Programs.run(
      Programs.tool,
      [
        "data", "split", folder + "/samples", "--partition", "shards:1", "--nodes", "5", "--to",
        folder + "/parts",
      ])
    #expect(outcome.status == 0, "\(outcome.errors)")
    for node in 1...5 {
      let part = try SampleFolder.read("\(folder)/parts/node-\(node)")
      #expect(part.count == 180 && Set(part.labels).count == 1)
    }
    let both = try Programs.run(
      Programs.tool,
      [
        "data", "split", folder + "/samples", "--partition", "uniform", "--owns", "0-4", "--nodes",
        "5", "--to", folder + "/other",
      ])
    #expect(both.status != 0 && both.errors.contains("--owns and --partition"))
  }
}
