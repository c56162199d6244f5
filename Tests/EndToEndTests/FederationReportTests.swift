import CompiledModel
import FleetAPI
import FleetCore
import Foundation
import Testing

/// What jobs cost and became, asked of real processes.
@Suite(.serialized, .timeLimit(.minutes(5))) struct FederationReportTests {
  private func fleet() async throws -> (TestFleet, ContentDigest) {
    let fleet = try TestFleet(nodes: ["north", "south"])
    try await fleet.startCoordinator()
    for node in fleet.nodes { try fleet.startAgent(node) }
    try await fleet.acceptAll()
    return (fleet, try await fleet.push())
  }

  @Test func `a report adds up, survives a restart, and nodes have burnt at least as much`()
    async throws
  {
    let (fleet, digest) = try await fleet()
    try await fleet.startJob("learn", digest, rounds: 3)
    let job = try await fleet.endOfJob("learn")
    let report = try await fleet.client().report("learn", radio: .assumed)
    #expect(report.state == "finished" && report.endedMicroseconds != nil)
    #expect(report.rounds.map(\.state) == ["committed", "committed", "committed"])
    for (round, view) in zip(report.rounds, job.rounds) {
      let chip = try #require(round.cost.inferenceJoules) + (round.cost.learningJoules ?? 0)
      let whole = try #require(view.joules)
      #expect(abs(chip - whole) <= whole * 1e-9, "the split of round \(round.name) adds up")
      #expect(round.cost.learningJoules ?? 0 > 0 && round.cost.inferenceJoules ?? 0 > 0)
      #expect(round.cost.sentBytes == view.updateBytes)
      #expect(round.cost.receivedBytes == 2 * UInt64(fleet.model.encoded().count))
      #expect(round.count("reported") == 2 && round.accuracy == view.accuracy)
    }
    #expect(report.nodes.map(\.node) == fleet.nodes)
    #expect(report.nodes.allSatisfy { $0.reported == 3 && $0.cost.samples == 300 })
    // Telemetry of the last training comes with its own time.
    _ = try await eventually("nodes tell what they burnt", log: { fleet.logs }) {
      let nodes = try await fleet.client().report("learn", radio: .assumed).nodes
      return nodes.allSatisfy { node in
        let accepted = (node.cost.inferenceJoules ?? 0) + (node.cost.learningJoules ?? 0)
        return node.energy?.learningJoules ?? 0 >= accepted * (1 - 1e-9)
      } ? true : nil
    }
    fleet.daemon("coordinator")?.kill()
    try await fleet.startCoordinator()
    var again = try await fleet.client().report("learn", radio: .assumed)
    var before = report
    for index in again.nodes.indices { again.nodes[index].energy = nil }
    for index in before.nodes.indices { before.nodes[index].energy = nil }
    #expect(again == before)
    let all = try await fleet.client().reports()
    #expect(all.map(\.job) == ["learn"] && all[0].cost == report.cost)
    let free = try #require(RadioPrice(statedNanojoules: 0))
    let unpriced = try await fleet.client().report("learn", radio: free)
    #expect(unpriced.cost.radioJoules == 0)
  }

  @Test func `a successor knows its line, and differs from its origin in what is learnt`()
    async throws
  {
    let (fleet, digest) = try await fleet()
    try await fleet.startJob("learn", digest, rounds: 2)
    let job = try await fleet.endOfJob("learn")
    let client = try fleet.client()
    let origin = try await client.model(fleet.model.name)
    #expect(origin.digest == digest.hex && origin.lineage == nil && !origin.signers.isEmpty)
    let detail = try await client.model(job.currentModel)
    let lineage = try #require(detail.lineage)
    #expect(detail.structureDigest == origin.structureDigest)
    #expect(detail.signers != origin.signers && lineage.publishers == origin.signers)
    #expect(lineage.published == digest.hex && lineage.job == "learn")
    #expect(lineage.line == ["learn/2.1", "learn/1.1"] && lineage.roundsBack == 2)
    #expect(lineage.round.nodes.map { $0.cost?.samples } == [100, 100])
    #expect(lineage.costBack.samples == 400)
    let difference = try await client.difference(from: digest.hex, to: job.currentModel)
    #expect(difference.changed > 0 && difference.blocks.allSatisfy { $0.kind == "weights" })
    let none = try await client.difference(from: job.currentModel, to: job.currentModel)
    #expect(none.changed == 0)
    // As files the two give the same.
    let path = fleet.folder.appending(path: "successor.snn").path
    try fleet.tool(["model", "pull", job.currentModel, "--out", path])
    let files = try Programs.run(
      Programs.tool,
      ["model", "diff", fleet.folder.appending(path: "model.snn").path, path])
    #expect(files.status == 0 && files.errors.isEmpty, "\(files.errors)")
    #expect(
      files.output.contains("\(difference.changed) of \(difference.values) values changed"),
      "\(files.output)")
    let other = try await fleet.push(
      SmallModel.compile(channels: 64, hidden: 16, classes: 10, seed: 3))
    let error = await #expect(throws: ServiceError.self) {
      _ = try await client.difference(from: digest.hex, to: other.hex)
    }
    #expect(error?.code == "structure" && error?.detail.contains("neurons") == true)
  }

  @Test func `a running job goes back and learns on from there`() async throws {
    let (fleet, digest) = try await fleet()
    try await fleet.startJob("long", digest, rounds: 500)
    let client = try fleet.client()
    _ = try await eventually("two rounds are committed", log: { fleet.logs }) {
      try await fleet.job("long")?.rounds.count { $0.state == "committed" } ?? 0 >= 2 ? true : nil
    }
    // Refused while updates are being merged.
    let answer = try await eventually("the way back is free", log: { fleet.logs }) {
      let answer = try await client.rollBackJob(
        "long", RollbackRequest(round: 1), requestID: FleetClient.newRequestID())
      return answer.done ? answer : answer.code == "round-busy" ? nil : answer
    }
    #expect(answer.done, "\(answer.code): \(answer.detail)")
    let job = try #require(try await fleet.job("long"))
    let first = try #require(job.rounds.first { $0.round == 1 && $0.accepted == true }?.model)
    #expect(answer.detail == first)
    let ended = try #require(
      try await client.report("long", radio: .assumed).rounds.first { $0.state == "failed" })
    #expect(ended.reason.hasPrefix("rolled-back: back to round 1"))
    let next = try await eventually("the next attempt is committed", log: { fleet.logs }) {
      let rounds = try await client.report("long", radio: .assumed).rounds
      return rounds.first { $0.round == ended.round && $0.accepted == true }
    }
    #expect(next.attempt == 2 && next.base == first)
    let made = try await client.model(next.model ?? "")
    let lineage = try #require(made.lineage)
    #expect(lineage.line == ["long/\(ended.round).2", "long/1.1"])
    let events = try await client.events(after: 0, about: "long", limit: 100)
    #expect(events.contains { $0.kind == "job.rolled-back" })
    fleet.daemon("coordinator")?.kill()
    try await fleet.startCoordinator()
    let cancelled = try await client.cancelJob("long", requestID: FleetClient.newRequestID())
    #expect(cancelled.done)
    let late = try await client.rollBackJob(
      "long", RollbackRequest(round: 1), requestID: FleetClient.newRequestID())
    #expect(late.code == "job-over" && late.detail.contains(first.prefix(12)))
  }
}
