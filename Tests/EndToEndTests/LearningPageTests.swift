import Foundation
import SensorData
import Testing

/// The commands that `docs/LEARNING.md` shows are run as they stand there.
@Suite(.serialized, .timeLimit(.minutes(5))) struct LearningPageTests {
  private func inFolder<Result>(_ work: (URL) throws -> Result) throws -> Result {
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "spikefleet-learning-\(UUID().uuidString.lowercased())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try FileManager.default.createSymbolicLink(
      atPath: folder.appending(path: "fleet-configs").path,
      withDestinationPath: SmallModel.packageFile("fleet-configs"))
    return try work(folder)
  }

  @Test func `a class is added and learnt without touching hidden layers`() throws {
    let text = try String(
      contentsOfFile: SmallModel.packageFile("docs/LEARNING.md"), encoding: .utf8)
    let commands = try #require(TourTests.block("new-class", of: text))
    try inFolder { folder in
      try SampleFolder.write(
        SmallModel.samples(count: 600, channels: 64, classes: 10, seed: 1, firstID: 0),
        to: folder.appending(path: "samples").path)
      let programs = URL(filePath: Programs.tool).deletingLastPathComponent().path
      let outcome = try Programs.run(
        "/bin/bash",
        ["-c", "set -euo pipefail; cd '\(folder.path)'; PATH='\(programs)':\"$PATH\"\n\(commands)"])
      #expect(outcome.status == 0, "\(outcome.output)\n\(outcome.errors)")
      for word in ["parts/node-2", "added class 9", "wrote the learnt model"] {
        #expect(outcome.output.contains(word), "\(word) in\n\(outcome.output)")
      }
    }
  }

  @Test(arguments: [
    (["--passes", "2"], "add --learn"), (["--learn", "--max-drift", "65536"], "0 to 65535"),
    (["--learn", "--rehearsal-share", "2"], "belong to --rehearsal"),
  ])
  func `settings of learning that make no sense are refused`(
    arguments: [String], reason: String
  ) throws {
    let outcome = try Programs.run(
      Programs.tool, ["chip", "run", "none.snn", "--data", "none"] + arguments)
    #expect(outcome.status != 0)
    #expect(outcome.errors.contains(reason), "\(outcome.errors)")
  }
}
