import Foundation

/// The programs of this package, as the build left them beside the tests.
enum Programs {
  static let coordinator = path("spikefleet-coordinator")
  static let agent = path("spikefleet-agent")
  static let tool = path("spikefleet")

  private static func path(_ name: String) -> String {
    var folder = URL(filePath: CommandLine.arguments[0]).resolvingSymlinksInPath()
    while folder.path != "/" {
      folder.deleteLastPathComponent()
      let candidate = folder.appending(path: name).path
      if FileManager.default.isExecutableFile(atPath: candidate) { return candidate }
    }
    // Where a helper of the toolchain runs the tests, they lie in the package's build folder.
    let package = URL(filePath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    return package.appending(path: ".build/release/\(name)").path
  }

  /// What came of a program that ran to its end.
  struct Outcome {
    var status: Int32
    var output: String
    var errors: String
  }

  /// Runs a program to its end; a test's time limit bounds it.
  static func run(_ program: String, _ arguments: [String]) throws -> Outcome {
    let process = Process()
    process.executableURL = URL(filePath: program)
    process.arguments = arguments
    let (output, errors) = (Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = errors
    process.standardInput = FileHandle.nullDevice
    try process.run()
    let text = try output.fileHandleForReading.readToEnd() ?? Data()
    let error = try errors.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    // Foundation keeps the pipes for the life of the tests, and cannot start a process any more
    // where more than a thousand descriptors are open.
    try output.fileHandleForReading.close()
    try errors.fileHandleForReading.close()
    return Outcome(
      status: process.terminationStatus, output: String(decoding: text, as: UTF8.self),
      errors: String(decoding: error, as: UTF8.self))
  }
}

/// Something that should have become true did not.
struct NotInTime: Error, CustomStringConvertible {
  var what: String
  var log: String

  var description: String { "not in time: \(what)\n\(log)" }
}

/// Asks again every 20 ms until the answer is there.
func eventually<Value>(
  _ what: String, within seconds: Double = 60, log: () -> String = { "" },
  _ ask: () async throws -> Value?
) async throws -> Value {
  let deadline = ContinuousClock.now.advanced(by: .seconds(seconds))
  while true {
    if let value = try await ask() { return value }
    guard ContinuousClock.now < deadline else { throw NotInTime(what: what, log: log()) }
    try await Task.sleep(for: .milliseconds(20))
  }
}
