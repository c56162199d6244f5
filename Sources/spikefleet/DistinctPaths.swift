import ArgumentParser
import Foundation

/// Files that a command writes are no others that it writes or reads.
enum DistinctPaths {
  /// Throws for the first path that stands for two things; names and paths by turns.
  static func check(
    outputs: [(name: String, path: String)], inputs: [(name: String, path: String)]
  ) throws {
    for (place, output) in outputs.enumerated() {
      let others = inputs + outputs[..<place]
      if let other = others.first(where: { resolved($0.path) == resolved(output.path) }) {
        throw ValidationError(
          "\(output.name) \(output.path) is the file of \(other.name) as well: choose another.")
      }
    }
  }

  private static func resolved(_ path: String) -> String {
    URL(filePath: path).resolvingSymlinksInPath().standardizedFileURL.path
  }
}
