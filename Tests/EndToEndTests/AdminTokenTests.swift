import FleetAPI
import FleetCore
import Foundation
import Testing
import Workbench
import ZeroMQTransport

/// Tokens of the admin endpoint against a real coordinator.
@Suite(.serialized, .timeLimit(.minutes(3))) struct AdminTokenTests {
  @Test func `a token with a scope does its work, and no more after it was revoked`() async throws {
    let fleet = try TestFleet(nodes: ["north"])
    let daemon = try await fleet.startCoordinator()
    let context = try Context(folder: fleet.folder)
    let file = fleet.folder.appending(path: "desk.token").path
    let administrator = try fleet.client()
    func tool(_ arguments: [String]) throws -> Programs.Outcome {
      try Programs.run(
        Programs.tool,
        arguments + ["--context", fleet.folder.appending(path: "operator/context.yaml").path])
    }
    let made = try tool([
      "token", "create", "desk", "--scope", "operate", "federate", "--expires", "30d", "--file",
      file,
    ])
    #expect(made.status == 0, "\(made.errors)")
    let token = try #require(BearerToken(try SecretFile.read(file)))
    let desk = FleetClient(endpoint: context.endpoint, token: token, timeoutSeconds: 10)
    let east = try CurveKeyPair.generate()
    let accepted = try await desk.accept(
      AcceptRequest(name: "east", publicKey: east.publicKey.z85),
      requestID: FleetClient.newRequestID())
    #expect(accepted.done)
    let refusal = await #expect(throws: ServiceError.self) {
      try await desk.deploy(
        DeployRequest(model: "any", nodes: []), requestID: FleetClient.newRequestID())
    }
    #expect(refusal?.status == 403)
    // What the database holds opens nothing, and survives the process.
    daemon.kill()
    try await fleet.startCoordinator()
    #expect(try await desk.status().nodes == 1)
    #expect(try await administrator.tokens().map(\.state) == ["good"])
    let rows = try await desk.audit(after: 0, limit: 100)
    #expect(rows.contains { $0.actor == "admin desk" && $0.action.hasPrefix("accept east") })
    #expect(rows.contains { $0.actor == "admin desk" && $0.outcome == "scope-deploy" })
    #expect(try tool(["token", "revoke", "desk"]).status == 0)
    let ended = await #expect(throws: ServiceError.self) { try await desk.status() }
    #expect(ended?.status == 401)
    let view = try #require(try await administrator.tokens().first)
    #expect(view.state == "revoked" && view.usedMicroseconds != nil)
    #expect(view.scopes == [.operate, .federate])
  }
}
