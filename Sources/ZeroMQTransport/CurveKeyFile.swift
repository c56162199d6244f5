internal import Glibc

/// A CURVE key pair on disk: two lines of text, readable by its owner alone.
package struct CurveKeyFile: Sendable {
  private static let bytesMax = 1_024

  /// Where the file lies.
  package let path: String

  /// Names a file; nothing is opened yet.
  package init(path: String) { self.path = path }

  /// Reads the pair; refuses a mode other than 0600 and a public half that is not the secret's.
  package func load() throws(CurveKeyFileError) -> CurveKeyPair {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .system(path: path, call: "open", errno: errno) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw .system(path: path, call: "stat", errno: errno)
    }
    let mode = status.st_mode & 0o7777
    guard mode == 0o600 else { throw .mode(path: path, found: UInt32(mode)) }
    var buffer = [UInt8](repeating: 0, count: Self.bytesMax)
    let count = read(descriptor, &buffer, buffer.count)
    guard count >= 0 else { throw .system(path: path, call: "read", errno: errno) }
    return try parse(String(decoding: buffer.prefix(count), as: UTF8.self))
  }

  /// Writes a new file of mode 0600 and waits for the disk; never replaces an existing one.
  package func save(_ pair: CurveKeyPair) throws(CurveKeyFileError) {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      throw errno == EEXIST ? .exists(path: path) : .system(path: path, call: "open", errno: errno)
    }
    defer { close(descriptor) }
    let text = [UInt8]("public \(pair.publicKey.z85)\nsecret \(pair.secretZ85)\n".utf8)
    // The umask may have narrowed the mode; load() insists on exactly 0600.
    guard fchmod(descriptor, 0o600) == 0, write(descriptor, text, text.count) == text.count,
      fsync(descriptor) == 0
    else {
      let failure = errno
      unlink(path)
      throw .system(path: path, call: "write", errno: failure)
    }
  }

  /// The pair of the file, or a fresh one that is then stored.
  ///
  /// A file that a crash left unfinished makes room: nobody can have been told its key.
  package func loadOrCreate() throws(CurveKeyFileError) -> CurveKeyPair {
    do throws(CurveKeyFileError) {
      return try load()
    } catch {
      switch error {
      case .system(_, "open", ENOENT): break
      case .content: unlink(path)
      default: throw error
      }
    }
    let pair: CurveKeyPair
    do throws(ZMQError) {
      pair = try CurveKeyPair.generate()
    } catch {
      throw .system(path: path, call: "making a key", errno: error.errno)
    }
    try save(pair)
    try syncFolder()
    return pair
  }

  /// Takes the place of another file, durably and in one step.
  package func replace(_ other: CurveKeyFile) throws(CurveKeyFileError) {
    guard rename(path, other.path) == 0 else {
      throw .system(path: path, call: "rename", errno: errno)
    }
    try syncFolder()
  }

  private func syncFolder() throws(CurveKeyFileError) {
    let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    let descriptor = open(folder.isEmpty ? "/" : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .system(path: folder, call: "open", errno: errno) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else {
      throw .system(path: folder, call: "fsync", errno: errno)
    }
  }

  private func parse(_ text: String) throws(CurveKeyFileError) -> CurveKeyPair {
    let lines = text.split(separator: "\n")
    guard lines.count == 2, lines[0].hasPrefix("public "), lines[1].hasPrefix("secret ") else {
      throw .content(path: path, reason: "not the two lines `public KEY` and `secret KEY`")
    }
    guard let publicKey = CurvePublicKey(z85: String(lines[0].dropFirst(7))),
      let pair = CurveKeyPair(secretZ85: String(lines[1].dropFirst(7)))
    else { throw .content(path: path, reason: "a key is not 40 characters of Z85") }
    guard pair.publicKey == publicKey else {
      throw .content(path: path, reason: "the public key does not belong to the secret")
    }
    return pair
  }
}

/// Why a key file is not used.
///
/// No case carries any of the file's content.
package enum CurveKeyFileError: Error, Sendable, Equatable, CustomStringConvertible {
  case mode(path: String, found: UInt32)
  case exists(path: String)
  case content(path: String, reason: String)
  case system(path: String, call: String, errno: Int32)

  package var description: String {
    switch self {
    case .mode(let path, let found):
      "\(path): mode 0\(String(found, radix: 8)), expected 0600; run `chmod 600 \(path)`"
    case .exists(let path):
      "\(path): exists already; move it away before making a new key"
    case .content(let path, let reason):
      "\(path): \(reason); restore the file or make a new key and have it accepted again"
    case .system(let path, let call, let errno):
      "\(path): \(call) failed, \(String(cString: strerror(errno)))"
    }
  }
}
