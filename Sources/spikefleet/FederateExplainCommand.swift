import ArgumentParser
import FleetAPI
import FleetCore
import Workbench

/// `spikefleet federate explain`.
struct FederateExplainCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain",
    abstract: "Say why a round went as it did: who was asked and why, what came of it.",
    discussion: "All of it is in the coordinator's database: it says the same after a crash. The "
      + "newest round and its newest attempt unless told otherwise.")

  @Argument(help: "The job's name.")
  var job: String

  @Option(help: "The round; counts from 1.")
  var round: UInt32 = 0

  @Option(help: "The attempt of the round; counts from 1.")
  var attempt: UInt32 = 0

  @OptionGroup var context: ContextOptions
  @OptionGroup var output: OutputOptions

  func perform() async throws {
    let view = try await context.client().explain(
      job: job, round: Int64(round), attempt: Int64(attempt))
    try output.print(view) { view in
      for line in Self.lines(view) { Console.line(TextTable.printable(line)) }
      Console.table(Self.nodes(view), empty: "nobody was asked")
      for event in view.events {
        Console.line(
          TextTable.printable(
            "\(Figure.instant(microseconds: event.atMicroseconds))  \(event.kind)  "
              + event.detail))
      }
    }
  }

  private static func lines(_ view: RoundExplanation) -> [String] {
    let round = view.round
    let name = round.attempt > 1 ? "\(round.round).\(round.attempt)" : "\(round.round)"
    var lines = [
      "\(view.job) (\(view.jobState)), round \(name): \(round.state)"
        + (round.detail.isEmpty ? "" : ", \(round.detail)")
    ]
    if let waits = view.waits { lines.append(waits) }
    let target = view.targetReports.map { "sealed at \($0) reports, " } ?? ""
    lines.append(
      "from \(Figure.digest(view.base)), seed \(view.seed), drawn by \(view.rule), \(target)"
        + "\(view.minimumReports) needed")
    if let accuracy = round.accuracy {
      lines.append(
        "check: \(Figure.fixed(accuracy, 2)) %, "
          + (round.accepted == false ? "not taken as the next base" : "taken as the next base"))
    }
    if let epsilon = round.epsilon {
      lines.append("privacy: epsilon \(Figure.fixed(epsilon, 3)) spent with this round")
    }
    if let deadline = view.deadlineMicroseconds {
      let names = view.awaited.map(awaited)
      lines.append(
        "waits until \(Figure.instant(microseconds: deadline)) for "
          + (names.isEmpty ? "nobody" : names.joined(separator: ", ")))
    }
    return lines
  }

  private static func awaited(_ node: RoundExplanation.Awaited) -> String {
    guard let received = node.receivedBytes, let size = node.updateBytes else {
      return "\(node.node) (\(node.liveness), no update yet)"
    }
    return "\(node.node) (\(node.liveness), \(Figure.bytes(received)) of \(Figure.bytes(size)))"
  }

  private static func nodes(_ view: RoundExplanation) -> TextTable {
    var table = TextTable([
      .text("NODE"), .text("ASKED"), .text("WHY"), .text("CAME OF IT"), .number("SAMPLES"),
      .number("ACCURACY %"),
    ])
    var parts: [String: ParticipantView] = [:]
    for part in view.round.participants { parts[part.node] = part }
    // Rounds from before notes were kept have participants alone.
    let names = view.notes.isEmpty ? view.round.participants.map(\.node) : view.notes.map(\.node)
    let notes = Dictionary(view.notes.map { ($0.node, $0) }) { first, _ in first }
    for name in names {
      let part = parts[name]
      let state = part.map { $0.code.isEmpty ? $0.state : "\($0.state): \($0.code)" }
      table.add([
        name, part == nil ? "no" : "yes", notes[name]?.reason ?? Figure.missing,
        (state ?? Figure.missing) + (part?.isLeftOut == true ? ", left out" : ""),
        part.map { $0.samples > 0 ? "\($0.samples)" : Figure.missing } ?? Figure.missing,
        Figure.fixed(part?.accuracy, 1),
      ])
    }
    return table
  }
}
