import ArgumentParser
import FleetAPI
import FleetCore
import Workbench

/// `spikefleet rollout`.
struct RolloutCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rollout", abstract: "Look after deployments on their way through their waves.",
    subcommands: [
      RolloutListCommand.self, RolloutStatusCommand.self, RolloutWatchCommand.self,
      RolloutExplainCommand.self, RolloutVerbCommand<PauseVerb>.self,
      RolloutVerbCommand<ResumeVerb>.self, RolloutVerbCommand<PromoteVerb>.self,
      RolloutVerbCommand<AbortVerb>.self, RolloutVerbCommand<UndoVerb>.self,
      RolloutRetryCommand.self, RolloutRehearseCommand.self,
    ])
}

/// `spikefleet rollout list`.
struct RolloutListCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List rollouts, newest first.")

  @OptionGroup var context: ContextOptions
  @OptionGroup var output: OutputOptions

  func perform() async throws {
    let rollouts = try await context.client().rollouts()
    try output.print(rollouts) { rollouts in
      Console.table(
        RolloutTables.list(rollouts), empty: "no rollouts yet; `spikefleet deploy apply`")
    }
  }
}

/// `spikefleet rollout status`.
struct RolloutStatusCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Show how far a rollout is, and its gates and nodes.")

  @Argument(help: "The rollout's name.")
  var name: String

  @Flag(help: "Print every node, not those alone that are under way or failed.")
  var all = false

  @OptionGroup var context: ContextOptions
  @OptionGroup var output: OutputOptions

  func perform() async throws {
    let view = try await context.client().rollout(name)
    try output.print(view) { view in
      Console.write(RolloutTables.list([view.rollout]).text)
      if !view.rollout.reason.isEmpty {
        Console.line("reason: \(TextTable.printable(view.rollout.reason))")
      }
      if view.rollout.state == .running, let look = view.look {
        Console.line()
        Console.write(RolloutTables.gates(look).text)
      }
      let nodes = RolloutTables.members(view, all: all)
      guard !nodes.rows.isEmpty else { return }
      Console.line()
      Console.write(nodes.text)
    }
  }
}

/// `spikefleet rollout watch`.
struct RolloutWatchCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "watch", abstract: "Print what happens to a rollout until it ends or pauses.",
    discussion: "With -o json each line is a decision. Ends with status 1 where the model does not "
      + "stay, and with status 3 where an operator has to decide.")

  @Argument(help: "The rollout's name.")
  var name: String

  @OptionGroup var context: ContextOptions
  @OptionGroup var output: OutputOptions

  func perform() async throws {
    try await RolloutWatch(name: name, client: context.client(), output: output).run()
  }
}

/// `spikefleet rollout explain`.
struct RolloutExplainCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain", abstract: "Show every decision about a rollout with its evidence.")

  @Argument(help: "The rollout's name.")
  var name: String

  @OptionGroup var context: ContextOptions
  @OptionGroup var output: OutputOptions

  func perform() async throws {
    let view = try await context.client().rollout(name)
    try output.print(view.decisions) { decisions in
      Console.write(RolloutTables.list([view.rollout]).text)
      if !view.rollout.reason.isEmpty {
        Console.line("reason: \(TextTable.printable(view.rollout.reason))")
      }
      if decisions.isEmpty { Console.line("no decision yet") }
      for decision in decisions {
        Console.line()
        Console.line(RolloutTables.sentence(decision))
        if let assessment = decision.assessment {
          Console.write(RolloutTables.gates(assessment).text)
        }
      }
    }
  }
}
