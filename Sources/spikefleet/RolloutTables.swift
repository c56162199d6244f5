import FleetAPI
import FleetCore
import RolloutGates
import Workbench

/// Rollouts, their nodes and their gates as tables.
enum RolloutTables {
  static func list(_ rollouts: [RolloutView]) -> TextTable {
    var table = TextTable([
      .text("ROLLOUT"), .text("MODEL"), .text("STATE"), .text("WAVE"), .text("STAGE"),
      .text("NODES"),
    ])
    for view in rollouts {
      table.add([
        view.name, view.modelName, view.state.rawValue, "\(view.wave) of \(view.waves)",
        view.state.holdsNodes ? view.stage.rawValue : Figure.missing, steps(view.steps),
      ])
    }
    return table
  }

  /// Nodes by step, in the order of the steps.
  static func steps(_ steps: [String: Int]) -> String {
    NodeStep.allCases.compactMap { step in
      steps[step.rawValue].map { "\($0) \(step.rawValue)" }
    }.joined(separator: ", ")
  }

  static func members(_ view: RolloutDetailView, all: Bool) -> TextTable {
    var table = TextTable([
      .text("NODE"), .number("WAVE"), .text("STEP"), .text("SINCE"), .number("TRIES"),
      .text("REASON"),
    ])
    for member in view.members {
      let isOfNote = member.step.isUnderWay || member.step.isFailure || !member.detail.isEmpty
      guard all || isOfNote else { continue }
      table.add([
        member.node, "\(member.wave)", member.step.rawValue,
        Figure.instant(microseconds: member.sinceMicroseconds), "\(member.tries)", member.detail,
      ])
    }
    return table
  }

  static func gates(_ assessment: GateAssessment) -> TextTable {
    var table = TextTable([
      .text("GATE"), .text("MEASURED"), .text("BOUND"), .number("ON"), .text("FINDING"),
    ])
    for result in assessment.results {
      let unit = result.subject == .accuracy || result.subject == .disagreement
      table.add([
        result.subject.rawValue,
        result.estimate.map { result.subject.words(of: $0) } ?? Figure.missing,
        (result.subject == .spikesLow ? "at least " : "at most ")
          + result.subject.words(of: result.bound),
        "\(result.observations) \(unit ? "inputs" : "windows")", result.finding.rawValue,
      ])
    }
    return table
  }

  static func sentence(_ decision: RolloutDecision) -> String {
    "\(Figure.instant(microseconds: decision.at.microseconds)) \(words(decision))"
  }

  /// What was decided about a wave, without when.
  static func words(_ decision: RolloutDecision) -> String {
    "wave \(decision.wave + 1), \(decision.stage.rawValue): \(decision.verdict.rawValue), "
      + decision.detail
  }

  static func plan(_ plan: RolloutPlanView, perWaveMax: Int) -> TextTable {
    var table = TextTable([
      .number("WAVE"), .text("NODE"), .text("STATE"), .text("RUNS NOW"), .number("ENERGY A DAY"),
      .number("LIMIT"),
    ])
    for (wave, nodes) in Dictionary(grouping: plan.nodes, by: \.wave).sorted(by: { $0.key < $1.key }
    ) {
      for node in nodes.prefix(perWaveMax) {
        table.add([
          "\(wave)", node.node, node.liveness, node.runs.isEmpty ? Figure.missing : node.runs,
          Figure.joules(node.joulesPerDay), Figure.joules(node.limitJoules),
        ])
      }
      if nodes.count > perWaveMax {
        table.add(["\(wave)", "and \(nodes.count - perWaveMax) more", "", "", "", ""])
      }
    }
    return table
  }

  static func omitted(_ plan: RolloutPlanView, rowsMax: Int) -> TextTable {
    var table = TextTable([.text("NODE"), .text("REASON")])
    for node in plan.omitted.prefix(rowsMax) { table.add([node.node, node.detail]) }
    if plan.omitted.count > rowsMax {
      table.add(["and \(plan.omitted.count - rowsMax) more", ""])
    }
    return table
  }
}
