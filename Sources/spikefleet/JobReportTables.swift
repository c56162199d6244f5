import CompiledModel
import FleetAPI
import Workbench

/// What jobs cost and became, as tables.
enum JobReportTables {
  static let noJobs = "no jobs yet; `spikefleet federate start`"

  /// One row a job.
  static func jobs(_ reports: [JobReport]) -> TextTable {
    var table = TextTable([
      .text("JOB"), .text("STATE"), .text("MODEL"), .number("ROUNDS"), .number("ATTEMPTS"),
      .number("BEST %"), .number("UP"), .number("DOWN"), .number("CHIP"), .number("RADIO"),
      .text("GRADES"), .text("STARTED"),
    ])
    for report in reports {
      let committed = report.rounds.count { $0.state == "committed" }
      table.add([
        report.job, report.state, Figure.digest(report.currentModel),
        "\(committed) of \(report.roundsAsked)", "\(report.rounds.count)",
        Figure.fixed(report.bestAccuracy, 1), Figure.bytes(report.cost.sentBytes),
        Figure.bytes(report.cost.receivedBytes), Figure.joules(chip(report.cost)),
        Figure.joules(report.cost.radioJoules), grades(report.cost),
        Figure.instant(microseconds: report.startedMicroseconds),
      ])
    }
    return table
  }

  /// One row a round and attempt.
  static func history(_ report: JobReport) -> TextTable {
    var table = TextTable([
      .number("ROUND"), .text("STATE"), .text("MODEL"), .number("ACCURACY %"), .number("REPORTS"),
      .number("LATE"), .number("REFUSED"), .number("LEFT OUT"), .number("UP"), .number("DOWN"),
      .number("CHIP"), .number("RADIO"), .number("SECONDS"), .number("EPSILON"), .text("WHY"),
    ])
    for round in report.rounds {
      table.add([
        round.name, round.accepted == false ? "not taken" : round.state,
        Figure.digest(round.model), Figure.fixed(round.accuracy, 1),
        "\(round.count("reported")) of \(round.nodes.count)", "\(round.count("late"))",
        "\(round.count("refused"))", "\(round.leftOut.count)",
        Figure.bytes(round.cost.sentBytes), Figure.bytes(round.cost.receivedBytes),
        Figure.joules(chip(round.cost)), Figure.joules(round.cost.radioJoules),
        Figure.fixed(round.seconds, 2), Figure.fixed(round.epsilon, 3), round.reason,
      ])
    }
    return table
  }

  /// Energy of accepted updates by round.
  static func rounds(_ report: JobReport) -> TextTable {
    var table = TextTable([
      .number("ROUND"), .text("STATE"), .number("ACCURACY %"), .number("REPORTS"),
      .number("SAMPLES"), .number("INFERENCE"), .number("LEARNING"), .number("RADIO"),
      .number("TOGETHER"), .number("SECONDS"), .text("LEFT OUT"),
    ])
    for round in report.rounds {
      table.add(
        [
          round.name, round.accepted == false ? "not taken" : round.state,
          Figure.fixed(round.accuracy, 1), "\(round.count("reported")) of \(round.nodes.count)",
          "\(round.cost.samples)",
        ] + split(round.cost) + [
          Figure.fixed(round.seconds, 2), round.leftOut.joined(separator: ", "),
        ])
    }
    return table
  }

  /// Energy of accepted updates by node.
  static func nodes(_ report: JobReport) -> TextTable {
    var table = TextTable([
      .text("NODE"), .number("REPORTS"), .number("LATE"), .number("REFUSED"), .number("LEFT OUT"),
      .number("ACCURACY %"), .number("SAMPLES"), .number("INFERENCE"), .number("LEARNING"),
      .number("RADIO"), .number("TOGETHER"),
    ])
    for node in report.nodes {
      table.add(
        [
          node.node, "\(node.reported) of \(node.asked)", "\(node.late)", "\(node.refused)",
          "\(node.leftOut)", Figure.fixed(node.accuracy, 1), "\(node.cost.samples)",
        ] + split(node.cost))
    }
    return table
  }

  /// All that nodes burnt meanwhile.
  static func energies(_ report: JobReport) -> TextTable {
    var table = TextTable([
      .text("NODE"), .number("SERVING"), .number("LEARNING"), .number("SENT"),
      .number("RECEIVED"), .number("RADIO"), .number("WINDOWS"), .text("PRICES (GRADE)"),
    ])
    for node in report.nodes {
      guard let energy = node.energy else { continue }
      table.add([
        node.node, Figure.joules(energy.servingJoules), Figure.joules(energy.learningJoules),
        Figure.bytes(energy.sentBytes), Figure.bytes(energy.receivedBytes),
        Figure.joules(energy.radioJoules),
        "\(energy.windows)" + (energy.flagged > 0 ? " (\(energy.flagged) not true)" : ""),
        energy.priceTables.joined(separator: ", "),
      ])
    }
    return table
  }

  /// Inference, learning, radio and their sum, of accepted updates.
  static func split(_ cost: UpdateCost) -> [String] {
    [cost.inferenceJoules, cost.learningJoules, cost.radioJoules, cost.joules].map(Figure.joules)
  }

  /// The grades of both prices, the chip's first.
  static func grades(_ cost: UpdateCost) -> String {
    "\(cost.chipGrade?.rawValue ?? Figure.missing), \(cost.radioGrade.rawValue)"
  }

  static func chip(_ cost: UpdateCost) -> Double? {
    cost.inferenceJoules.flatMap { first in cost.learningJoules.map { first + $0 } }
  }

  /// What a reader needs to judge the joules.
  static func footing(_ report: JobReport) -> [String] {
    let radio = report.radio
    let names = report.priceTables.joined(separator: ", ")
    let privacy = report.privacy.map { privacy in
      ["privacy: \(JobTables.spent(privacy)) after \(privacy.rounds) rounds"]
    }
    return [
      "chip: \(names.isEmpty ? "no price table is held" : "prices of \(names)"), weakest grade "
        + (report.cost.chipGrade?.rawValue ?? Figure.missing),
      "radio: \(Figure.fixed(radio.sentNanojoules, 0)) nJ a byte sent, "
        + "\(Figure.fixed(radio.receivedNanojoules, 0)) nJ received, \(radio.grade.rawValue): "
        + radio.source,
    ] + (privacy ?? [])
  }
}
