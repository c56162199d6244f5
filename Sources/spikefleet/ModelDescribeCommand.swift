import ArgumentParser
import CompiledModel
import FleetAPI
import Workbench

/// `spikefleet model describe`.
struct ModelDescribeCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "describe",
    abstract: "Show everything that is known about a model, and where it comes from.")

  @Argument(help: "Name, digest, or at least 8 first digits of it.")
  var model: String

  @OptionGroup var context: ContextOptions
  @OptionGroup var output: OutputOptions

  func perform() async throws {
    try output.print(try await context.client().model(model)) { detail in
      Console.write(Self.table(detail).text)
      guard let lineage = detail.lineage else { return }
      Console.line()
      Console.write(Self.cohort(lineage.round).text)
    }
  }

  private static func table(_ detail: ModelDetail) -> TextTable {
    var table = TextTable([.text("FIELD"), .text("VALUE")])
    table.add(["name", detail.name])
    table.add(["release", "\(detail.releaseCounter)"])
    table.add(["digest", detail.digest])
    table.add(["structure", detail.structureDigest])
    table.add(["size", "\(Figure.bytes(detail.size)) (\(detail.size) bytes)"])
    table.add(["chips", detail.chips.joined(separator: ", ")])
    table.add([
      "prices",
      detail.priceTable.map { name in
        "\(name), weakest grade \(detail.priceGrade?.rawValue ?? Figure.missing)"
      } ?? Figure.missing,
    ])
    table.add(["an inference", Figure.joules(detail.joulesPerInference)])
    table.add(["signed by", keys(detail.signers)])
    table.add([
      "added",
      Figure.instant(microseconds: detail.addedMicroseconds)
        + (detail.isStored ? "" : ", removed since"),
    ])
    table.add([
      "active on",
      detail.activeOn.isEmpty ? Figure.missing : detail.activeOn.joined(separator: ", "),
    ])
    guard let lineage = detail.lineage else {
      table.add(["grew from", "published as it is"])
      return table
    }
    for row in rows(lineage) { table.add(row) }
    return table
  }

  private static func rows(_ lineage: ModelLineage) -> [[String]] {
    let round = lineage.round
    let back = lineage.costBack
    return [
      ["grew from", lineage.base],
      ["published", lineage.published],
      ["publisher", keys(lineage.publishers)],
      [
        "made by",
        "job \(lineage.job), round \(round.round), attempt \(round.attempt), "
          + Figure.instant(microseconds: lineage.committedMicroseconds),
      ],
      ["accuracy", "\(Figure.fixed(round.accuracy, 1)) % held out"],
      [
        "privacy",
        round.epsilon.map { "epsilon \(Figure.fixed($0, 3)) spent by the job with this round" }
          ?? Figure.missing,
      ],
      ["left out", round.leftOut.isEmpty ? "nobody" : round.leftOut.joined(separator: ", ")],
      ["round's energy", energy(round.cost)],
      ["round's bytes", bytes(round.cost)],
      ["rounds back", "\(lineage.roundsBack) to the published model"],
      ["energy back", energy(back)],
      ["bytes back", bytes(back)],
    ]
  }

  private static func keys(_ ids: [String]) -> String {
    ids.isEmpty
      ? Figure.missing : ids.map { "key \(Figure.digest($0))" }.joined(separator: ", ")
  }

  private static func energy(_ cost: UpdateCost) -> String {
    let parts = JobReportTables.split(cost)
    return "\(parts[3]) = inference \(parts[0]) + learning \(parts[1]) + radio \(parts[2]) "
      + "(weakest grade \(cost.grade?.rawValue ?? Figure.missing))"
  }

  private static func bytes(_ cost: UpdateCost) -> String {
    "\(Figure.bytes(cost.sentBytes)) up, at most \(Figure.bytes(cost.receivedBytes)) down"
  }

  private static func cohort(_ round: RoundReport) -> TextTable {
    var table = TextTable([
      .text("NODE"), .text("STATE"), .number("SAMPLES"), .number("ACCURACY %"), .number("BYTES"),
      .number("ENERGY"),
    ])
    for node in round.nodes {
      table.add([
        node.node,
        node.isLeftOut
          ? "left out" : node.code.isEmpty ? node.state : "\(node.state): \(node.code)",
        node.cost.map { "\($0.samples)" } ?? Figure.missing, Figure.fixed(node.accuracy, 1),
        node.cost.map { Figure.bytes($0.sentBytes) } ?? Figure.missing,
        Figure.joules(node.cost?.joules),
      ])
    }
    return table
  }
}
