import FleetAPI
import Foundation

/// `admin.token` in the state folder: written 0600 at the first start, refused when others may
/// read it.
struct AdminTokenFile {
  let path: String

  init(stateFolder: String) { path = stateFolder + "/admin.token" }

  /// The stored token, or a fresh one that is then stored.
  func loadOrCreate() throws(AdminTokenError) -> BearerToken {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      guard errno == ENOENT else { throw .system(path: path, call: "open", errno: errno) }
      return try create()
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw .system(path: path, call: "stat", errno: errno)
    }
    let mode = UInt32(status.st_mode) & 0o777
    guard mode & 0o077 == 0 else { throw .mode(path: path, found: mode) }
    var bytes = [UInt8](repeating: 0, count: 256)
    let count = read(descriptor, &bytes, bytes.count)
    guard count >= 0 else { throw .system(path: path, call: "read", errno: errno) }
    guard let token = BearerToken(String(decoding: bytes.prefix(count), as: UTF8.self)) else {
      throw .content(path: path)
    }
    return token
  }

  private func create() throws(AdminTokenError) -> BearerToken {
    let token = BearerToken()
    let staged = path + ".new"
    let descriptor = open(staged, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw .system(path: staged, call: "create", errno: errno) }
    defer { close(descriptor) }
    let bytes = [UInt8]((token.text + "\n").utf8)
    guard write(descriptor, bytes, bytes.count) == bytes.count, fsync(descriptor) == 0,
      rename(staged, path) == 0
    else { throw .system(path: path, call: "write", errno: errno) }
    return token
  }
}

/// Why the admin endpoint's token is not used.
enum AdminTokenError: Error, Equatable, CustomStringConvertible {
  case mode(path: String, found: UInt32)
  case content(path: String)
  case system(path: String, call: String, errno: Int32)

  var description: String {
    switch self {
    case .mode(let path, let found):
      "\(path): mode 0\(String(found, radix: 8)) lets others read it, expected 0600; run "
        + "`chmod 600 \(path)`"
    case .content(let path):
      "\(path): holds no token of 64 hexadecimal digits; remove it and start again to make a "
        + "new one"
    case .system(let path, let call, let number):
      "\(path): \(call) failed, \(String(cString: strerror(number))); check the folder and its "
        + "permissions"
    }
  }
}
