import Federation
import FleetAPI
import Foundation
import Testing

/// A job whose processes are killed at random, behind relays that break its connections.
///
/// It ends with the model, the accepted updates and the round energy of an undisturbed one. Under
/// `make chaos` it has 200 rounds of 8 nodes, in every test run a few.
@Suite(.serialized, .timeLimit(.minutes(90))) struct RoundSoakTests {
  private static let nodes = (1...(ChaosPlan.isWhole ? 8 : 3)).map { "node-\($0)" }
  private static let rounds: UInt32 = ChaosPlan.isWhole ? 200 : 8

  /// What was done to a job.
  private struct Disturbance {
    var kills: [String: Int] = [:]
    var faults: [FaultProxy.Fault: Int] = [:]
  }

  @Test(arguments: ChaosPlan.seeds)
  func `a job that is disturbed all the time ends with the same bytes`(_ seed: UInt64) async throws
  {
    let undisturbed = try await ledger(disturb: nil).rounds
    let started = ContinuousClock.now
    let (rounds, disturbance) = try await ledger(disturb: SeededDice(seed: seed))
    let seconds = (ContinuousClock.now - started).components.seconds
    let kills = disturbance.kills.map { "\($0.key) \($0.value)" }.sorted()
    let faults = disturbance.faults.map { "\($0.key) \($0.value)" }.sorted()
    ChaosPlan.say(
      "soak seed \(seed): \(rounds.count) rounds of \(Self.nodes.count) nodes in \(seconds) s; "
        + "killed: \(kills.joined(separator: ", ")); broken: \(faults.joined(separator: ", "))")
    #expect(rounds == undisturbed, "seed \(seed), killed \(kills)")
    #expect(rounds.count == Int(Self.rounds))
    #expect(rounds.allSatisfy { $0.joules ?? 0 > 0 && $0.participants.count == Self.nodes.count })
    #expect(disturbance.kills.values.reduce(0, +) > 0)
  }

  /// The committed rounds without what a clock says, and what was done meanwhile.
  private func ledger(
    disturb dice: SeededDice?
  ) async throws -> (rounds: [RoundView], disturbance: Disturbance) {
    let fleet = try TestFleet(nodes: Self.nodes, settings: ["--heartbeat-milliseconds", "500"])
    try await fleet.startCoordinator()
    var dice = dice
    let relays = try Relays(fleet, seed: dice?.next() ?? 0)
    defer { relays.close() }
    for node in fleet.nodes { try relays.launch(node, of: fleet) }
    try await fleet.acceptAll()
    let digest = try await fleet.push()
    try await fleet.startJob(
      "soak", digest, rounds: Self.rounds, samples: 200, deadlineMilliseconds: 3_600_000,
      strategy: try Strategy(.fedAvgM), compression: .topK(perMille: 100, bytes: true))
    var disturbance = Disturbance()
    if var dice {
      disturbance.kills = try await self.disturb(fleet, relays, &dice)
      disturbance.faults = relays.struck
    }
    let job = try await fleet.endOfJob("soak")
    #expect(job.state == "finished", "\(job.detail)")
    let rounds = job.rounds.map { round in
      var round = round
      round.seconds = nil
      return round
    }
    return (rounds, disturbance)
  }

  /// Kills and breaks until the job is over; what was killed is started again at once.
  private func disturb(
    _ fleet: TestFleet, _ relays: Relays, _ dice: inout SeededDice
  ) async throws -> [String: Int] {
    var kills: [String: Int] = [:]
    while true {
      let isCoordinator = Int.random(in: 0..<4, using: &dice) == 0
      let victim =
        isCoordinator ? "coordinator" : fleet.nodes.randomElement(using: &dice) ?? fleet.nodes[0]
      try #require(fleet.daemon(victim)).kill()
      kills[victim, default: 0] += 1
      if isCoordinator { try fleet.launch(victim) } else { try relays.launch(victim, of: fleet) }
      // Somebody has to get on in between.
      let rest = isCoordinator ? 1_500...3_000 : 300...1_500
      try await Task.sleep(for: .milliseconds(Int.random(in: rest, using: &dice)))
      // Half of the time nothing breaks.
      let kinds = FaultProxy.Fault.allCases + FaultProxy.Fault.allCases.map { _ in .none }
      relays.set(kinds[Int.random(in: 0..<kinds.count, using: &dice)])
      try await Task.sleep(for: .milliseconds(Int.random(in: 200...1_500, using: &dice)))
      relays.set(.none)
      let job = try await fleet.reachable { try await fleet.job("soak") } ?? nil
      if let job, job.state != "running" { return kills }
    }
  }
}

/// What lies between the agents and their coordinator.
private struct Relays {
  private let control: FaultProxy
  private let data: FaultProxy

  init(_ fleet: TestFleet, seed: UInt64) throws {
    let ports = try fleet.ports()
    control = try FaultProxy(to: ports.control, seed: seed)
    data = try FaultProxy(to: ports.data, seed: seed &+ 1)
  }

  func launch(_ node: String, of fleet: TestFleet) throws {
    try fleet.launch(
      node,
      environment: [
        "SPIKEFLEET_AGENT_COORDINATOR_CONTROL": "tcp://127.0.0.1:\(control.port)",
        "SPIKEFLEET_AGENT_COORDINATOR_DATA": "tcp://127.0.0.1:\(data.port)",
      ])
  }

  func set(_ fault: FaultProxy.Fault) {
    for relay in [control, data] { relay.set(fault) }
  }

  var struck: [FaultProxy.Fault: Int] { control.struck.merging(data.struck) { $0 + $1 } }

  func close() {
    control.close()
    data.close()
  }
}
