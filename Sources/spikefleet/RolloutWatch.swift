import ArgumentParser
import FleetAPI
import FleetCore
import Workbench

/// Prints what happens to a rollout until it ends or an operator has to decide.
struct RolloutWatch {
  let name: String
  let client: FleetClient
  let output: OutputOptions

  /// An operator has to decide.
  static let paused = ExitCode(3)

  func run() async throws {
    let status = StatusLine(interval: .seconds(10))
    var patience = Patience()
    var printed: UInt32 = 0
    var stage = ""
    while true {
      if let view = try await patience.ask({ try await client.rollout(name) }) {
        for decision in view.decisions where decision.number > printed {
          printed = decision.number
          status.clear()
          switch output.output {
          case .json: Console.write(try JSONText.line(decision))
          case .table: Console.line(RolloutTables.sentence(decision))
          }
        }
        let rollout = view.rollout
        let now = "wave \(rollout.wave) of \(rollout.waves), \(rollout.stage.rawValue)"
        if output.output == .table, rollout.state == .running, now != stage {
          status.clear()
          Console.line(
            "\(Figure.instant(microseconds: rollout.stageSinceMicroseconds)) \(now) begins")
          stage = now
        }
        guard rollout.state == .running || rollout.state == .reverting else {
          status.clear()
          return try end(rollout)
        }
        status.show("\(rollout.state.rawValue), \(RolloutTables.steps(rollout.steps))")
      }
      try await Task.sleep(for: .milliseconds(200))
    }
  }

  private func end(_ rollout: RolloutView) throws {
    let reason = rollout.reason.isEmpty ? "" : ": \(rollout.reason)"
    let text = "rollout \(rollout.name) \(rollout.state.rawValue)\(reason)"
    switch rollout.state {
    case .completed:
      if output.output == .table { Console.line("\(text); \(RolloutTables.steps(rollout.steps))") }
    case .paused:
      Console.complain(text)
      throw Self.paused
    case .failed, .aborted, .undone, .running, .reverting:
      throw CommandFailure(text + "; `spikefleet rollout explain \(rollout.name)`")
    }
  }
}
