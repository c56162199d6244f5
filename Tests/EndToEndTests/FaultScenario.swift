import FleetAPI
import FleetCore
import Foundation
import Testing

/// A fault of the network or the machine that a working fleet has to withstand.
struct FaultScenario: Sendable, CustomTestStringConvertible {
  let name: String
  /// Windows may be merged into later ones, as where the disk refused them.
  var allowsHoles = false
  /// The coordinator's state comes from a backup at the end: what was stored since is a gap.
  var isRestored = false
  /// Runs a fleet through it and returns what struck how often.
  let play: @Sendable (inout SeededDice) async throws -> Played

  /// A fleet at the end of a scenario, all its processes alive.
  struct Played {
    var chaos: ChaosFleet
    var struck: String
  }

  var testDescription: String { name }

  static let all: [FaultScenario] =
    FaultProxy.Fault.allCases.filter { $0 != .none }.map { fault in
      FaultScenario(name: "proxy-\(fault)") { try await proxied([fault], &$0) }
    } + [
      FaultScenario(name: "proxy-mixed") {
        try await proxied(FaultProxy.Fault.allCases.filter { $0 != .none }, &$0)
      },
      FaultScenario(name: "wire-loss") { try await wired(.init(loss: 0.1), &$0) },
      FaultScenario(name: "wire-delay") { try await wired(.init(delayMilliseconds: 150), &$0) },
      FaultScenario(name: "wire-reorder") {
        try await wired(.init(reorder: 0.25, delayMilliseconds: 10), &$0)
      },
      FaultScenario(name: "wire-duplicate") { try await wired(.init(duplicate: 0.3), &$0) },
      FaultScenario(name: "wire-mixed") {
        try await wired(
          .init(loss: 0.05, duplicate: 0.1, reorder: 0.1, delayMilliseconds: 40), &$0)
      },
      FaultScenario(name: "partition") { try await partitioned(&$0) },
      FaultScenario(name: "pause-coordinator") {
        try await paused(ChaosFleet.coordinator, &$0)
      },
      FaultScenario(name: "pause-agent") { try await paused("north", &$0) },
      FaultScenario(name: "disk-coordinator") { _ in try await fullCoordinator() },
      FaultScenario(name: "disk-agent", allowsHoles: true) { _ in try await fullAgent() },
      FaultScenario(name: "restore", isRestored: true) { try await restored(&$0) },
      FaultScenario(name: "clock-coordinator") { try await jumped(ChaosFleet.coordinator, &$0) },
      FaultScenario(name: "clock-agent") { try await jumped("north", &$0) },
    ]

  // MARK: work beside faults

  /// Runs the scenario's work while faults come and go; they end with it.
  static func work(
    _ chaos: ChaosFleet, beside faults: @escaping @Sendable () async throws -> Void
  ) async throws {
    try chaos.start()
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await chaos.work() }
      group.addTask {
        do {
          try await faults()
        } catch is CancellationError {
          // The work is done before the faults are.
        }
      }
      // Whichever ends first; faults that have ended leave the work to end.
      try await group.next()
      if !chaos.isDone { try await group.next() }
      group.cancelAll()
    }
  }

  private static func pause(_ range: ClosedRange<Int>, _ dice: inout SeededDice) async throws {
    try await Task.sleep(for: .milliseconds(Int.random(in: range, using: &dice)))
  }

  private static func proxied(
    _ kinds: [FaultProxy.Fault], _ dice: inout SeededDice
  ) async throws -> Played {
    let chaos = try ChaosFleet()
    let ports = try chaos.fleet.ports()
    let proxies = [
      try FaultProxy(to: ports.control, seed: dice.next()),
      try FaultProxy(to: ports.data, seed: dice.next()),
    ]
    defer { for proxy in proxies { proxy.close() } }
    for node in ChaosFleet.nodes {
      chaos.surround(
        node,
        environment: [
          "SPIKEFLEET_AGENT_COORDINATOR_CONTROL": "tcp://127.0.0.1:\(proxies[0].port)",
          "SPIKEFLEET_AGENT_COORDINATOR_DATA": "tcp://127.0.0.1:\(proxies[1].port)",
        ])
    }
    let seed = dice.next()
    try await work(chaos) {
      var dice = SeededDice(seed: seed)
      for _ in 0..<15 {
        try await pause(100...500, &dice)
        for proxy in proxies { proxy.set(kinds.randomElement(using: &dice) ?? .none) }
        try await pause(300...1_500, &dice)
        for proxy in proxies { proxy.set(.none) }
      }
    }
    for proxy in proxies { proxy.set(.none) }
    try await chaos.settled()
    let struck = proxies.map(\.struck).reduce(into: [:]) { $0.merge($1) { $0 + $1 } }
    return Played(
      chaos: chaos,
      struck: struck.map { "\($0.key) \($0.value)" }.sorted().joined(separator: ", "))
  }

  private static func star(_ seed: UInt64) throws -> (ChaosFleet, FaultyWire) {
    let wire = try FaultyWire(nodes: ChaosFleet.nodes, seed: seed)
    let chaos = try ChaosFleet(host: FaultyWire.coordinator)
    for (node, namespace) in zip(ChaosFleet.nodes, wire.namespaces) {
      chaos.surround(node, launcher: ["/usr/sbin/ip", "netns", "exec", namespace])
    }
    return (chaos, wire)
  }

  private static func finish(_ chaos: ChaosFleet, _ wire: FaultyWire) async throws -> Played {
    wire.set(.init())
    try await chaos.settled()
    let struck = wire.struck.map { "\($0.key) \($0.value)" }.sorted().joined(separator: ", ")
    chaos.atEnd { try wire.close() }
    return Played(chaos: chaos, struck: "packets: \(struck)")
  }

  private static func wired(
    _ faults: FaultyWire.Faults, _ dice: inout SeededDice
  ) async throws -> Played {
    let (chaos, wire) = try star(dice.next())
    wire.set(faults)
    try await work(chaos) {}
    return try await finish(chaos, wire)
  }

  private static func partitioned(_ dice: inout SeededDice) async throws -> Played {
    let (chaos, wire) = try star(dice.next())
    let seed = dice.next()
    try await work(chaos) {
      var dice = SeededDice(seed: seed)
      for _ in 0..<5 {
        try await pause(300...1_500, &dice)
        let cut: [Set<Int>] = [[1], [2], [1, 2]]
        wire.set(.init(cut: cut.randomElement(using: &dice) ?? []))
        // Past liveness: three heartbeats of half a second.
        try await pause(500...4_000, &dice)
        wire.set(.init())
      }
    }
    return try await finish(chaos, wire)
  }

  private static func paused(_ name: String, _ dice: inout SeededDice) async throws -> Played {
    let chaos = try ChaosFleet()
    let seed = dice.next()
    try await work(chaos) {
      var dice = SeededDice(seed: seed)
      for _ in 0..<5 {
        try await pause(300...1_500, &dice)
        chaos.fleet.daemon(name)?.signal(SIGSTOP)
        do {
          try await pause(500...4_000, &dice)
        } catch {
          chaos.fleet.daemon(name)?.signal(SIGCONT)
          throw error
        }
        chaos.fleet.daemon(name)?.signal(SIGCONT)
      }
    }
    try await chaos.settled()
    return Played(chaos: chaos, struck: "\(name) stopped up to 5 times, up to 4 s")
  }

  private static func jumped(_ name: String, _ dice: inout SeededDice) async throws -> Played {
    let chaos = try ChaosFleet()
    let clock = try FakeClock(chaos.fleet.folder.appending(path: "clock"))
    chaos.surround(name, environment: clock.environment)
    let seed = dice.next()
    try await work(chaos) {
      var dice = SeededDice(seed: seed)
      try await pause(500...6_000, &dice)
      try clock.set(aheadSeconds: 600)
      try await pause(1_500...3_000, &dice)
      try clock.set(aheadSeconds: -600)
      try await pause(1_500...3_000, &dice)
      try clock.set(aheadSeconds: 0)
    }
    try await Task.sleep(for: .seconds(2))
    try await chaos.settled()
    return Played(chaos: chaos, struck: "\(name) ten minutes ahead, ten behind, right")
  }
}
