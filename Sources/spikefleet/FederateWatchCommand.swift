import ArgumentParser
import FleetAPI
import FleetCore
import Workbench

/// `spikefleet federate watch`.
struct FederateWatchCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "watch", abstract: "Print a line for each round of a job until the job ends.",
    discussion: "Accuracy is that of the merged model on the coordinator's own check; behind each "
      + "node stands how much of its samples it got right before learning from them. With -o json "
      + "each line is one round. Ends with status 1 when the job failed or was cancelled.")

  @Argument(help: "The job's name.")
  var job: String

  @OptionGroup var context: ContextOptions
  @OptionGroup var output: OutputOptions

  func perform() async throws {
    let client = try context.client()
    let status = StatusLine(interval: .seconds(10))
    var patience = Patience()
    var printed: [String] = []
    if output.output == .table { Console.line(Self.line(JobTables.roundColumns.map(\.title))) }
    while true {
      if let view = try await patience.ask({ try await find(client) }) {
        for round in view.rounds where ["committed", "failed"].contains(round.state) {
          let key = "\(round.round).\(round.attempt)"
          guard !printed.contains(key) else { continue }
          printed.append(key)
          status.clear()
          try show(round)
        }
        guard ["running", "paused"].contains(view.state) else {
          status.clear()
          try end(view)
          return
        }
        if let round = view.rounds.last {
          status.show(progress(round, of: view))
        } else if let waits = view.waits {
          status.show(waits)
        }
      }
      try await Task.sleep(for: .milliseconds(100))
    }
  }

  private func find(_ client: FleetClient) async throws -> JobView {
    guard let view = try await client.jobs().first(where: { $0.specification.name == job })
    else { throw JobTables.unknown(job) }
    return view
  }

  private func show(_ round: RoundView) throws {
    switch output.output {
    case .json: Console.write(try JSONText.line(round))
    case .table: Console.line(Self.line(JobTables.cells(round)))
    }
  }

  private func end(_ view: JobView) throws {
    if output.output == .table {
      let committed = view.rounds.count { $0.state == "committed" }
      Console.line(
        "\(view.specification.name) \(view.state) after \(committed) rounds, model "
          + Figure.digest(view.currentModel))
    }
    guard view.state == "finished" else {
      throw CommandFailure(
        "job \(view.specification.name) \(view.state)"
          + (view.detail.isEmpty ? "" : ": \(view.detail)"))
    }
  }

  private func progress(_ round: RoundView, of view: JobView) -> String {
    if let waits = view.waits { return waits }
    if view.state == "paused", ["committed", "failed"].contains(round.state) {
      return "paused after round \(round.round) of \(view.specification.rounds)"
    }
    let done = round.participants.count { $0.state == "reported" }
    return "round \(round.round) of \(view.specification.rounds) \(round.state), \(done) of "
      + "\(round.participants.count) nodes have reported"
  }

  /// Lines come one by one, so the columns have widths of their own.
  private static func line(_ cells: [String]) -> String {
    let widths = [5, 9, 7, 10, 10, 8]
    let padded = cells.enumerated().map { index, cell in
      guard index < widths.count else { return cell }
      let fill = String(repeating: " ", count: max(0, widths[index] - cell.count))
      return index == 1 ? cell + fill : fill + cell
    }
    return TextTable.printable(padded.joined(separator: "  "))
  }
}
