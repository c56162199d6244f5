import FleetAPI
import FleetCore
import FleetProtocol
import Foundation
import Testing
import Workbench
import ZeroMQTransport

/// Nodes that come and go, as real processes.
@Suite(.serialized, .timeLimit(.minutes(5))) struct NodeLifeTests {
  @Test func `a node changes its key, tells of itself, and is revoked`() async throws {
    let fleet = try TestFleet(nodes: ["north"])
    try await fleet.startCoordinator()
    try fleet.startAgent("north")
    try await fleet.acceptAll()
    let client = try fleet.client()
    func view() async throws -> NodeView { try #require(try await client.nodes().first) }
    func order(_ verb: NodeVerb) async throws {
      let answer = try await client.order(
        NodeRequest(verb), node: "north", requestID: FleetClient.newRequestID())
      #expect(answer.done, "\(answer.code): \(answer.detail)")
    }
    let before = try await view()
    try await order(.rotateKey)
    let after = try await eventually("the new key is used", log: { fleet.logs }) {
      let view = try await view()
      return view.publicKey != before.publicKey && view.liveness == "online" ? view : nil
    }
    #expect(!after.isRotating)
    #expect(try fleet.publicKey(of: "north") == after.publicKey)
    let checks = try await client.selfTest(node: #require(Identifier("north")))
    #expect(checks.map(\.result).allSatisfy { $0 == "ok" || $0 == "warning" }, "\(checks)")
    #expect(checks.contains { $0.name == "chip" && $0.result == "ok" })
    let lines = try await client.logs(node: #require(Identifier("north")), limit: 20)
    #expect(lines.contains { $0.contains("key.adopted") }, "\(lines)")
    let secret = try NodeKeys.load(folder: fleet.folder, node: "north").secretZ85
    #expect(!lines.contains { $0.contains(secret) })
    try await order(.revoke)
    _ = try await eventually("the agent is refused", log: { fleet.logs }) {
      fleet.daemon("north")?.log.contains("does not know this node's key") == true ? true : nil
    }
    #expect(try await view().duty == "revoked")
    #expect(try await view().liveness == "never")
  }

  @Test(arguments: [["rotate-key", "north"], ["drain", "north"]])
  func `who waits for a node that is away is told in time that the order stands`(
    order: [String]
  ) async throws {
    let fleet = try TestFleet(nodes: ["north"])
    try await fleet.startCoordinator()
    try fleet.startAgent("north")
    try await fleet.acceptAll()
    let model = try await fleet.push()
    try await fleet.deploy(model)
    // Stopped in a round that it does not finish, so that there is something to wait for.
    fleet.daemon("north")?.kill()
    try await fleet.startJob("long", model, rounds: 1)
    let outcome = try Programs.run(
      Programs.tool,
      ["node"] + order + [
        "--wait", "--timeout", "1", "--context",
        fleet.folder.appending(path: "operator/context.yaml").path,
      ])
    #expect(outcome.status == 1)
    #expect(outcome.errors.contains("within 1 s"), "\(outcome.errors)")
    #expect(outcome.errors.contains("the order stands"), "\(outcome.errors)")
    let view = try #require(try await fleet.client().nodes().first)
    #expect(order[0] == "drain" ? view.duty == "draining" : view.isRotating)
  }

  @Test func `who waits for a deployment waits for those that it is for`() async throws {
    let fleet = try TestFleet(nodes: ["north"])
    try await fleet.startCoordinator()
    try fleet.startAgent("north")
    try await fleet.acceptAll()
    let answer = try await fleet.client().accept(
      AcceptRequest(name: "south", publicKey: CurveKeyPair.generate().publicKey.z85),
      requestID: FleetClient.newRequestID())
    #expect(answer.done, "\(answer.detail)")
    // It never came, has no model, and gets none.
    try fleet.tool(["node", "cordon", "south"])
    try fleet.tool(["deploy", try await fleet.push().hex, "--wait", "60"])
  }

  @Test func `a machine joins with a token through the enrolment process`() async throws {
    let fleet = try TestFleet(nodes: ["north"])
    let desk = try await EnrolmentDesk.open(in: fleet)
    defer { desk.daemon.kill() }
    try await fleet.startCoordinator()
    let token = try desk.makeToken("site", in: fleet)
    let bundle = fleet.folder.appending(path: "agents/south").path
    try fleet.tool([
      "node", "bundle", "south", "--output", bundle, "--root",
      fleet.folder.appending(path: "coordinator/root.signed").path, "--token-file", token,
      "--enrol-address", desk.address, "--enrol-key=\(desk.key)",
    ])
    try FileManager.default.copyItem(
      at: fleet.folder.appending(path: "agents/north/stream"),
      to: URL(filePath: bundle + "/stream"))
    try fleet.startAgent("south")
    _ = try await eventually("south is let in", log: { fleet.logs + desk.daemon.log }) {
      try await fleet.client().nodes().contains { $0.name == "south" && $0.liveness == "online" }
        ? true : nil
    }
    #expect(try await fleet.client().joinTokens().map(\.usesLeft) == [0])
    // The token is spent: a second machine with it is not let in.
    let spool = fleet.folder.appending(path: "enrol/spool").path
    #expect(try FileManager.default.contentsOfDirectory(atPath: spool).isEmpty)
  }

  @Test func `a node that serves what rounds have learnt goes back to the published model`()
    async throws
  {
    let fleet = try TestFleet(nodes: ["north"])
    try await fleet.startCoordinator()
    try fleet.startAgent("north")
    try await fleet.acceptAll()
    let client = try fleet.client()
    let published = try await fleet.push()
    try await fleet.deploy(published)
    try await fleet.startJob("learn", published, rounds: 1)
    let learnt = try #require(ContentDigest(hex: try await fleet.endOfJob("learn").currentModel))
    #expect(learnt != published)
    try await fleet.deploy(learnt)
    func isHeld(_ digest: ContentDigest) -> Bool {
      let folder = fleet.folder.appending(path: "agents/north/state/blobs").path
      let names = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String }
      return names?.contains { $0.contains(digest.hex) } == true
    }
    #expect(isHeld(learnt) && isHeld(published))
    // Nobody is there to hear of it: the node is told when it is back.
    fleet.daemon("north")?.kill()
    try fleet.tool(["node", "reset-learning", "north"])
    try fleet.startAgent("north")
    let after = try await eventually("the published model serves", log: { fleet.logs }) {
      let view = try #require(try await client.nodes().first)
      return view.phase == "active" && view.observedModel == published.hex ? view : nil
    }
    #expect(after.desiredGeneration == after.observedGeneration)
    // What served last is kept beside what serves, until the next order.
    #expect(isHeld(learnt) && isHeld(published))
    #expect(isHeld(published))
    let lines = try await client.logs(node: #require(Identifier("north")), limit: 100)
    #expect(lines.contains { $0.contains("model.accepted") && $0.contains(published.short) })
    try fleet.tool(["node", "reset-learning", "north"])
    let repeated = try #require(try await client.nodes().first)
    #expect(repeated.desiredGeneration == after.desiredGeneration, "a repeat changes nothing")
    let resets = try await client.events(after: 0, about: "north", limit: 1_000)
      .filter { $0.kind == "learning.reset" }
    #expect(resets.count == 1)
    #expect(resets.first?.detail.contains(published.short) == true, "\(resets)")
    // The coordinator keeps what was learnt, so that it can be had again.
    #expect(try await client.models().contains { $0.digest == learnt.hex })
    try await fleet.deploy(learnt)
  }
}
