import ArgumentParser

/// `spikefleet federate`.
struct FederateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "federate",
    abstract: "Start, list, watch and cancel federated learning jobs.",
    subcommands: [
      FederateStartCommand.self, FederateStatusCommand.self, FederateWatchCommand.self,
      FederateCancelCommand.self,
    ])
}
