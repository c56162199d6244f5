import ArgumentParser
import CompiledModel
import FleetAPI
import FleetCore
import Foundation
import Workbench

/// `spikefleet federate report`.
struct FederateReportCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "report", abstract: "Show what a job cost, by round and by node.",
    discussion: """
      Two figures that are never added: what the accepted updates cost, chip and radio, and all \
      that the nodes burnt while the job ran, from their telemetry, whatever they did. With --to \
      it also writes report.json, report.txt, accuracy.svg (by round) and joules.svg (accuracy by \
      energy).
      """)

  @Argument(help: "The job's name.")
  var job: String

  @Option(help: ArgumentHelp("Folder for files of the report.", valueName: "folder"))
  var to: String?

  @Option(
    help: ArgumentHelp(
      "Price of a byte that a node sends or receives, instead of an assumed one.",
      valueName: "nJ"))
  var radioNanojoulesPerByte: Double?

  @OptionGroup var context: ContextOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard let stated = radioNanojoulesPerByte, RadioPrice(statedNanojoules: stated) == nil else {
      return
    }
    throw ValidationError(
      "--radio-nanojoules-per-byte is \(stated), expected 0 to \(Int(RadioPrice.nanojoulesMax))")
  }

  func perform() async throws {
    let radio = radioNanojoulesPerByte.flatMap { RadioPrice(statedNanojoules: $0) } ?? .assumed
    let report = try await context.client().report(job, radio: radio)
    if let to { try write(report, to: to) }
    try output.print(report) { report in
      Console.write(Self.text(report))
      if let to { Console.line("wrote report.json, report.txt and two plots to \(to)") }
    }
  }

  private func write(_ report: JobReport, to folder: String) throws {
    do {
      try FileManager.default.createDirectory(
        atPath: folder, withIntermediateDirectories: true)
    } catch {
      throw CommandFailure(
        "\(folder): cannot be made (\(OutputFile.reason(error))), expected a folder; name a place "
          + "that this user may write")
    }
    let plots = JobReportPlots(report: report)
    for (name, text) in [
      ("report.json", try JSONText.pretty(report)), ("report.txt", Self.text(report)),
      ("accuracy.svg", plots.accuracy.svg()), ("joules.svg", plots.joules.svg()),
    ] {
      try FileContent.write(Data(text.utf8), to: "\(folder)/\(name)")
    }
  }

  /// The report as a page of text.
  static func text(_ report: JobReport) -> String {
    let ended = report.endedMicroseconds.map { Figure.instant(microseconds: $0) }
    var lines = [
      "\(report.job): \(report.state), \(report.strategy), updates \(report.compression), "
        + "started \(Figure.instant(microseconds: report.startedMicroseconds))"
        + (ended.map { ", ended \($0)" } ?? ""),
      "model \(report.modelName) \(Figure.digest(report.firstModel)) -> "
        + "\(Figure.digest(report.currentModel)), best accuracy "
        + "\(Figure.fixed(report.bestAccuracy, 1)) %",
    ]
    if !report.detail.isEmpty { lines.append("reason: \(report.detail)") }
    lines += ["", "accepted updates by round"] + JobReportTables.rounds(report).lines
    lines += ["", "accepted updates by node"] + JobReportTables.nodes(report).lines
    let energies = JobReportTables.energies(report)
    if !energies.rows.isEmpty {
      lines += ["", "all that nodes burnt while the job ran, not only for it"] + energies.lines
    }
    let all = JobReportTables.split(report.cost)
    lines += [
      "",
      "accepted updates together: \(all[3]) = inference \(all[0]) + learning \(all[1]) + radio "
        + "\(all[2])",
    ]
    return (lines + JobReportTables.footing(report)).map { TextTable.printable($0) + "\n" }.joined()
  }
}

/// What a job became, as pictures.
struct JobReportPlots {
  let report: JobReport

  private var note: String {
    "\(report.strategy), \(report.nodes.count) nodes; grades of prices, chip and radio: "
      + JobReportTables.grades(report.cost)
  }

  private static let percent = LinePlot.Axis("held-out accuracy in %", limits: 0...100) {
    Figure.fixed($0, $0 == $0.rounded() ? 0 : 1)
  }

  /// Held-out accuracy by round; versions that were not taken are rings.
  var accuracy: LinePlot {
    let points = report.rounds.compactMap { round in
      round.accuracy.map { accuracy in
        LinePlot.Point(
          x: Double(round.round), y: accuracy,
          hint: "round \(round.name): \(Figure.fixed(accuracy, 1)) %"
            + (round.accepted == false ? ", not taken" : ""),
          isOnLine: round.accepted != false)
      }
    }
    return LinePlot(
      title: "\(report.job): accuracy by round", note: note,
      horizontal: LinePlot.Axis(
        "round", isWhole: true, limits: 1...Double.greatestFiniteMagnitude
      ) { Figure.fixed($0, 0) },
      vertical: Self.percent, points: points)
  }

  /// Held-out accuracy over the energy of all accepted updates up to it.
  var joules: LinePlot {
    LinePlot(
      title: "\(report.job): accuracy by energy", note: note,
      horizontal: LinePlot.Axis("energy of accepted updates so far, chip and radio") {
        Figure.joules($0)
      },
      vertical: Self.percent,
      points: report.accuracyByJoules.map { point in
        LinePlot.Point(
          x: point.joules, y: point.accuracy,
          hint: "round \(point.round): \(Figure.fixed(point.accuracy, 1)) % after "
            + Figure.joules(point.joules))
      })
  }
}
