import ArgumentParser

/// `spikefleet simulate`.
struct SimulateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "simulate",
    abstract: "Run the fleet's own decisions under faults, or at your size, without any node.",
    subcommands: [
      SimulateFleetCommand.self, SimulateFederateCommand.self, SimulateChaosCommand.self,
      SimulateWorkerCommand.self,
    ])
}
