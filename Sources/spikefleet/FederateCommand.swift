import ArgumentParser

/// `spikefleet federate`.
struct FederateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "federate",
    abstract: "Let nodes learn together: plan, start, watch, explain, judge and end jobs.",
    subcommands: [
      FederatePlanCommand.self, FederateStartCommand.self, FederateStatusCommand.self,
      FederateWatchCommand.self, FederateExplainCommand.self, FederateHistoryCommand.self,
      FederateReportCommand.self, JobVerbCommand<PauseJobVerb>.self,
      JobVerbCommand<ResumeJobVerb>.self,
      FederateRollbackCommand.self, FederateCancelCommand.self,
    ])
}
