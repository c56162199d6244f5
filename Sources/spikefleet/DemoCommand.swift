import ArgumentParser
import Foundation
import Workbench

/// `spikefleet demo`.
struct DemoCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "demo",
    abstract: "Run the whole main job of a scenario with real processes.",
    discussion: """
      Starts a coordinator and agents on free loopback ports in a fresh temporary folder, trains, \
      compiles, signs, pushes and deploys a base model, watches inference, lets the nodes learn \
      together, and compares. Each step is printed as the command that a user would type. Ends \
      with status 0 only if the scenario's expectations hold. Everything it started is stopped \
      again, also after Ctrl-C.
      """)

  @Argument(help: "Scenario file (YAML), such as fleet-configs/digits.yaml.")
  var scenario: String

  @Flag(help: "Leave the fleet running, and say how to look at it and how to stop it.")
  var keep = false

  @Option(help: "Folder of the fleet; it must not exist yet. A temporary one unless given.")
  var folder: String?

  func perform() async throws {
    let described = try Scenario.read(scenario)
    let stage = try DemoStage(scenarioPath: scenario, folder: folder)
    let run = Task { try await Demonstration(described, on: stage).run() }
    let signals = StopSignals { run.cancel() }
    Console.onBrokenOutput { run.cancel() }
    let result = await run.result
    if signals.number == nil, case .failure = result {
      Console.writeError("last lines of the daemons:\n\(stage.logTails())")
    }
    if keep, signals.number == nil, case .success = result {
      stage.explainKept()
    } else {
      await stage.clean()
    }
    if let number = signals.number {
      Console.complain("stopped by signal \(number); everything that was started is stopped")
      throw ExitCode(128 + number)
    }
    guard try result.get() else {
      throw CommandFailure("the scenario's expectations do not hold; see the table above")
    }
  }
}
