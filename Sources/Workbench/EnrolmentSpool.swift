import Crypto
package import FleetCore
import FleetProtocol
import Foundation

/// The folder through which the enrolment process hands requests to the coordinator.
///
/// One small file a request, named by what it says: a repeat is the same file. The writer never
/// reads, the reader never writes, and the folder holds a bounded number of files. The two may be
/// users of their own: the folder's group may read what was left, and remove it.
package struct EnrolmentSpool: Sendable {
  /// Requests that may wait.
  package static let requestsMax = 256
  private static let bytesMax = 1_024
  private static let suffix = ".request"
  private static let folderMode: mode_t = 0o770
  private static let fileMode: mode_t = 0o640

  /// The folder.
  package let path: String

  /// Names a folder; nothing is opened yet.
  package init(path: String) { self.path = path }

  /// Leaves a request; false when too many wait.
  package func leave(_ request: EnrolmentRequest) throws(SecretFileError) -> Bool {
    // Once more, for the process's umask has narrowed it.
    if mkdir(path, Self.folderMode) == 0 { chmod(path, Self.folderMode) }
    guard let names = names() else { throw .system(path: path, call: "open", errno: errno) }
    let name = request.tokenHash.prefix(16) + Self.digest(request) + Self.suffix
    let file = path + "/" + name
    // Again for a repeat: this process may have died in between.
    defer { chmod(file, Self.fileMode) }
    if names.contains(String(name)) { return true }
    guard names.count < Self.requestsMax else { return false }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    guard let data = try? encoder.encode(request) else {
      preconditionFailure("three strings did not become JSON")
    }
    do throws(SecretFileError) {
      try SecretFile.create(file, text: String(decoding: data, as: UTF8.self))
    } catch {
      if case .exists = error { return true }
      throw error
    }
    return true
  }

  /// One file that waits.
  package struct Entry: Sendable, Equatable {
    /// Where it lies, for `remove`.
    package let file: String
    /// What it asks; nil where it is no request.
    package let request: EnrolmentRequest?
  }

  /// What waits, in the order of names.
  ///
  /// It goes on waiting until it is removed, so that a reader which dies finds it again. A file
  /// that the system does not let be read now, as where descriptors ran out, is not among them.
  package func waiting() -> [Entry] {
    (names() ?? []).sorted().compactMap { name in
      let file = path + "/" + name
      do throws(SecretFileError) {
        let text = try SecretFile.read(file, orMode: Self.fileMode)
        guard text.utf8.count < Self.bytesMax else { return Entry(file: file, request: nil) }
        return Entry(
          file: file,
          request: try? JSONDecoder().decode(EnrolmentRequest.self, from: Data(text.utf8)))
      } catch .system {
        return nil
      } catch {
        return Entry(file: file, request: nil)
      }
    }
  }

  /// Removes what was decided.
  package func remove(_ entry: Entry) { unlink(entry.file) }

  /// Names of waiting requests; nil when the folder cannot be read.
  private func names() -> [String]? {
    guard let directory = opendir(path) else { return nil }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory), names.count <= Self.requestsMax {
      let name = withUnsafePointer(to: entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name.hasSuffix(Self.suffix) { names.append(name) }
    }
    return names
  }

  /// A short name for key and node, of letters and digits alone.
  private static func digest(_ request: EnrolmentRequest) -> String {
    let digest = SHA256.hash(data: Array("\(request.publicKey) \(request.node)".utf8))
    return Hex.text(digest)
  }
}
