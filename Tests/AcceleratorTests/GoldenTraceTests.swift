import Accelerator
import CompiledModel
import Foundation
import Testing

/// What the chip computes in small models, step by step, as files that a person can read.
///
/// Run with UPDATE_GOLDEN=1 to write them anew, and read what changed.
@Suite struct GoldenTraceTests {
  private static let isUpdating = ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] == "1"

  private func file(_ name: String) -> URL {
    URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
      .appending(path: "Golden").appending(path: name + ".txt")
  }

  @Test(arguments: GoldenCase.all.map(\.name))
  func `the oracle repeats its trace`(name: String) throws {
    let golden = try #require(GoldenCase.all.first { $0.name == name })
    try golden.model.validate()
    let trace = GoldenText.trace(golden, on: ReferenceAccelerator.self)
    if Self.isUpdating { try Data(trace.utf8).write(to: file(name)) }
    let kept = String(decoding: try Data(contentsOf: file(name)), as: UTF8.self)
    #expect(difference(kept, trace) == nil)
  }

  @Test func `each file has its case`() throws {
    let folder = file("").deletingLastPathComponent()
    let files = try FileManager.default.contentsOfDirectory(
      atPath: folder.path(percentEncoded: false))
    #expect(files.sorted() == GoldenCase.all.map { $0.name + ".txt" }.sorted())
  }

  /// The first line that differs, with its number.
  private func difference(_ kept: String, _ new: String) -> String? {
    let kept = kept.split(separator: "\n", omittingEmptySubsequences: false)
    let new = new.split(separator: "\n", omittingEmptySubsequences: false)
    for line in 0..<max(kept.count, new.count) {
      let old = line < kept.count ? kept[line] : "nothing"
      let now = line < new.count ? new[line] : "nothing"
      if old != now { return "line \(line + 1): kept `\(old)`, now `\(now)`" }
    }
    return nil
  }
}
