import FleetAPI
import FleetCore
import FleetProtocol
import Foundation
import Testing

/// A client in another language, written from docs/PROTOCOL.md alone, against the real coordinator.
@Suite(.serialized, .timeLimit(.minutes(5))) struct ConformanceTests {
  private static let script = URL(filePath: #filePath).resolvingSymlinksInPath()
    .deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Conformance/client.py").path

  /// Debian's own interpreter: the one that its python3-zmq belongs to.
  private static let python = "/usr/bin/python3"

  @Test func `a stranger's client holds every check against the coordinator`() async throws {
    let fleet = try TestFleet(nodes: ["north", "south"])
    let desk = try await EnrolmentDesk.open(in: fleet)
    defer { desk.daemon.kill() }
    try await fleet.startCoordinator()
    for node in fleet.nodes {
      let answer = try await fleet.client().accept(
        AcceptRequest(name: node, publicKey: try fleet.publicKey(of: node)),
        requestID: FleetClient.newRequestID())
      #expect(answer.done, "\(answer.detail)")
    }
    let digest = try await fleet.push()
    let deployed = try await fleet.client().deploy(
      DeployRequest(model: digest.hex, nodes: ["north"]), requestID: FleetClient.newRequestID())
    #expect(deployed.done, "\(deployed.detail)")
    let place = try await settings(fleet, desk)
    let outcome = try Programs.run(Self.python, ["-B", Self.script, place])
    #expect(outcome.status == 0, "\(outcome.output)\n\(outcome.errors)\n\(fleet.logs)")
    #expect(outcome.output.split(separator: "\n").count { $0.hasPrefix("ok: ") } == 20)

    let north = try await fleet.client().nodes().first { $0.name == "north" }
    #expect(north?.phase == "active" && north?.observedModel == digest.hex)
    let node = try #require(Identifier("north"))
    let windows = try await fleet.client().telemetry(node: node, limit: 100)
    #expect(windows.map(\.sequence) == [1, 2, 3, 4, 5])
  }

  /// What the client has to know of the fleet, as a file.
  private func settings(_ fleet: TestFleet, _ desk: EnrolmentDesk) async throws -> String {
    let status = try await fleet.client().status()
    var keys: [String: String] = [:]
    for node in fleet.nodes {
      keys[node] = fleet.folder.appending(path: "agents/\(node)/curve.key").path
    }
    let token = try String(
      contentsOfFile: desk.makeToken("site", in: fleet), encoding: .utf8)
    let place = Place(
      control: status.controlAddress, data: status.dataAddress, key: status.publicKey, keys: keys,
      enrolment: Enrolment(
        address: desk.address, key: desk.key,
        token: token.trimmingCharacters(in: .whitespacesAndNewlines)))
    let path = fleet.folder.appending(path: "conformance.json")
    try JSONEncoder().encode(place).write(to: path)
    return path.path
  }

  private struct Place: Encodable {
    var control: String
    var data: String
    var key: String
    var keys: [String: String]
    var enrolment: Enrolment
  }

  private struct Enrolment: Encodable {
    var address: String
    var key: String
    var token: String
  }
}
