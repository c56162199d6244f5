import ArgumentParser
import FleetAPI
import FleetCore
import FleetProtocol
import Workbench

/// `spikefleet audit`.
struct AuditCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "audit", abstract: "Show and check who asked the coordinator for what.",
    subcommands: [AuditListCommand.self, AuditVerifyCommand.self])
}

/// `spikefleet audit list`.
struct AuditListCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List what was asked, oldest first.")

  @Option(help: "Rows after this number.")
  var after: Int64 = 0

  @Option(help: "Rows at most.")
  var limit = 100

  @OptionGroup var context: ContextOptions
  @OptionGroup var output: OutputOptions

  func perform() async throws {
    let rows = try await context.client().audit(after: after, limit: limit)
    try output.print(rows) { rows in
      var table = TextTable([
        .number("ROW"), .text("TIME"), .text("WHO"), .text("ASKED"), .text("OUTCOME"),
      ])
      for row in rows {
        table.add([
          "\(row.id)", Figure.instant(microseconds: row.atMicroseconds), row.actor, row.action,
          row.outcome,
        ])
      }
      Console.table(table, empty: "nothing was asked yet")
    }
  }
}

/// `spikefleet audit verify`.
struct AuditVerifyCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify", abstract: "Check that no row was changed or removed.",
    discussion: """
      Each row's hash covers the row before it. Keep the last hash somewhere else: with --expect a \
      later check shows that the rows up to it are still the same.
      """)

  @Option(help: "A hash that an earlier check printed and that must be in the chain.")
  var expect: String?

  @OptionGroup var context: ContextOptions

  func perform() async throws {
    let client = try context.client()
    var last: AuditView?
    var previous = AuditEntry.origin
    var isFound = expect == nil
    while true {
      let rows = try await client.audit(after: last?.id ?? 0, limit: 1_000)
      for row in rows {
        guard row.id == (last?.id ?? 0) + 1 else {
          throw CommandFailure("row \(row.id): found after row \(last?.id ?? 0), rows are missing")
        }
        previous = row.entry.hash(after: previous)
        guard Hex.text(previous) == row.hash else {
          throw CommandFailure("row \(row.id): its hash is not that of its text; it was changed")
        }
        if row.hash == expect { isFound = true }
        last = row
      }
      if rows.isEmpty { break }
    }
    guard isFound else {
      throw CommandFailure("the hash \(expect ?? "") is not in the chain; rows were made anew")
    }
    Console.line("\(last?.id ?? 0) rows hold; the last hash is \(Hex.text(previous))")
  }
}
