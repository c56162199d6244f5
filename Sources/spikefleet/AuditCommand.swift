import ArgumentParser
import FleetAPI
import FleetCore
import FleetProtocol
import Workbench

/// `spikefleet audit`.
struct AuditCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "audit",
    abstract: "Show who asked the coordinator for what, and check the whole journal.",
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
    commandName: "verify", abstract: "Check that no row of the journal was changed or removed.",
    discussion: """
      The journal holds what happened and who asked for what; each row's hash covers the row \
      before it. Keep the last hash somewhere else: with --expect a later check shows that the \
      rows up to it are still the same. A hash of the audit from before the journal is found, too.
      """)

  @Option(help: "A hash that an earlier check printed and that must be in the chain.")
  var expect: String?

  @OptionGroup var context: ContextOptions

  /// Rows that one request asks for.
  private static let pageRows = 2_000

  func validate() throws {
    guard expect.map({ ContentDigest(hex: $0) != nil }) ?? true else {
      throw ValidationError(
        "--expect: found `\(expect ?? "")`, expected 64 lower-case hexadecimal digits")
    }
  }

  func perform() async throws {
    let client = try context.client()
    var check = JournalCheck(expecting: expect.flatMap { ContentDigest(hex: $0)?.bytes })
    var query = JournalQuery(limit: Self.pageRows)
    while true {
      query.after = check.rows
      let views = try await client.events(query)
      for view in views {
        guard let row = view.row else {
          throw CommandFailure("row \(view.id): no hash; is the coordinator of another version?")
        }
        do throws(JournalCheck.Break) {
          try check.take(row)
        } catch {
          throw CommandFailure("\(error)")
        }
      }
      if views.isEmpty { break }
    }
    guard check.isExpectationMet else {
      throw CommandFailure(
        "the hash \(expect ?? "") is not in the chain; rows were made anew, or the state is an "
          + "older one")
    }
    Console.line("\(check.rows) rows hold; the last hash is \(Hex.text(check.head))")
  }
}
