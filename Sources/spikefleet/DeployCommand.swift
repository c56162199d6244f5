import ArgumentParser
import FleetAPI
import FleetCore
import Workbench

/// `spikefleet deploy`.
struct DeployCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "deploy",
    abstract: "Bring a model to nodes: at once, or in waves behind gates.",
    discussion: "`spikefleet deploy MODEL` sets which model nodes should run, all at once. "
      + "`deploy plan FILE` shows what a deployment would change, `deploy apply FILE` starts its "
      + "rollout, and `spikefleet rollout` looks after it.",
    subcommands: [DeployModelCommand.self, DeployPlanCommand.self, DeployApplyCommand.self],
    defaultSubcommand: DeployModelCommand.self)
}

/// `spikefleet deploy plan`.
struct DeployPlanCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan", abstract: "Show which nodes a deployment would change, and when.",
    discussion: "Nothing is changed. Ends with status 1 where `deploy apply` would be refused.")

  @Argument(help: "The deployment, such as fleet-configs/deployment.yaml.")
  var file: String

  @Flag(help: "Print every node, not a few of each wave.")
  var all = false

  @OptionGroup var context: ContextOptions
  @OptionGroup var output: OutputOptions

  func perform() async throws {
    let specification = try DeploymentFile.read(file)
    let plan = try await context.client().planRollout(specification)
    try output.print(plan) { plan in
      Console.line("\(specification.name): \(plan.model), \(plan.digest.prefix(12))")
      Console.table(
        RolloutTables.plan(plan, perWaveMax: all ? .max : 5), empty: "no node would change")
      if !plan.unchanged.isEmpty {
        Console.line(
          "\(plan.unchanged.count) nodes were told to run it already and stay as they are")
      }
      if !plan.omitted.isEmpty {
        Console.line("left out:")
        Console.write(RolloutTables.omitted(plan, rowsMax: all ? .max : 10).text)
      }
    }
    let refused = plan.omitted.filter { $0.reason != .duty }
    if let first = refused.first {
      throw CommandFailure(
        "`deploy apply` would refuse: \(first.node) \(first.detail)"
          + (refused.count > 1 ? " (and \(refused.count - 1) more)" : ""))
    }
  }
}

/// `spikefleet deploy apply`.
struct DeployApplyCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "apply", abstract: "Start the rollout of a deployment.",
    discussion: "With --watch it ends as `spikefleet rollout watch` does.")

  @Argument(help: "The deployment, such as fleet-configs/deployment.yaml.")
  var file: String

  @Option(help: "Another name for the rollout than the file's: a name is used once.")
  var name: String?

  @Flag(help: "Watch it until it ends.")
  var watch = false

  @OptionGroup var context: ContextOptions
  @OptionGroup var output: OutputOptions

  func perform() async throws {
    var specification = try DeploymentFile.read(file)
    if let name { specification.name = name }
    let client = try context.client()
    let answer = try await client.startRollout(
      specification, requestID: FleetClient.newRequestID()
    ).orThrow()
    guard watch else {
      return try output.print(answer) {
        Console.line("rollout \($0.detail) begins; `spikefleet rollout watch \($0.detail)`")
      }
    }
    try await RolloutWatch(name: answer.detail, client: client, output: output).run()
  }
}
