import ArgumentParser
import FleetAPI
import FleetCore
import Foundation
import Workbench

/// `spikefleet model list`.
struct ModelListCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the models that the coordinator can serve, newest first.")

  @OptionGroup var context: ContextOptions
  @OptionGroup var output: OutputOptions

  func perform() async throws {
    try output.print(try await context.client().models()) { views in
      var table = TextTable([
        .text("MODEL"), .number("RELEASE"), .text("DIGEST"), .text("CHIP"), .number("SIZE"),
        .text("GREW FROM"), .text("ACTIVE ON"),
      ])
      for view in views {
        table.add([
          view.name, "\(view.releaseCounter)", Figure.digest(view.digest),
          view.chips.joined(separator: ", "), Figure.bytes(view.size),
          Figure.digest(view.published), view.activeOn.joined(separator: ", "),
        ])
      }
      Console.table(table, empty: "no models yet; `spikefleet model push` adds one")
    }
  }
}

/// `spikefleet model pull`.
struct ModelPullCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "pull", abstract: "Fetch a model from the coordinator into a file.")

  @Argument(help: "Name, digest, or at least 8 first digits of it.")
  var model: String

  @Option(help: "Where the compiled model goes.")
  var out: String

  @OptionGroup var context: ContextOptions
  @OptionGroup var output: OutputOptions

  /// What was written.
  private struct Pulled: Encodable {
    var name: String
    var digest: String
    var path: String
    var size: Int
  }

  func perform() async throws {
    let client = try context.client(timeoutSeconds: 120)
    let view = try ModelReference.find(model, among: try await client.models())
    let bytes = try await ModelReference.fetch(view, from: client)
    try FileContent.write(Data(bytes), to: out)
    let pulled = Pulled(name: view.name, digest: view.digest, path: out, size: bytes.count)
    try output.print(pulled) { pulled in
      Console.line(
        "wrote \(pulled.path), \(Figure.bytes(UInt64(pulled.size))), digest "
          + Figure.digest(pulled.digest))
    }
  }
}
