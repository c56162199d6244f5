import ArgumentParser
import FleetAPI
import FleetProtocol
import Workbench

/// `spikefleet status`.
struct StatusCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Show the coordinator and its fleet in numbers.")

  @Option(
    parsing: .unconditional, help: "Seconds to wait for a coordinator that is still starting.")
  var wait = 0.0

  @OptionGroup var context: ContextOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard (0...3_600).contains(wait) else {
      throw ValidationError("--wait: found \(wait), expected 0 to 3600 seconds")
    }
  }

  func perform() async throws {
    try output.print(try await status()) { status in
      var table = TextTable([.text("FIELD"), .text("VALUE")])
      table.add(["coordinator", "version \(status.version), start \(status.epoch)"])
      table.add(["up for", Figure.duration(milliseconds: Int64(status.uptimeSeconds * 1_000))])
      table.add(["memory", Figure.bytes(UInt64(status.residentKibibytes) * 1_024)])
      table.add(["control", status.controlAddress])
      table.add(["data", status.dataAddress])
      table.add(["key", status.publicKey])
      table.add(["nodes", "\(status.nodes), \(status.nodesOnline) online"])
      table.add(["keys pending", "\(status.nodesPending)"])
      let alarms = Self.list(status.alarms ?? [:]) { "\($0) on \($1)" }
      table.add(["alarms", alarms.map { $0 + "; see `spikefleet node list`" } ?? "none"])
      table.add(["models", "\(status.models)"])
      table.add(["jobs running", "\(status.jobsRunning)"])
      let refused = Self.list(status.refusedFrames) { "\($0) \($1)" }
      table.add(["refused messages", refused ?? "none"])
      Console.write(table.text)
    }
  }

  /// Counted things in the order of their names; nil where there are none.
  private static func list<Count>(
    _ counts: [String: Count], _ text: (String, Count) -> String
  ) -> String? {
    guard !counts.isEmpty else { return nil }
    return counts.sorted { $0.key < $1.key }.map(text).joined(separator: ", ")
  }

  /// Asks until somebody answers or the time is up.
  private func status() async throws -> FleetStatus {
    let deadline = ContinuousClock.now.advanced(by: .seconds(wait))
    while true {
      do {
        return try await context.client().status()
      } catch {
        let isUnreachable =
          (error as? ServiceError)?.code == "unreachable"
          || (error as? CommandFailure)?.code == .unreachable
        guard isUnreachable, ContinuousClock.now < deadline else { throw error }
        try await Task.sleep(for: .milliseconds(100))
      }
    }
  }
}

/// `spikefleet energy`.
struct EnergyCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "energy", abstract: "Show what each chip has spent, by component.",
    discussion: "Joules are event counts times the prices of the named table; the grade is that "
      + "of its weakest price.")

  @OptionGroup var context: ContextOptions
  @OptionGroup var output: OutputOptions

  func perform() async throws {
    try output.print(try await context.client().energy()) { views in
      Console.table(EnergyTables.components(views), empty: "no telemetry yet")
      EnergyTables.priceLines(views).forEach(Console.line)
    }
  }
}
