import ArgumentParser
import FleetAPI
import FleetCore
import FleetProtocol
import Workbench

/// `spikefleet events`.
struct EventsCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "events",
    abstract: "Show what happened in the fleet and who asked for what, oldest first.",
    discussion: """
      Rows come from the journal, which only grows: `spikefleet audit verify` checks that none was \
      changed or removed. A request is a row of the kind `asked`.
      """)

  @Option(
    name: [.long, .customLong("subject")],
    help: "Show what is about this node, model, rollout, job or token alone.")
  var node: String?

  @Option(help: "Show this kind alone, such as node.offline, or all that begin so, such as node.")
  var kind: String?

  @Option(help: "From when on: an ISO 8601 time, or how long ago, as 90s, 30m, 6h or 7d.")
  var since: String?

  @Option(help: "Show rows after this number.")
  var after: Int64 = 0

  @Option(parsing: .unconditional, help: "Rows to show at most.")
  var limit = 100

  @Flag(help: "Show the newest rows, where there are more than --limit.")
  var newest = false

  @Flag(
    help: ArgumentHelp(
      "Go on with what happens, until interrupted.",
      discussion: "Begins with the newest ten rows where neither --since nor --after is given; "
        + "--limit bounds nothing then. JSON comes as one row a line."))
  var follow = false

  @OptionGroup var context: ContextOptions
  @OptionGroup var output: OutputOptions

  /// Rows with which following begins.
  private static let firstRows = 10
  /// Rows that one request asks for while following.
  private static let pageRows = 1_000

  func validate() throws { _ = try asked() }

  private func asked() throws -> JournalQuery {
    if let node, !Self.isSubject(node) {
      throw ValidationError("--node: found `\(node)`, expected [a-z0-9][a-z0-9._-]{0,62}")
    }
    if let kind, !Self.isSubject(kind) {
      throw ValidationError("--kind: found `\(kind)`, expected words such as node.offline or node")
    }
    guard after >= 0, (1...10_000).contains(limit) else {
      throw ValidationError("expected --after of 0 or more and --limit of 1 to 10000")
    }
    var query = JournalQuery(limit: limit)
    (query.after, query.subject, query.newest) = (after, node, newest)
    query.kind = kind.map { $0.hasSuffix(".") ? String($0.dropLast()) : $0 }
    query.since = try since.map { try TimeArgument.instant($0, "--since", WallClock.now()) }
    return query
  }

  /// A round is a job's name and two numbers with slashes between.
  private static func isSubject(_ text: String) -> Bool {
    Identifier(text.replacing("/", with: "-")) != nil
  }

  func perform() async throws {
    let client = try context.client()
    guard !follow else { return try await goOn(client) }
    let views = try await client.events(try asked())
    try output.print(views) { views in
      var table = TextTable([
        .number("NUMBER"), .text("TIME"), .text("EVENT"), .text("ABOUT"), .text("DETAIL"),
      ])
      for view in views {
        table.add([
          "\(view.id)", Figure.instant(microseconds: view.atMicroseconds), view.kind, view.subject,
          Self.words(view),
        ])
      }
      Console.table(table, empty: "no events")
    }
  }

  /// What happened, or who asked for what and what came of it.
  private static func words(_ view: EventView) -> String {
    guard let actor = view.actor else { return view.detail }
    let outcome = view.outcome ?? "done"
    return "\(actor): \(view.detail)" + (outcome == "done" ? "" : ", refused: \(outcome)")
  }

  private func goOn(_ client: FleetClient) async throws {
    var query = try asked()
    query.limit = Self.pageRows
    if since == nil, after == 0 { (query.newest, query.limit) = (true, Self.firstRows) }
    var patience = Patience()
    while true {
      if let views = try await patience.ask({ try await client.events(query) }) {
        for view in views { try show(view) }
        // From here on without a hole, whatever the clock that --since was held against does.
        query.after = views.last?.id ?? query.after
        (query.newest, query.limit) = (false, Self.pageRows)
        if !views.isEmpty { query.since = nil }
        if views.count == Self.pageRows { continue }
      }
      try await Task.sleep(for: .milliseconds(300))
    }
  }

  private func show(_ view: EventView) throws {
    switch output.output {
    case .json: Console.write(try JSONText.line(view))
    case .table:
      let time = Figure.instant(microseconds: view.atMicroseconds)
      let about = view.subject.isEmpty ? "" : " \(view.subject)"
      Console.line(
        TextTable.printable("\(view.id) \(time) \(view.kind)\(about): \(Self.words(view))"))
    }
  }
}
