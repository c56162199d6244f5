import CompiledModel
import FleetAPI
import FleetProtocol
import Foundation
import Testing
import Workbench

/// Keys are rotated under a running fleet, as an operator does it.
@Suite(.timeLimit(.minutes(5))) struct KeyRotationTests {
  private func tool(_ fleet: TestFleet, _ arguments: [String]) throws -> String {
    let outcome = try Programs.run(Programs.tool, arguments)
    guard outcome.status == 0 else {
      throw NotInTime(what: arguments.joined(separator: " "), log: outcome.errors)
    }
    return outcome.output
  }

  private func path(_ fleet: TestFleet, _ name: String) -> String {
    fleet.folder.appending(path: name).path
  }

  private func push(_ fleet: TestFleet, _ file: String) throws {
    _ = try tool(
      fleet,
      ["root", "push", path(fleet, file), "--context", path(fleet, "operator/context.yaml")])
  }

  @Test func `new online keys reach running nodes and those that were away`() async throws {
    let fleet = try TestFleet(nodes: ["node-a", "node-b"])
    try await fleet.startCoordinator()
    for node in fleet.nodes { try fleet.startAgent(node) }
    try await fleet.acceptAll()
    try await fleet.deploy(try await fleet.push())
    fleet.daemon("node-b")?.kill()
    try fleet.writeSecondRoot()
    try push(fleet, "operator/root-2.signed")
    _ = try tool(
      fleet,
      [
        "key", "rotate", "--root", path(fleet, "operator/root-2.signed"), "--out",
        path(fleet, "operator/root-3.signed"), "--sign-with", path(fleet, "operator/root.key"),
      ])
    try push(fleet, "operator/root-3.signed")
    _ = try await eventually("node-a follows", log: { fleet.logs }) {
      try await fleet.client().nodes().first { $0.name == "node-a" }?.rootVersion == 3
        ? true : nil
    }
    #expect(try await fleet.client().nodes().first?.phase == "active")
    let checks = try await fleet.client().selfTest(node: #require(Identifier("node-a")))
    let root = checks.first { $0.name == "root" }
    #expect(root?.result == "ok" && root?.detail.contains("version 3") == true, "\(checks)")
    try fleet.startAgent("node-b")
    // Signed by the new key, believed by both nodes.
    try await fleet.deploy(
      try await fleet.push(
        SmallModel.compile(
          channels: TestFleet.channels, hidden: 32, classes: TestFleet.classes, seed: 2)))
    let views = try await fleet.client().nodes()
    #expect(views.map(\.rootVersion) == [3, 3])
    let events = try await fleet.client().events(after: 0, about: "node-b", limit: 100)
    #expect(events.contains { $0.kind == "root.accepted" })
    // The old key files are not needed any more, and the coordinator restarts with the new ones.
    fleet.daemon("coordinator")?.kill()
    try await fleet.startCoordinator()
    _ = try await eventually("both are back", log: { fleet.logs }) {
      try await fleet.client().nodes().allSatisfy { $0.liveness == "online" } ? true : nil
    }
    #expect(try await fleet.client().roots().version == 3)
  }

  @Test func `a root file whose keys the coordinator lacks is refused before anyone hears`()
    async throws
  {
    let fleet = try TestFleet(nodes: ["node-a"])
    try await fleet.startCoordinator()
    try fleet.writeSecondRoot()
    try FileManager.default.removeItem(atPath: path(fleet, "coordinator/deploy-2.key"))
    let outcome = try Programs.run(
      Programs.tool,
      [
        "root", "push", path(fleet, "operator/root-2.signed"), "--context",
        path(fleet, "operator/context.yaml"),
      ])
    #expect(outcome.status == 1)
    #expect(outcome.errors.contains("deploy-key"))
    #expect(try await fleet.client().roots().version == 1)
  }

  @Test func `two publishers sign in turn where the root file asks for both`() async throws {
    let fleet = try TestFleet(nodes: ["node-a"])
    try await fleet.startCoordinator()
    try fleet.startAgent("node-a")
    try await fleet.acceptAll()
    let (first, second) = ("operator/publisher.key", "operator/publisher-2.key")
    _ = try tool(fleet, ["key", "create", path(fleet, second)])
    _ = try tool(
      fleet,
      [
        "key", "rotate", "--root", path(fleet, "coordinator/root.signed"), "--out",
        path(fleet, "operator/root-2.signed"), "--sign-with", path(fleet, "operator/root.key"),
        "--add", "publisher=\(path(fleet, second))", "--threshold", "publisher=2",
      ])
    try push(fleet, "operator/root-2.signed")
    let model = path(fleet, "two.snn")
    try Data(fleet.model.encoded()).write(to: URL(filePath: model))
    let manifest = path(fleet, "two.manifest")
    let verify = [
      "model", "verify", model, "--manifest", manifest, "--root",
      path(fleet, "operator/root-2.signed"),
    ]
    let sign = ["model", "sign", model, "--manifest", manifest, "--key"]
    _ = try tool(fleet, sign + [path(fleet, first), "--release-counter", "1"])
    let early = try Programs.run(Programs.tool, verify)
    #expect(early.status == 1)
    #expect(early.errors.contains("1 valid signatures of role publisher, 2 needed"))
    #expect(early.output.contains("refused"))
    _ = try tool(fleet, sign + [path(fleet, second)])
    #expect(try tool(fleet, verify).contains("believed"))
    let pushed = try tool(
      fleet,
      [
        "model", "push", model, "--manifest", manifest, "--context",
        path(fleet, "operator/context.yaml"),
      ])
    #expect(pushed.contains("release 1"))
    _ = try tool(
      fleet,
      [
        "deploy", fleet.model.name, "--wait", "60", "--context",
        path(fleet, "operator/context.yaml"),
      ])
  }
}
