import CompiledModel
import FleetAPI
import FleetCore
import Foundation
import Testing

/// The commands that `docs/FEDERATION.md` shows are run as they stand there.
@Suite(.timeLimit(.minutes(5))) struct FederationPageTests {
  @Test func `jobs of several strategies run as the page says`() async throws {
    let page = try String(
      contentsOfFile: SmallModel.packageFile("docs/FEDERATION.md"), encoding: .utf8)
    let block = try #require(TourTests.block("federate", of: page))
    let fleet = try TestFleet(nodes: ["north", "east", "south"])
    try await fleet.startCoordinator()
    for node in fleet.nodes { try fleet.startAgent(node) }
    try await fleet.acceptAll()
    _ = try await fleet.push()
    let programs = URL(filePath: Programs.tool).deletingLastPathComponent().path
    let commands = block.replacing("MODEL", with: fleet.model.name)
    let outcome = try Programs.run(
      "/bin/bash",
      [
        "-c",
        "set -euo pipefail; cd '\(fleet.folder.path)'; PATH='\(programs)':\"$PATH\"\n\(commands)",
      ])
    #expect(outcome.status == 0, "\(outcome.output)\n\(outcome.errors)\n\(fleet.logs)")
    let words = [
      "first", "fedavg", "steady", "fedadam", "careful", "median", "finished", "a round, a node:",
      "paused drawn", "drawn goes on", "drawn by staleness, sealed at 1 reports",
      "drawn at place 1 of 2", "round.committed",
    ]
    for words in words {
      #expect(outcome.output.contains(words), "\(words) in\n\(outcome.output)")
    }
    let jobs = try await fleet.client().jobs()
    let names = ["careful", "drawn", "fair", "first", "near", "steady"]
    #expect(jobs.map(\.specification.name) == names)
    #expect(jobs.allSatisfy { $0.state == "finished" })
    #expect(Set(jobs.map(\.currentModel)).count == names.count)
    #expect(jobs.allSatisfy { $0.rounds.allSatisfy { $0.state == "committed" } })
    try showsCost(page, fleet)
    try await showsPrivacy(page, fleet)
    try showsLineage(page, fleet, try #require(jobs.first?.currentModel))
  }

  private func run(_ name: String, of page: String, _ fleet: TestFleet, successor: String = "")
    throws -> Programs.Outcome
  {
    let block = try #require(TourTests.block(name, of: page))
    let programs = URL(filePath: Programs.tool).deletingLastPathComponent().path
    let commands = block.replacing("MODEL", with: fleet.model.name)
      .replacing("SUCCESSOR", with: successor)
    let outcome = try Programs.run(
      "/bin/bash",
      [
        "-c",
        "set -euo pipefail; cd '\(fleet.folder.path)'; PATH='\(programs)':\"$PATH\"\n\(commands)",
      ])
    #expect(outcome.status == 0, "\(outcome.output)\n\(outcome.errors)\n\(fleet.logs)")
    return outcome
  }

  private func showsPrivacy(_ page: String, _ fleet: TestFleet) async throws {
    let outcome = try run("federate-private", of: page, fleet)
    let words = [
      "privacy: epsilon 5.", " of 6.000 at delta 0.001 for each node", "after 2 rounds",
      "hidden finished after 2 rounds", "reason: budget-spent: round 3 of 3 was not begun",
      "EPSILON", "spent with this round",
    ]
    for words in words {
      #expect(outcome.output.contains(words), "\(words) in\n\(outcome.output)")
    }
    let job = try await fleet.client().jobs().first { $0.specification.name == "hidden" }
    #expect(job?.privacy?.rounds == 2)
    #expect(job?.rounds.last?.epsilon == job?.privacy?.epsilon)
  }

  private func showsCost(_ page: String, _ fleet: TestFleet) throws {
    let outcome = try run("federate-cost", of: page, fleet)
    for words in [
      "careful", "accepted updates by round", "accepted updates by node", "weakest grade assumed",
      "1900 nJ a byte sent",
    ] {
      #expect(outcome.output.contains(words), "\(words) in\n\(outcome.output)")
    }
    let folder = fleet.folder.appending(path: "steady-report")
    for name in ["accuracy.svg", "joules.svg"] {
      let text = try String(contentsOf: folder.appending(path: name), encoding: .utf8)
      #expect(text.contains("<circle") && text.contains("steady"), "\(name)")
    }
    #expect(
      outcome.output.contains(
        try String(contentsOf: folder.appending(path: "report.txt"), encoding: .utf8)))
    let stated = try JSONDecoder().decode(
      JobReport.self, from: try Data(contentsOf: fleet.folder.appending(path: "steady.json")))
    #expect(stated.radio.sentNanojoules == 50 && stated.rounds.count == 2)
  }

  private func showsLineage(_ page: String, _ fleet: TestFleet, _ successor: String) throws {
    let outcome = try run("federate-lineage", of: page, fleet, successor: successor)
    for words in ["made by", "rounds back", "publisher", "weights from input", "values changed"] {
      #expect(outcome.output.contains(words), "\(words) in\n\(outcome.output)")
    }
  }
}
