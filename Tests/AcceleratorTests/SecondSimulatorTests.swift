import Foundation
import Testing

/// `docs/CHIP.md` says all that the golden traces follow from: a simulator written from it agrees.
@Suite(.timeLimit(.minutes(2))) struct SecondSimulatorTests {
  private static let tests = URL(filePath: #filePath).resolvingSymlinksInPath()
    .deletingLastPathComponent().deletingLastPathComponent()

  /// Runs it on files, or on all that are kept; its exit status and what it printed.
  private func simulate(_ files: [URL] = []) throws -> (status: Int32, lines: [String]) {
    let script = Self.tests.appending(path: "SecondSimulator/simulate.py")
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    // It leaves no compiled modules beside its sources.
    process.arguments = ["python3", "-B", script.path] + files.map(\.path)
    let output = Pipe()
    process.standardOutput = output
    process.standardInput = FileHandle.nullDevice
    try process.run()
    let text = try output.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    let lines = String(decoding: text, as: UTF8.self).split(separator: "\n").map(String.init)
    return (process.terminationStatus, lines)
  }

  @Test func `it agrees with every golden trace`() throws {
    let (status, lines) = try simulate()
    #expect(lines == GoldenCase.all.map { $0.name + ".txt: agrees" }.sorted())
    #expect(status == 0)
  }

  /// A potential, the seed of the rounding, a time, and the count of saturations.
  @Test(arguments: [
    ("pair-stdp", "output: v 8 4,", "output: v 8 5,"),
    ("three-factor", "rounding seed 7", "rounding seed 8"),
    ("delays-and-recurrence", "neuron-access 1000,", "neuron-access 1001,"),
    ("sdsp-saturating", "saturations: 4", "saturations: 5"),
  ])
  func `it finds one digit that is wrong`(name: String, right: String, wrong: String) throws {
    let golden = Self.tests.appending(path: "AcceleratorTests/Golden/\(name).txt")
    let trace = try String(contentsOf: golden, encoding: .utf8)
    let place = try #require(trace.range(of: right))
    let copy = FileManager.default.temporaryDirectory
      .appending(path: "spikefleet-test-\(UUID().uuidString).txt")
    defer { try? FileManager.default.removeItem(at: copy) }
    try Data(trace.replacingCharacters(in: place, with: wrong).utf8).write(to: copy)
    let (status, lines) = try simulate([golden, copy])
    #expect(status == 1)
    try #require(lines.count == 2)
    #expect(lines[0] == "\(name).txt: agrees")
    #expect(lines[1].hasPrefix("\(copy.lastPathComponent): line "))
  }

  @Test func `it refuses what is no trace`() throws {
    let script = Self.tests.appending(path: "SecondSimulator/simulate.py")
    let (status, lines) = try simulate([script])
    #expect(status == 1)
    #expect(lines.count == 1 && lines[0].hasPrefix("simulate.py: makes no sense: line 1 "))
  }
}
