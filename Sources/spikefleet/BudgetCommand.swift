import ArgumentParser
import FleetAPI
import FleetCore
import Workbench

/// `spikefleet budget`.
struct BudgetCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "budget", abstract: "Say how much energy nodes may use in a day.",
    discussion: """
      Each node keeps to its limit by itself, with or without the coordinator: it stops learning, \
      lets a smaller model of its deployment answer, then answers less often. Days are UTC. Where \
      several budgets are for a node, the least holds.
      """,
    subcommands: [BudgetSetCommand.self, BudgetListCommand.self, BudgetRemoveCommand.self])
}

/// `spikefleet budget set`.
struct BudgetSetCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "set", abstract: "Set a budget, or change the one of that name.",
    discussion: "It is for nodes that are named and carry all labels given; for every node where "
      + "neither is given, later ones too.")

  @Argument(help: "What the budget is called.")
  var name: String

  @Option(parsing: .unconditional, help: "Joules a day.")
  var joulesPerDay: Double

  @Option(help: "A node; once for each.")
  var node: [String] = []

  @Option(help: ArgumentHelp("A label; once for each.", valueName: "name=value"))
  var label: [String] = []

  @Flag(help: "All its nodes share the joules evenly; else each has as many.")
  var shared = false

  @OptionGroup var context: ContextOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard joulesPerDay > 0, joulesPerDay <= EnergyBudget.joulesMax else {
      throw ValidationError(
        "--joules-per-day: found \(joulesPerDay), expected more than 0 and at most 1e9; "
          + "`spikefleet budget remove` takes a limit away")
    }
    for label in label where !label.contains("=") {
      throw ValidationError("--label: found `\(label)`, expected `name=value`")
    }
  }

  func perform() async throws {
    var labels: [String: String] = [:]
    for label in label {
      let parts = label.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      labels[String(parts[0])] = String(parts[1])
    }
    let budget = EnergyBudget(
      name: name, selector: NodeSelector(nodes: node, labels: labels), joulesPerDay: joulesPerDay,
      isShared: shared)
    let answer = try await context.client().setBudget(
      budget, requestID: FleetClient.newRequestID())
    try output.print(try answer.orThrow()) { Console.line("budget \(name): \($0.detail)") }
  }
}

/// `spikefleet budget list`.
struct BudgetListCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List budgets, and what they mean for a node.")

  @OptionGroup var context: ContextOptions
  @OptionGroup var output: OutputOptions

  func perform() async throws {
    try output.print(try await context.client().budgets()) { views in
      var table = TextTable([
        .text("BUDGET"), .text("FOR"), .number("NODES"), .number("A DAY"), .number("EACH"),
      ])
      for view in views {
        let selector = view.budget.selector
        let labels = selector.labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        let words = selector.nodes + labels
        table.add([
          view.budget.name, words.isEmpty ? "every node" : words.joined(separator: " "),
          "\(view.nodes)",
          view.budget.isShared ? Figure.joules(view.budget.joulesPerDay) : Figure.missing,
          Figure.joules(view.joulesPerNode),
        ])
      }
      Console.table(table, empty: "no budgets: nodes may use any energy")
    }
  }
}

/// `spikefleet budget remove`.
struct BudgetRemoveCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "remove", abstract: "Take a budget away.")

  @Argument(help: "What the budget is called.")
  var name: String

  @OptionGroup var context: ContextOptions
  @OptionGroup var output: OutputOptions

  func perform() async throws {
    let answer = try await context.client().removeBudget(
      name, requestID: FleetClient.newRequestID())
    try output.print(try answer.orThrow()) { _ in Console.line("removed budget \(name)") }
  }
}
