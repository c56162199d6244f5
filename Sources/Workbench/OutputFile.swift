package import Foundation

/// Files that a command writes because a user named them.
package enum OutputFile {
  /// Why nothing was written, in the system's words where it has some.
  package struct Failure: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }

    init(errno code: Int32) { self.init(String(cString: strerror(code)).lowercased()) }
  }

  /// Writes all of `data`: a regular file appears whole or not at all, links are followed to the
  /// file that they name, and what is no regular file, such as a pipe or `/dev/stdout`, is written
  /// into and stays what it is.
  package static func write(_ data: Data, to path: String) throws(Failure) {
    guard !path.isEmpty else { throw Failure("an empty path") }
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG else {
      let target = try target(of: path)
      do { try data.write(to: URL(filePath: target), options: .atomic) } catch {
        throw Failure(reason(error))
      }
      return
    }
    guard status.st_mode & S_IFMT != S_IFDIR else { throw Failure(errno: EISDIR) }
    // By its own name: what `/dev/stdout` leads to may have no other.
    guard let stream = fopen(path, "w") else { throw Failure(errno: errno) }
    let written = data.withUnsafeBytes { fwrite($0.baseAddress, 1, $0.count, stream) }
    let fault = written == data.count ? 0 : errno
    guard fclose(stream) == 0, fault == 0 else { throw Failure(errno: fault == 0 ? errno : fault) }
  }

  /// Why a file could not be read or written, as the system says it.
  package static func reason(_ error: any Error) -> String {
    systemReason(error) ?? (error is CocoaError ? error.localizedDescription : "\(error)")
  }

  /// What the system said; nil where the error did not come from it.
  static func systemReason(_ error: any Error) -> String? {
    let cause = (error as NSError).userInfo[NSUnderlyingErrorKey] as? any Error
    return (cause as? POSIXError).map { Failure(errno: $0.code.rawValue).description }
  }

  /// Where links lead to, whether or not a file is there.
  private static func target(of path: String) throws(Failure) -> String {
    var target = URL(filePath: path)
    for _ in 0..<40 {
      guard let next = try? FileManager.default.destinationOfSymbolicLink(atPath: target.path)
      else { return target.path }
      target = URL(filePath: next, relativeTo: target.deletingLastPathComponent()).absoluteURL
    }
    throw Failure(errno: ELOOP)
  }
}
