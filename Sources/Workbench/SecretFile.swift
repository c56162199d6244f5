import Foundation

/// A small file whose content only its owner may read.
package enum SecretFile {
  /// Largest content in bytes that is read; longer ones hold something else.
  static let bytesMax = 1_024

  /// The file's text; refuses any mode other than 0600, or one that is named.
  package static func read(
    _ path: String, orMode other: UInt32 = 0o600
  ) throws(SecretFileError) -> String {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .system(path: path, call: "open", errno: errno) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw .system(path: path, call: "stat", errno: errno)
    }
    let mode = UInt32(status.st_mode) & 0o7777
    guard mode == 0o600 || mode == other else { throw .mode(path: path, found: mode) }
    var bytes = [UInt8](repeating: 0, count: bytesMax)
    let count = Foundation.read(descriptor, &bytes, bytes.count)
    guard count >= 0 else { throw .system(path: path, call: "read", errno: errno) }
    return String(decoding: bytes.prefix(count), as: UTF8.self)
  }

  /// Writes a new file of mode 0600 and waits for the disk; never replaces an existing one.
  ///
  /// The name appears with the whole content or, after a crash, not at all.
  package static func create(_ path: String, text: String) throws(SecretFileError) {
    let staged = path + ".new"
    let descriptor = open(staged, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw .system(path: staged, call: "open", errno: errno) }
    defer {
      close(descriptor)
      unlink(staged)
    }
    let bytes = [UInt8](text.utf8)
    // The umask may have narrowed the mode; reading insists on exactly 0600.
    guard fchmod(descriptor, 0o600) == 0, write(descriptor, bytes, bytes.count) == bytes.count,
      fsync(descriptor) == 0
    else { throw .system(path: path, call: "write", errno: errno) }
    guard link(staged, path) == 0 else {
      throw errno == EEXIST ? .exists(path: path) : .system(path: path, call: "link", errno: errno)
    }
  }
}

/// Why a file with a secret is not used.
///
/// No case carries any of the file's content.
package enum SecretFileError: Error, Sendable, Equatable, CustomStringConvertible {
  /// Others could read it.
  case mode(path: String, found: UInt32)
  /// There is one already.
  case exists(path: String)
  /// It holds something else.
  case content(path: String, expected: String, cure: String)
  /// The system refused.
  case system(path: String, call: String, errno: Int32)

  /// Whether there is no such file.
  package var isMissingFile: Bool {
    if case .system(_, _, let number) = self { return number == ENOENT }
    return false
  }

  package var description: String {
    switch self {
    case .mode(let path, let found):
      "\(path): mode 0\(String(found, radix: 8)), expected 0600; run `chmod 600 \(path)`"
    case .exists(let path):
      "\(path): exists already; move it away before making a new one"
    case .content(let path, let expected, let cure):
      "\(path): found something else, expected \(expected); \(cure)"
    case .system(let path, let call, let errno):
      "\(path): \(call) failed, \(String(cString: strerror(errno)).lowercased()); name a file "
        + "that this user may use"
    }
  }
}
