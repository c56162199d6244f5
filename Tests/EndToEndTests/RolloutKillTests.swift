import FleetAPI
import FleetCore
import FleetProtocol
import Foundation
import Testing

/// A node that is killed in each step of a rollout serves again with what it had, and its part
/// ends.
@Suite(.serialized, .timeLimit(.minutes(10))) struct RolloutKillTests {
  /// How a node comes to die in a step, and what its chip then has.
  struct Death: Sendable, CustomStringConvertible {
    var step: NodeStep
    /// Right after the agent has done that for the first time; nil where the step is long enough to
    /// be seen.
    var point: String?
    /// True where the new model serves by then.
    var hasNew = false
    /// True where an operator takes the rollout back after the death.
    var isAborted = false

    var description: String { step.rawValue }
  }

  static let deaths = [
    Death(step: .downloading, point: "after storeChunk"),
    Death(step: .verifying, point: "after assemble"),
    Death(step: .staged, isAborted: true), Death(step: .shadowing),
    Death(step: .probing, hasNew: true), Death(step: .active, hasNew: true),
    Death(step: .reverting, hasNew: true, isAborted: true),
  ]

  private static func deployment(_ model: ContentDigest, _ death: Death) -> String {
    // Half a day from now: nothing runs before.
    let opens = (Int(Date().timeIntervalSince1970 / 60) + 720) % 1_440
    let time = String(format: "%02d:%02d", opens / 60, opens % 60)
    let windows = death.step == .staged ? "\nwindows: [{opens: \"\(time)\", minutes: 5}]" : ""
    return """
      name: kill
      model: \(model.hex)
      waves: [1]
      shadow: {percent: 100}
      probeInferences: 600
      gates:
        accuracyDropPoints: 30
        joulesRatioMax: 2
        spikesRatioMax: 2
        samplesMin: 600
        errorRate: 0.05
      bakeSeconds: 5
      gateSeconds: 60
      stepSeconds: 60\(windows)
      """
  }

  @Test(arguments: deaths)
  func `a node killed in a step serves what it had at once, and its part ends`(
    death: Death
  ) async throws {
    let fleet = try TestFleet(
      nodes: ["north"],
      settings: [
        "--inferences-per-second", "200", "--telemetry-seconds", "1",
        "--heartbeat-milliseconds", "500",
      ])
    try await fleet.startCoordinator()
    var agent = try fleet.startAgent("north")
    try await fleet.acceptAll()
    let old = try await fleet.push()
    try await fleet.deploy(old)
    if let point = death.point {
      #expect(try await agent.stop() == 0)
      agent = try fleet.launch("north", environment: ["SPIKEFLEET_CRASH_AT": point])
    }
    let new = try await fleet.push(
      fleet.model.mappingWeights { index, weight in
        index == 0 ? weight + (weight > 0 ? -1 : 1) : weight
      })
    let path = fleet.folder.appending(path: "kill.yaml")
    try Data(Self.deployment(new, death).utf8).write(to: path)
    try fleet.tool(["deploy", "apply", path.path])
    try await die(fleet, agent, death)
    try await serves(death.hasNew ? new : old, fleet)
    if death.isAborted, death.step != .reverting { try fleet.tool(["rollout", "abort", "kill"]) }

    let client = try fleet.client()
    let end = try await eventually("the rollout ends", within: 120, log: { fleet.logs }) {
      let view = try await client.rollout("kill")
      return view.rollout.state.holdsNodes ? nil : view
    }
    let member = try #require(end.members.first)
    if death.isAborted {
      #expect(end.rollout.state == .aborted, "\(end)")
      #expect(member.step == (death.step == .staged ? .cancelled : .reverted), "\(end)")
    } else {
      #expect(end.rollout.state == .completed, "\(end)")
      #expect(member.step == .active, "\(end)")
    }
    let final = death.isAborted ? old : new
    _ = try await eventually("the node serves the last word", log: { fleet.logs }) {
      try await client.telemetry(node: try #require(Identifier("north")), limit: 1)
        .first?.model == final.hex ? true : nil
    }
  }

  /// Waits for the step, and kills the agent there.
  private func die(_ fleet: TestFleet, _ agent: DaemonProcess, _ death: Death) async throws {
    if death.point != nil {
      _ = try await eventually("the agent dies", log: { fleet.logs }) {
        agent.isRunning ? nil : true
      }
      return
    }
    let awaited: NodeStep = death.step == .reverting ? .active : death.step
    let client = try fleet.client()
    _ = try await eventually("the node is \(awaited)", log: { fleet.logs }) {
      try await client.rollout("kill").members.first?.step == awaited ? true : nil
    }
    if death.step == .reverting {
      // Stopped, it cannot obey before it dies.
      agent.signal(SIGSTOP)
      try fleet.tool(["rollout", "abort", "kill"])
      _ = try await eventually("the node is reverting", log: { fleet.logs }) {
        try await client.rollout("kill").members.first?.step == .reverting ? true : nil
      }
    }
    agent.kill()
  }

  /// The process is back, and the first model that its chip is given is that one; how soon, the
  /// benchmark `agent.boot.seconds` says.
  private func serves(_ model: ContentDigest, _ fleet: TestFleet) async throws {
    let log = fleet.folder.appending(path: "north.log").path
    let before = try String(contentsOfFile: log, encoding: .utf8).utf8.count
    try fleet.startAgent("north")
    let line = try await eventually("the chip serves", within: 10, log: { fleet.logs }) {
      let lines = try String(contentsOfFile: log, encoding: .utf8).utf8.dropFirst(before)
      return String(decoding: Array(lines), as: UTF8.self).split(separator: "\n")
        .first { $0.contains("model.serving") }
    }
    #expect(line.contains(model.short), "\(line)")
  }
}
