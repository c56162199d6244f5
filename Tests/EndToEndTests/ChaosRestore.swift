import FleetAPI
import FleetCore
import Foundation
import Testing

extension FaultScenario {
  /// Backups are taken all the while; at the end the state is lost and comes from one of them,
  /// which knows neither the newest order nor the newest windows.
  static func restored(_ dice: inout SeededDice) async throws -> Played {
    let chaos = try ChaosFleet()
    let seed = dice.next()
    try await work(chaos) {
      var dice = SeededDice(seed: seed)
      var number = 0
      while !Task.isCancelled {
        number += 1
        try backUp(chaos, "during-\(number)")
        try await Task.sleep(for: .milliseconds(Int.random(in: 50...600, using: &dice)))
      }
    }
    try await chaos.settled()
    try backUp(chaos, "last")
    // Under no id that the ledger looks for: the restored state knows nothing of it.
    _ = try await chaos.until("another order") { client in
      try await client.deploy(
        DeployRequest(model: chaos.fleet.modelDigest.hex, nodes: []), requestID: "chaos-ahead")
    }
    try await chaos.settled()
    let state = chaos.fleet.folder.appending(path: "coordinator/state")
    try chaos.whileCoordinatorIsGone {
      try FileManager.default.removeItem(at: state)
      try run(Programs.coordinator, ["restore", path(chaos, "last"), "--config", config(chaos)])
    }
    try await chaos.settled()
    let backups = try FileManager.default.contentsOfDirectory(atPath: chaos.fleet.folder.path)
      .filter { $0.hasSuffix(".backup") }
    return Played(chaos: chaos, struck: "\(backups.count) backups, restored from the last one")
  }

  private static func path(_ chaos: ChaosFleet, _ name: String) -> String {
    chaos.fleet.folder.appending(path: name + ".backup").path
  }

  private static func config(_ chaos: ChaosFleet) -> String {
    chaos.fleet.folder.appending(path: "coordinator/coordinator.yaml").path
  }

  private static func run(_ program: String, _ arguments: [String]) throws {
    let outcome = try Programs.run(program, arguments)
    guard outcome.status == 0 else {
      throw NotInTime(what: arguments.joined(separator: " "), log: outcome.errors)
    }
  }

  /// Takes a backup and has it verified; none while nobody answers.
  private static func backUp(_ chaos: ChaosFleet, _ name: String) throws {
    let context = chaos.fleet.folder.appending(path: "operator/context.yaml").path
    let taken = try Programs.run(
      Programs.tool, ["backup", path(chaos, name), "--context", context])
    // 2 says that no coordinator answers.
    if taken.status == 2 { return }
    guard taken.status == 0 else { throw NotInTime(what: "backup \(name)", log: taken.errors) }
    try run(
      Programs.coordinator,
      ["restore", "--verify", path(chaos, name), "--config", config(chaos)])
  }
}
