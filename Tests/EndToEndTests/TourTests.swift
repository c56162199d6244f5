import Foundation
import Testing

/// The commands that the README shows are run as they stand there.
@Suite(.serialized, .timeLimit(.minutes(5))) struct TourTests {
  @Test func `the tour of the README works, and what it shows of chips after it`() throws {
    let text = try String(contentsOfFile: SmallModel.packageFile("README.md"), encoding: .utf8)
    let tour = try #require(Self.block("tour", of: text))
    let chips = try #require(Self.block("chips", of: text))
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "spikefleet-tour-\(UUID().uuidString.lowercased())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try FileManager.default.createSymbolicLink(
      atPath: folder.appending(path: "fleet-configs").path,
      withDestinationPath: SmallModel.packageFile("fleet-configs"))
    let programs = URL(filePath: Programs.tool).deletingLastPathComponent().path
    let script = """
      set -euo pipefail
      cd '\(folder.path)'
      export PATH='\(programs)':"$PATH"
      trap 'kill $(jobs -p) 2>/dev/null || true; wait' EXIT
      \(tour)
      \(chips)
      test -s fleet/recording/traces.csv -a -s fleet/raster.svg
      """
    let outcome = try Programs.run("/bin/bash", ["-c", script])
    #expect(outcome.status == 0, "\(outcome.output)\n\(outcome.errors)")
    for word in [
      "active", "committed", "loihi-learn", "held-out accuracy", "finished", "cim-stdp",
      "energy.weight-write", "MembraneUpdates", "right before they were learnt", "on small-cores",
    ] {
      #expect(outcome.output.contains(word), "\(word) in\n\(outcome.output)")
    }
  }

  /// The fenced block between a pair of markers.
  static func block(_ name: String, of text: String) -> String? {
    guard let start = text.range(of: "<!-- \(name) -->"),
      let end = text.range(of: "<!-- /\(name) -->")
    else { return nil }
    let lines = text[start.upperBound..<end.lowerBound].split(separator: "\n")
    guard lines.first?.hasPrefix("```") == true, lines.last == "```" else { return nil }
    return lines.dropFirst().dropLast().joined(separator: "\n")
  }
}
