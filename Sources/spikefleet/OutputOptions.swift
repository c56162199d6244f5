import ArgumentParser
import Foundation
import Workbench

/// How a command prints what it has found.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable, Sendable {
  case table, json
}

/// `-o table|json`.
struct OutputOptions: ParsableArguments {
  @Option(name: [.short, .long], help: "Print a table for people or JSON for programs.")
  var output: OutputFormat = .table

  /// Prints a value as JSON, or what `table` makes of it.
  func print<Value: Encodable>(_ value: Value, table: (Value) -> Void) throws {
    switch output {
    case .table: table(value)
    case .json: Console.write(try JSONText.pretty(value))
    }
  }
}

/// Values as JSON with a stable order of keys.
enum JSONText {
  /// For a file or a person: indented, with a final line feed.
  static func pretty(_ value: some Encodable) throws -> String {
    try text(value, [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
  }

  /// For a stream: one line.
  static func line(_ value: some Encodable) throws -> String {
    try text(value, [.sortedKeys, .withoutEscapingSlashes])
  }

  private static func text(
    _ value: some Encodable, _ formatting: JSONEncoder.OutputFormatting
  ) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = formatting
    return String(decoding: try encoder.encode(value), as: UTF8.self) + "\n"
  }
}
