import ArgumentParser
import CompiledModel
import FleetAPI
import Foundation
import Workbench

/// `spikefleet model diff`.
struct ModelDiffCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "diff", abstract: "Show what is learnt in one model and not in another.",
    discussion: """
      Both are files, or both are at the coordinator. Changes are in units of the network: of a \
      weight, or of a potential for thresholds. UNIT is one unit of an inference weight, SEEN \
      CHANGED the values that inference sees changed, AT AN END those at an end of their range, \
      ZERO those that inference sees as 0, before and after. Models of different structures are \
      refused with where they differ.
      """)

  @Argument(help: "A file, or name, digest or at least 8 first digits of it.")
  var before: String

  @Argument(help: "Likewise.")
  var after: String

  @OptionGroup var context: ContextOptions
  @OptionGroup var output: OutputOptions

  func perform() async throws {
    try output.print(try await difference()) { difference in
      Console.table(Self.table(difference), empty: "nothing in these models learns")
      Console.line("\(difference.changed) of \(difference.values) values changed")
    }
  }

  private func difference() async throws -> ModelDifference {
    let files = [before, after].filter { FileManager.default.fileExists(atPath: $0) }
    guard let file = files.first else {
      return try await context.client(timeoutSeconds: 120).difference(from: before, to: after)
    }
    guard files.count == 2 else {
      throw CommandFailure(
        "\(file): found a file beside `\(file == before ? after : before)`, which is none; "
          + "`spikefleet model pull` fetches it into one")
    }
    do {
      return try ModelDifference(
        from: try ModelFile(reading: before).model, to: try ModelFile(reading: after).model)
    } catch let error as StructureMismatch {
      throw CommandFailure("\(before) and \(after): \(error)")
    }
  }

  static func table(_ difference: ModelDifference) -> TextTable {
    var table = TextTable([
      .text("LAYER"), .text("VALUES"), .number("COUNT"), .number("CHANGED"),
      .number("SEEN CHANGED"), .number("LARGEST CHANGE"), .number("RMS CHANGE"), .number("UNIT"),
      .number("AT AN END"), .number("ZERO %"),
    ])
    for block in difference.blocks {
      table.add([
        block.layer, block.source.map { "\(block.kind) from \($0)" } ?? block.kind,
        "\(block.values)", "\(block.changed)",
        block.changedInference.map { "\($0)" } ?? Figure.missing,
        number(block.largest), number(block.rootMeanSquare), "2^\(block.exponent)",
        "\(block.saturated.before) -> \(block.saturated.after)",
        "\(share(block.zeros.before, block)) -> \(share(block.zeros.after, block))",
      ])
    }
    return table
  }

  private static func share(_ count: Int, _ block: ModelDifference.Block) -> String {
    Figure.fixed(block.values > 0 ? 100 * Double(count) / Double(block.values) : nil, 1)
  }

  /// Four digits that tell, however small.
  private static func number(_ value: Double) -> String {
    value == 0 ? "0" : String(format: "%.4g", value)
  }
}
