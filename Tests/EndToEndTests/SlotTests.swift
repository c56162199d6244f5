import CompiledModel
import FleetAPI
import FleetCore
import FleetProtocol
import FleetStore
import Foundation
import Testing
import Workbench

/// Models that run along or serve on probation, with real processes and the command-line tool.
@Suite(.serialized, .timeLimit(.minutes(5))) struct SlotTests {
  @Test func `a bad model is seen beside the good one, and thrown out where it serves`()
    async throws
  {
    let fleet = try TestFleet(nodes: ["north"])
    let coordinator = try await fleet.startCoordinator()
    try fleet.startAgent("north")
    try await fleet.acceptAll()
    let client = try fleet.client()
    let good = try await fleet.push()
    try await fleet.deploy(good)
    let bad = try await fleet.push(fleet.model.mappingWeights { _, _ in 0 })
    try fleet.tool(["deploy", bad.hex, "--trial", "--shadow", "50", "--wait", "60"])
    let shadowing = try #require(try await client.nodes().first)
    #expect(shadowing.phase == "shadowing")
    // Killed while it runs along: the good model serves again, and the bad one runs along again.
    try #require(fleet.daemon("north")).kill()
    try fleet.startAgent("north")
    _ = try await eventually("it runs along again", log: { fleet.logs }) {
      fleet.firstLine(of: "north", containing: "model.shadow") != nil ? true : nil
    }
    _ = try await eventually("a window of the new run is stored", log: { fleet.logs }) {
      let windows = try await client.telemetry(node: Self.north, limit: 50)
      return Set(windows.filter { $0.model == good.hex }.map(\.boot)).count > 1 ? true : nil
    }
    // On probation it does not last, and nobody has to do anything about it.
    let context = fleet.folder.appending(path: "operator/context.yaml").path
    let outcome = try Programs.run(
      Programs.tool,
      [
        "deploy", bad.hex, "--trial", "--probe", "20", "--wait", "60", "--context", context,
      ])
    #expect(outcome.status == 1)
    #expect(outcome.errors.contains("north: reverted the model, silent"), "\(outcome.errors)")
    _ = try await eventually("the good model serves again", log: { fleet.logs }) {
      let window = try await client.telemetry(node: Self.north, limit: 1).first
      return window?.model == good.hex ? true : nil
    }
    // A good one stands its probe.
    try fleet.tool(["deploy", good.hex, "--probe", "20", "--wait", "60"])
    #expect(try await coordinator.stop() == 0)
    let store = try FleetStore(folder: fleet.folder.appending(path: "coordinator/state").path)
    let evidence = try store.evidence(
      about: Self.north, in: Instant(microseconds: 0)..<Instant(microseconds: .max))
    let steps = evidence.shadowSteps
    let samples = steps.reduce(0) { $0 + $1.tally.samples }
    #expect(samples > 0)
    #expect(steps.allSatisfy { $0.shadow == bad && $0.serving == good })
    // A model that never fires names the first class always: it is right at times, the other more.
    #expect(steps.reduce(0) { $0 + $1.tally.disagreements } > 0)
    let spikes = EventKind.spike.rawValue
    #expect(steps.allSatisfy { $0.tally.shadowCounts[spikes] == 0 })
    #expect(steps.contains { $0.tally.servingCounts[spikes] > 0 })
  }

  private static let north: Identifier = {
    guard let name = Identifier("north") else { preconditionFailure("'north' is a name") }
    return name
  }()
}
