import CompiledModel
import FleetAPI
import FleetCore
import Foundation
import SensorData
import SpikingNetwork
import Testing
import Workbench

/// A class that nobody thought of reaches running agents, and is learnt where it is seen.
@Suite(.serialized, .timeLimit(.minutes(5))) struct AddedClassDeploymentTests {
  private func stream(_ node: Int, _ labels: Range<Int>) -> LabelledSamples {
    let all = TestFleet.stream(node: node)
    return all.selecting((0..<all.count).filter { labels.contains(Int(all.labels[$0])) })
  }

  private func job(
    _ name: String, _ model: ContentDigest, on node: String, rounds: UInt32, _ fleet: TestFleet
  ) async throws -> JobView {
    let answer = try await fleet.client().startJob(
      JobSpecification(
        name: name, model: model.hex, rounds: rounds, samplesPerRound: 40, nodes: [node],
        minimumReports: 1, deadlineMilliseconds: 60_000, attemptsMax: 2, maxRegression: 100,
        seed: 5),
      requestID: FleetClient.newRequestID())
    #expect(answer.done, "\(answer)")
    return try await fleet.endOfJob(name)
  }

  private func tool(_ arguments: [String]) throws -> String {
    let outcome = try Programs.run(Programs.tool, arguments)
    try #require(outcome.status == 0, "\(arguments): \(outcome.errors)")
    return outcome.output
  }

  @Test func `running agents take a class more, and one of them learns it`() async throws {
    let nine = try SmallModel.compile(
      channels: TestFleet.channels, hidden: 32, classes: 9, seed: 1)
    let fleet = try TestFleet(nodes: ["north", "south"], model: nine)
    // The south sees nothing but the class that the model does not have.
    for (index, node) in fleet.nodes.enumerated() {
      try SampleFolder.write(
        stream(index, index == 0 ? 0..<9 : 9..<10),
        to: fleet.folder.appending(path: "agents/\(node)/stream").path)
    }
    try SampleFolder.write(
      stream(2, 0..<9), to: fleet.folder.appending(path: "coordinator/check").path)
    let coordinator = try await fleet.startCoordinator()
    let agents = try fleet.nodes.map { try fleet.startAgent($0) }
    try await fleet.acceptAll()

    let first = try await fleet.push()
    try await fleet.deploy(first)
    let refused = try await job("too-few", first, on: "south", rounds: 1, fleet)
    #expect(refused.state == "failed", "\(refused)")
    #expect(
      refused.rounds.flatMap(\.participants).contains { $0.code == "stream-labels" }, "\(refused)")
    let learnt = try await job("nine", first, on: "north", rounds: 4, fleet)
    #expect(learnt.state == "finished", "\(learnt.detail)\n\(fleet.logs)")

    let context = fleet.folder.appending(path: "operator/context.yaml").path
    let (before, after) = (
      fleet.folder.appending(path: "nine.snn").path, fleet.folder.appending(path: "ten.snn").path
    )
    _ = try tool([
      "model", "pull", learnt.currentModel, "--out", before, "--context", context,
    ])
    let added = [
      "model", "add-class", before, "--name", "ten", "--out", after, "--chip",
      SmallModel.packageFile("fleet-configs/chips/loihi-learn.yaml"),
    ]
    #expect(try tool(added).contains("added class 9 to ten with weights of 0"))
    let small = try CompiledModel(reading: [UInt8](Data(contentsOf: URL(filePath: before))))
    let ten = try CompiledModel(reading: [UInt8](Data(contentsOf: URL(filePath: after))))
    #expect(ten.classes == 10 && ten.layers[0].connections == small.layers[0].connections)

    let second = try await fleet.push(ten)
    try await fleet.deploy(second)
    let taught = try await job("ten", second, on: "south", rounds: 3, fleet)
    #expect(taught.state == "finished", "\(taught.detail)\n\(fleet.logs)")
    // All that the south has is the new class: what it reports is the accuracy on that.
    let reports = taught.rounds.flatMap(\.participants).compactMap(\.accuracy)
    #expect(reports.count == 3 && reports[2] > 80 && reports[2] > reports[0], "\(reports)")

    // The same processes throughout.
    for daemon in agents + [coordinator] {
      #expect(daemon.isRunning)
      #expect(try await daemon.stop() == 0, "\(daemon.log)")
    }
  }

  @Test func `a compiled model is enlarged for its chip alone`() throws {
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "spikefleet-test-\(UUID().uuidString.lowercased())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let model = try SmallModel.compile(channels: 12, hidden: 6, classes: 3, seed: 1)
    let path = folder.appending(path: "model.snn").path
    try Data(model.encoded()).write(to: URL(filePath: path))
    let out = folder.appending(path: "larger.snn").path
    let bare = try Programs.run(Programs.tool, ["model", "add-class", path, "--out", out])
    #expect(bare.status != 0 && bare.errors.contains("--chip"), "\(bare)")
    let other = try Programs.run(
      Programs.tool,
      [
        "model", "add-class", path, "--out", out, "--chip",
        SmallModel.packageFile("fleet-configs/chips/odin.yaml"),
      ])
    #expect(other.status != 0 && other.errors.contains("loihi-learn"), "\(other)")
    #expect(!FileManager.default.fileExists(atPath: out))
  }
}
