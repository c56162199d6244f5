import Foundation
import Synchronization

/// A daemon as a real process; its lines go to a file beside its state.
final class DaemonProcess: Sendable {
  let name: String
  private let logPath: String
  private let process: Mutex<Process>

  init(
    _ name: String, _ program: String, _ arguments: [String],
    environment: [String: String] = [:], log: URL
  ) throws {
    self.name = name
    logPath = log.path
    if !FileManager.default.fileExists(atPath: log.path) {
      try Data().write(to: log)
    }
    let handle = try FileHandle(forWritingTo: log)
    try handle.seekToEnd()
    let process = Process()
    process.executableURL = URL(filePath: program)
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.standardOutput = handle
    process.standardError = handle
    process.standardInput = FileHandle.nullDevice
    try process.run()
    // The daemon has its own copy, and Foundation keeps the object for the life of the tests.
    try handle.close()
    self.process = Mutex(process)
  }

  var isRunning: Bool { process.withLock { $0.isRunning } }
  var processID: Int32 { process.withLock { $0.processIdentifier } }

  var log: String {
    let bytes = FileManager.default.contents(atPath: logPath) ?? Data()
    return "--- \(name)\n" + String(decoding: bytes.suffix(8_000), as: UTF8.self)
  }

  /// Ends it at once, as a power cut would.
  func kill() {
    Foundation.kill(processID, SIGKILL)
    process.withLock { $0.waitUntilExit() }
  }

  func signal(_ number: Int32) { Foundation.kill(processID, number) }

  /// Asks it to stop and returns its exit status.
  func stop() async throws -> Int32 {
    Foundation.kill(processID, SIGTERM)
    return try await eventually("\(name) stops", within: 20, log: { self.log }) {
      isRunning ? nil : process.withLock { $0.terminationStatus }
    }
  }
}
