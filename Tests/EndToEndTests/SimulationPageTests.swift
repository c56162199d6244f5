import FleetAPI
import FleetCore
import Foundation
import Testing

/// The commands that `docs/SIMULATION.md` shows are run as they stand there.
@Suite(.serialized, .timeLimit(.minutes(5))) struct SimulationPageTests {
  private func run(_ block: String) throws -> Programs.Outcome {
    let text = try String(
      contentsOfFile: SmallModel.packageFile("docs/SIMULATION.md"), encoding: .utf8)
    let commands = try #require(TourTests.block(block, of: text))
    let programs = URL(filePath: Programs.tool).deletingLastPathComponent().path
    return try Programs.run(
      "/bin/bash", ["-c", "set -euo pipefail; PATH='\(programs)':\"$PATH\"\n\(commands)"])
  }

  @Test func `seeds under faults end with one line that sums up`() throws {
    let outcome = try run("chaos")
    #expect(outcome.status == 0, "\(outcome.output)\n\(outcome.errors)")
    let last = try #require(outcome.output.split(separator: "\n").last)
    for word in ["seeds", "0 failed", "simulated hours", "messages", "crashes", "real time"] {
      #expect(last.contains(word), "\(word) in \(last)")
    }
  }

  @Test func `a fleet of hollow chips is measured`() throws {
    let outcome = try run("fleet")
    #expect(outcome.status == 0, "\(outcome.output)\n\(outcome.errors)")
    for row in ["all online after a cold start", "all back after kill -9 of the coordinator"] {
      let line = outcome.output.split(separator: "\n").first { $0.hasPrefix(row) }
      let value = line?.dropFirst(row.count).split(separator: " ").first.flatMap { Double($0) }
      #expect(value.map { $0 > 0 } ?? false, "\(row) in\n\(outcome.output)")
    }
  }

  @Test func `hollow nodes are guests of a running coordinator, and go again`() async throws {
    let fleet = try TestFleet(nodes: ["north"])
    try await fleet.startCoordinator()
    let text = try String(
      contentsOfFile: SmallModel.packageFile("docs/SIMULATION.md"), encoding: .utf8)
    let command = try #require(TourTests.block("guests", of: text))
      .replacing("fleet/operator", with: fleet.folder.path + "/operator")
    let arguments = command.split(whereSeparator: \.isWhitespace).dropFirst().map(String.init)
    let outcome = try Programs.run(Programs.tool, arguments)
    #expect(outcome.status == 0, "\(outcome.output)\n\(outcome.errors)")
    #expect(outcome.output.contains("all online after a cold start"))
    let nodes = try await fleet.client().nodes()
    #expect(nodes.count == 20)
    #expect(nodes.allSatisfy { $0.name.hasPrefix("hollow-") && $0.duty == "revoked" })
    #expect(try await fleet.client().status().nodesOnline == 0)
  }

  @Test func `guests are deployed the newest release of a model, and nobody else is`()
    async throws
  {
    let fleet = try TestFleet(nodes: ["north"])
    try await fleet.startCoordinator()
    try fleet.startAgent("north")
    try await fleet.acceptAll()
    var newest = try await fleet.push()
    for seed: UInt64 in 2...3 {
      newest = try await fleet.push(
        SmallModel.compile(
          channels: TestFleet.channels, hidden: 32, classes: TestFleet.classes, seed: seed))
    }
    let outcome = try Programs.run(
      Programs.tool,
      [
        "simulate", "fleet", "--nodes", "6", "--hold", "1", "--commands", "2", "--singles", "3",
        "--telemetry-seconds", "1", "--prefix", "guest", "--model", "small", "--coordinator",
        fleet.folder.path + "/operator/context.yaml", "-o", "json",
      ])
    #expect(outcome.status == 0, "\(outcome.output)\n\(outcome.errors)\n\(fleet.logs)")
    struct Figures: Decodable {
      var commandAppliedP50: Double
      var desiredToAppliedP99: Double
    }
    let figures = try JSONDecoder().decode(Figures.self, from: Data(outcome.output.utf8))
    #expect(figures.commandAppliedP50 > 0 && figures.desiredToAppliedP99 > 0)
    let nodes = try await fleet.client().nodes()
    let guests = nodes.filter { $0.name.hasPrefix("guest-") }
    #expect(guests.count == 6)
    for guest in guests {
      #expect(guest.desiredModel == newest.hex && guest.duty == "revoked", "\(guest)")
      #expect(guest.phase == "active" && guest.alarm.isEmpty, "\(guest)")
    }
    let north = try #require(nodes.first { $0.name == "north" })
    #expect(north.desiredModel == nil && north.liveness == "online")
  }

  @Test func `a fleet with broken, slow and flapping nodes is measured as well`() throws {
    let outcome = try Programs.run(
      Programs.tool,
      [
        "simulate", "fleet", "--nodes", "20", "--hold", "3", "--commands", "1", "--singles", "2",
        "--fail-rate", "10", "--slow-rate", "10", "--flap-seconds", "60", "--per-worker", "7",
        "-o", "json",
      ])
    #expect(outcome.status == 0, "\(outcome.output)\n\(outcome.errors)")
    struct Figures: Decodable {
      var workers: Int
      var commandAppliedMax: Double
    }
    let figures = try JSONDecoder().decode(Figures.self, from: Data(outcome.output.utf8))
    #expect(figures.workers == 3)
    #expect(figures.commandAppliedMax >= 2, "a slow chip takes two seconds")
  }
}
