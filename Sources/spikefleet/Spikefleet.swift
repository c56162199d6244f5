import ArgumentParser
import Workbench

/// The command-line tool of the fleet's operator.
@main
struct Spikefleet: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "spikefleet",
    abstract: "Deploy spiking networks to a fleet of edge machines, watch their energy, learn "
      + "together.",
    discussion: """
      Commands that talk to the coordinator find it by --context, then SPIKEFLEET_CONTEXT, then \
      operator/context.yaml, then ~/.config/spikefleet/context.yaml.

      Exit status: 0 done, 1 refused or failed, 2 no coordinator answers, 64 wrong usage.
      """,
    version: Version.text,
    groupedSubcommands: [
      CommandGroup(
        name: "Set up:",
        subcommands: [
          InitCommand.self, NodeCommand.self, JoinTokenCommand.self, TokenCommand.self,
          KeyCommand.self, RootCommand.self, DataCommand.self,
        ]),
      CommandGroup(
        name: "Models:",
        subcommands: [
          ModelCommand.self, ChipCommand.self, DeployCommand.self, RolloutCommand.self,
        ]),
      CommandGroup(
        name: "Watch:",
        subcommands: [
          StatusCommand.self, TopCommand.self, EnergyCommand.self, BudgetCommand.self,
          TelemetryCommand.self,
          EventsCommand.self, AuditCommand.self,
        ]),
      CommandGroup(
        name: "Keep:", subcommands: [BackupCommand.self, DebugCommand.self]),
      CommandGroup(name: "Learn together:", subcommands: [FederateCommand.self]),
      CommandGroup(name: "Try it:", subcommands: [DemoCommand.self, SimulateCommand.self]),
    ])

  /// Refuses arguments that would be read, and written, as other ones.
  static func main() async {
    for place in 0..<Int(CommandLine.argc) {
      guard let argument = CommandLine.unsafeArgv[place], String(validatingCString: argument) == nil
      else { continue }
      Console.complain(
        "argument \(place), `\(String(cString: argument))`, is not UTF-8; rename the file")
      exit(withError: ExitCode.validationFailure)
    }
    await main(nil)
  }
}
