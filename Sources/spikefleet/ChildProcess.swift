import Foundation
import Synchronization

/// A process that this one started, named by its id alone.
final class ChildProcess: Sendable {
  /// What it is called in messages.
  let name: String
  /// Its process id.
  let processID: Int32
  private let ended: Ended

  /// The exit status, once there is one; 128 + the signal's number after a signal.
  private final class Ended: Sendable {
    let status = Mutex<Int32?>(nil)
  }

  /// Starts a program; its output goes to `log`, or to this process's own streams without one.
  init(
    _ name: String, _ program: String, _ arguments: [String], environment: [String: String],
    log: String? = nil
  ) throws {
    let process = Process()
    process.executableURL = URL(filePath: program)
    process.arguments = arguments
    process.environment = environment
    process.standardInput = FileHandle.nullDevice
    if let log {
      guard FileManager.default.createFile(atPath: log, contents: nil),
        let handle = FileHandle(forWritingAtPath: log)
      else { throw CommandFailure("\(log): cannot be written; make room, or name another folder") }
      process.standardOutput = handle
      process.standardError = handle
    }
    let ended = Ended()
    process.terminationHandler = { process in
      let status = process.terminationStatus
      let code = process.terminationReason == .uncaughtSignal ? 128 + status : status
      ended.status.withLock { $0 = code }
    }
    do {
      try process.run()
    } catch {
      throw CommandFailure(
        "\(program): does not start (\(error.localizedDescription)); build all three programs "
          + "into one folder with `make build`")
    }
    self.name = name
    self.ended = ended
    processID = process.processIdentifier
  }

  /// The exit status; nil while it runs.
  var status: Int32? { ended.status.withLock { $0 } }

  /// Asks it to stop, and ends it after `seconds` if it does not; false when it had to be ended.
  func stop(within seconds: Double) async -> Bool {
    signal(SIGTERM)
    let deadline = ContinuousClock.now.advanced(by: .seconds(seconds))
    while status == nil, ContinuousClock.now < deadline { await Self.pause() }
    guard status == nil else { return true }
    signal(SIGKILL)
    while status == nil { await Self.pause() }
    return false
  }

  /// Largest resident memory so far in KiB; nil once it has ended.
  var peakResidentKibibytes: Int? {
    guard status == nil, let file = fopen("/proc/\(processID)/status", "r") else { return nil }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 8_192)
    let count = fread(&bytes, 1, bytes.count, file)
    let text = String(decoding: bytes.prefix(count), as: UTF8.self)
    guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }) else {
      return nil
    }
    return line.split(separator: " ").compactMap { Int($0) }.first
  }

  private func signal(_ number: Int32) {
    // Not after its end: the system may have given the id to another process.
    if status == nil { kill(processID, number) }
  }

  private static func pause() async {
    do {
      try await Task.sleep(for: .milliseconds(20))
    } catch {
      // Cancelled: stopping goes on without the pause, and yields to others instead.
      await Task.yield()
    }
  }
}
