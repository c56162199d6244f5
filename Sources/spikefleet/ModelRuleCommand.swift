import ArgumentParser
import SpikingNetwork
import Workbench

/// `spikefleet model rule`.
struct ModelRuleCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "rule",
    abstract: "List ready-made learning rules, or write one as a network file has it.",
    discussion: "docs/LEARNING.md says how a rule is written and what it costs.")

  @Argument(
    help: "Which rule: \(ProgramRule.forms.map(\.name).joined(separator: ", ")). All if left out.")
  var rule: String?

  @OptionGroup var output: OutputOptions

  /// A rule in a list.
  private struct Listed: Encodable {
    var name: String
    var summary: String
    var dw: String
    var dt: String?
  }

  func validate() throws {
    guard let rule, !ProgramRule.forms.contains(where: { $0.name == rule }) else { return }
    throw ValidationError(
      "found rule `\(rule)`, expected one of "
        + ProgramRule.forms.map(\.name).joined(separator: ", "))
  }

  func perform() async throws {
    if let form = ProgramRule.forms.first(where: { $0.name == rule }) {
      Console.write(try JSONText.pretty(["plasticity": PlasticityRule.program(form.rule)]))
      return
    }
    let listed = ProgramRule.forms.map {
      Listed(name: $0.name, summary: $0.summary, dw: $0.rule.dw, dt: $0.rule.dt)
    }
    try output.print(listed) { listed in
      var table = TextTable([.text("RULE"), .text("DW"), .text("DT"), .text("WHAT IT IS")])
      for rule in listed { table.add([rule.name, rule.dw, rule.dt ?? "-", rule.summary]) }
      Console.write(table.text)
    }
  }
}
