import ArgumentParser
import FleetAPI
import FleetStore
import Foundation
import Workbench

/// `spikefleet backup`.
struct BackupCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "backup",
    abstract: "Write a backup of the running coordinator's state into a file.",
    discussion: """
      The file is a tar archive of one instant: the database and every model and update that it \
      needs, each with its SHA-256. It holds no key and no token, but their hashes, and everything \
      that the fleet knows: keep it as the coordinator's state is kept. \
      `spikefleet-coordinator restore` takes it; `spikefleet-coordinator restore --verify` only \
      looks whether it is whole.
      """)

  @Argument(help: "The file, which must not be there yet.")
  var file: String

  @OptionGroup var context: ContextOptions
  @OptionGroup var output: OutputOptions

  func perform() async throws {
    guard !FileManager.default.fileExists(atPath: file) else {
      throw CommandFailure("\(file): is there already; name a new file")
    }
    // Copying a large database takes its time before the answer begins.
    let client = try context.client(timeoutSeconds: 3_600)
    let manifest = try await PartialFile.write(file) { partial in
      let stream = try await client.backup(requestID: FleetClient.newRequestID())
      var reader = BackupReader()
      let status = StatusLine()
      var received: UInt64 = 0
      try await stream.read { bytes in
        try reader.take(bytes[...])
        try partial.append(bytes)
        received += UInt64(bytes.count)
        status.show("\(Figure.bytes(received)) of \(Figure.bytes(stream.size))")
      }
      status.clear()
      return try reader.finish()
    }
    try output.print(manifest) { manifest in
      Console.line(
        "\(file): \(manifest.parts.count - 1) models and updates, \(manifest.nodes) nodes, epoch "
          + "\(manifest.epoch), journal to row \(manifest.journalRows), hash "
          + manifest.journalHash)
    }
  }
}

/// A file that gets its name when it is whole and on the disk; else nothing stays.
final class PartialFile {
  private let path: String
  private let handle: FileHandle

  private init(_ path: String) throws {
    self.path = path
    // Nobody else reads it: it holds what the fleet knows.
    guard
      FileManager.default.createFile(
        atPath: path, contents: nil, attributes: [.posixPermissions: 0o600]),
      let handle = FileHandle(forWritingAtPath: path)
    else {
      throw CommandFailure(
        "\(path): cannot be written; name a place with room that this user may write")
    }
    self.handle = handle
  }

  func append(_ bytes: [UInt8]) throws {
    do {
      try handle.write(contentsOf: Data(bytes))
    } catch {
      throw CommandFailure("\(path): cannot be written (\(OutputFile.reason(error)))")
    }
  }

  /// Gives `body` a file under another name, and then its own to it.
  static func write<Value>(
    _ path: String, _ body: (PartialFile) async throws -> Value
  ) async throws -> Value {
    let name = "\(path).\(ProcessInfo.processInfo.processIdentifier).partial"
    let partial = try PartialFile(name)
    do {
      let value = try await body(partial)
      try partial.handle.synchronize()
      try partial.handle.close()
      guard rename(name, path) == 0 else {
        throw CommandFailure("\(path): \(String(cString: strerror(errno)).lowercased())")
      }
      try syncFolder(of: path)
      return value
    } catch {
      unlink(name)
      throw error
    }
  }

  /// The name is on the disk only with its folder.
  private static func syncFolder(of path: String) throws {
    let folder = URL(filePath: path).deletingLastPathComponent().path
    let descriptor = open(folder, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 || errno == EINVAL else {
      throw CommandFailure("\(folder): \(String(cString: strerror(errno)).lowercased())")
    }
  }
}
