import ArgumentParser
import FleetAPI
import FleetCore
import FleetProtocol
import Foundation
import Workbench

/// `spikefleet telemetry`.
struct TelemetryCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "telemetry", abstract: "Read the telemetry that nodes reported.",
    subcommands: [TelemetryShowCommand.self, TelemetryQueryCommand.self],
    defaultSubcommand: TelemetryShowCommand.self)
}

/// `spikefleet telemetry show NODE`, also without the word `show`.
struct TelemetryShowCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show a node's newest telemetry windows, oldest first.",
    discussion: "Counters are cumulative since the agent's start, which is one boot.")

  @Argument(help: "The node's name.")
  var node: String

  @Option(parsing: .unconditional, help: "Windows to show at most.")
  var limit = 20

  @OptionGroup var context: ContextOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard Identifier(node) != nil else {
      throw ValidationError("found `\(node)`, expected a node's name, [a-z0-9][a-z0-9._-]{0,62}")
    }
    guard (1...10_000).contains(limit) else {
      throw ValidationError("--limit: found \(limit), expected 1 to 10000")
    }
  }

  func perform() async throws {
    guard let name = Identifier(node) else { preconditionFailure("`\(node)` was validated") }
    let views = try await context.client().telemetry(node: name, limit: limit)
    try output.print(views) { views in
      var table = TextTable([
        .text("TIME"), .text("BOOT"), .number("WINDOW"), .text("MODEL"), .number("INFERENCES"),
        .number("CORRECT"), .number("LEARNT"), .number("ENERGY"), .text("LEARNING"),
        .text("MARKS"),
      ])
      for view in views {
        table.add([
          Figure.instant(microseconds: Int64(clamping: view.atMicroseconds)), view.boot,
          "\(view.sequence)", Figure.digest(view.model), "\(view.inferences)",
          "\(view.correct) of \(view.labelled)", "\(view.learningSamples)",
          Figure.joules(view.joules), view.learningState, view.flags.joined(separator: " "),
        ])
      }
      Console.table(table, empty: "no telemetry of \(node) yet")
    }
  }
}

/// `spikefleet telemetry query`.
struct TelemetryQueryCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "query",
    abstract: "Add up telemetry over time, by node, model, chip or label.",
    discussion: """
      Values are what was counted in the row's interval. Joules are derived from event counts by \
      the price table that the row names, with its weakest evidence grade; a dash where a price is \
      missing. MARKS tells what is not whole: gap, merged or lost windows, and windows that cannot \
      be true (counter-fell, power, clock, series, unpriced), which --plausible leaves out.
      """)

  enum Form: String, ExpressibleByArgument, CaseIterable { case table, csv, json }

  @Option(help: "From when on: an ISO 8601 time, or how long ago, as 90s, 30m, 6h or 7d.")
  var since = "1h"

  @Option(help: "Until when, likewise; the present if not given.")
  var until: String?

  @Option(help: "Comma-separated: node, model, chip, label or label.NAME.")
  var groupBy = ""

  @Option(help: "Comma-separated metrics, or `all`; the help's end lists them.")
  var metric = TelemetryQuery.Metric.usual.map(\.rawValue).joined(separator: ",")

  @Option(help: "raw, minute or hour; else as fine as the span allows.")
  var tier: String?

  @Flag(help: "One row for the whole span instead of one for each interval.")
  var sum = false

  @Flag(help: "Leave out windows that cannot be true.")
  var plausible = false

  @Option(name: [.short, .long], help: "Print a table for people, CSV or JSON for programs.")
  var output = Form.table

  @OptionGroup var context: ContextOptions

  func perform() async throws {
    let answer = try await context.client(timeoutSeconds: 120).telemetry(try query())
    switch output {
    case .json: Console.write(try JSONText.pretty(answer))
    case .csv: Console.write(TelemetryText(answer: answer).csv)
    case .table: TelemetryText(answer: answer).writeTable()
    }
  }

  func validate() throws { _ = try query() }

  private func query() throws -> TelemetryQuery {
    let now = WallClock.now()
    let query = TelemetryQuery(
      since: try TimeArgument.instant(since, "--since", now),
      until: try until.map { try TimeArgument.instant($0, "--until", now) } ?? now,
      tier: tier, groupBy: try Self.list(groupBy, "--group-by"),
      metrics: metric == "all"
        ? TelemetryQuery.Metric.allCases : try Self.list(metric, "--metric"),
      isSummed: sum, isPlausibleOnly: plausible)
    guard query.since < query.until else {
      throw ValidationError("--since: found `\(since)`, expected a time before --until")
    }
    guard tier.map({ ["raw", "minute", "hour"].contains($0) }) ?? true else {
      throw ValidationError("--tier: found `\(tier ?? "")`, expected raw, minute or hour")
    }
    return query
  }

  private static func list<Name: RawRepresentable<String> & CaseIterable>(
    _ text: String, _ option: String
  ) throws -> [Name] {
    try text.split(separator: ",").map { word in
      guard let name = Name(rawValue: String(word)) else {
        let known = Name.allCases.map(\.rawValue).joined(separator: ", ")
        throw ValidationError("\(option): found `\(word)`, expected some of \(known)")
      }
      return name
    }
  }
}
