import Foundation

/// A folder of a test's own that goes when the test ends.
final class TemporaryFolder: Sendable {
  let path: String

  init() throws {
    path =
      FileManager.default.temporaryDirectory
      .appending(path: "spikefleet-test-\(UUID().uuidString.lowercased())").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  func file(_ name: String, _ text: String) throws -> String {
    let path = path + "/" + name
    try Data(text.utf8).write(to: URL(filePath: path))
    return path
  }

  deinit {
    do {
      try FileManager.default.removeItem(atPath: path)
    } catch {
      // A folder of the system's temporary ones may stay behind.
    }
  }
}

/// A file of this package, wherever the tests run.
func packageFile(_ path: String) -> String {
  URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: path).path
}
