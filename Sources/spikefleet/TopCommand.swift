import ArgumentParser
import FleetAPI
import Foundation
import Workbench

/// `spikefleet top`.
struct TopCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "top",
    abstract: "Watch accuracy, speed, energy and learning of every node.",
    discussion: "Redraws in place on a terminal; elsewhere it prints one table after the other. "
      + "Accuracy is over each node's last labelled samples, every one tested before it is learnt "
      + "from. Energy is that of the chip since the node was accepted.")

  @Flag(help: "Print the table once and end.")
  var once = false

  @Option(parsing: .unconditional, help: "Seconds between two tables.")
  var interval = 1.0

  @Option(
    name: .customLong("for"), parsing: .unconditional,
    help: "End after so many seconds; 0 goes on until Ctrl-C.")
  var seconds = 0.0

  @OptionGroup var context: ContextOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard (0.1...3_600).contains(interval) else {
      throw ValidationError("--interval: found \(interval), expected 0.1 to 3600 seconds")
    }
    guard (0...86_400).contains(seconds) else {
      throw ValidationError("--for: found \(seconds), expected 0 to 86400 seconds")
    }
  }

  func perform() async throws {
    let client = try context.client()
    if once {
      try output.print(try await client.top()) { Console.write(TopTables.text($0)) }
      return
    }
    let started = ContinuousClock.now
    var height = 0
    var patience = Patience()
    while true {
      if let rows = try await patience.ask({ try await client.top() }) {
        if output.output == .json {
          Console.write(try JSONText.line(rows))
        } else {
          height = draw(rows, over: height)
        }
      }
      let elapsed = (ContinuousClock.now - started) / .seconds(1)
      if seconds > 0, elapsed + interval > seconds { return }
      try await Task.sleep(for: .seconds(interval))
    }
  }

  /// Draws over the table before on a terminal; returns the height of the new one.
  private func draw(_ rows: [TopRow], over height: Int) -> Int {
    let text = TopTables.text(rows)
    guard Console.isTerminal else {
      Console.write((height > 0 ? "\n" : "") + text)
      return 1
    }
    // Up to the first line of the old table, then clear from there on.
    let up = height > 0 ? "\u{1B}[\(height)A\r\u{1B}[J" : ""
    Console.write(up + text)
    return text.count { $0 == "\n" }
  }
}

/// The live table.
enum TopTables {
  static func text(_ rows: [TopRow]) -> String {
    guard !rows.isEmpty else {
      return "no nodes yet; `spikefleet node list --pending` shows the keys that knock\n"
    }
    var table = TextTable([
      .text("NODE"), .text("STATE"), .text("MODEL"), .number("ACCURACY %"), .number("INF/S"),
      .number("ENERGY"), .number("uJ/INF"), .text("LEARNING"), .number("LEARNT"),
      .number("MEMORY"), .text("TODAY"),
    ])
    for row in rows {
      table.add([
        row.node, row.liveness, Figure.digest(row.model), Figure.fixed(row.accuracy, 1),
        Figure.fixed(row.inferencesPerSecond, 1), Figure.joules(row.joules),
        Figure.fixed(row.microjoulesPerInference, 3),
        row.learningState.isEmpty ? Figure.missing : row.learningState, "\(row.learningSamples)",
        row.residentKibibytes == 0
          ? Figure.missing : Figure.bytes(UInt64(row.residentKibibytes) * 1_024),
        row.energy.map(today) ?? Figure.missing,
      ])
    }
    var prices: [String] = []
    for row in rows where !row.priceTable.isEmpty && !prices.contains(row.priceTable) {
      prices.append(row.priceTable)
    }
    return table.text + (prices.isEmpty ? "" : "prices: \(prices.joined(separator: "; "))\n")
  }

  /// Energy of today beside the limit, and what is held back for it.
  private static func today(_ energy: NodeEnergyView) -> String {
    let share = energy.limitJoules > 0 ? 100 * energy.usedJoules / energy.limitJoules : 0
    var words = ["\(Figure.fixed(share, 0)) % of \(Figure.joules(energy.limitJoules))"]
    if energy.isLearningPaused { words.append("no learning") }
    if let standIn = energy.standIn { words.append("\(Figure.digest(standIn)) answers") }
    if energy.ratePerMille < 1_000 {
      words.append("\(Figure.fixed(Double(energy.ratePerMille) / 10, 1)) % speed")
    }
    return words.joined(separator: ", ")
  }
}

/// Bears a coordinator that was there and is away for a while, as during a restart.
struct Patience {
  /// Seconds without an answer after which a command gives up.
  var secondsMax = 30.0
  private var lastAnswer: ContinuousClock.Instant?
  private let status = StatusLine(interval: .seconds(5))

  /// The answer, or nil while the coordinator is away; a first call that fails throws at once.
  mutating func ask<Value>(_ call: () async throws -> Value) async throws -> Value? {
    do {
      let value = try await call()
      if lastAnswer != nil { status.clear() }
      lastAnswer = .now
      return value
    } catch let error as ServiceError where error.code == "unreachable" {
      guard let lastAnswer, (ContinuousClock.now - lastAnswer) / .seconds(1) < secondsMax else {
        throw error
      }
      status.show("the coordinator does not answer, still trying")
      return nil
    }
  }
}
