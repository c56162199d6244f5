import Foundation

/// A state folder that this process alone owns, for as long as the value lives.
final class StateFolder: Sendable {
  let path: String
  private let lock: Int32

  /// Creates the folder with mode 0700 where it is missing and locks it.
  init(path: String) throws(StoreError) {
    self.path = path
    try FileSystem.makeFolder(path)
    let lockPath = path + "/lock"
    let descriptor = open(lockPath, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw FileSystem.failure("opening the lock", lockPath) }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      let isHeld = errno == EWOULDBLOCK
      let failure = FileSystem.failure("locking", lockPath)
      let owner = Self.owner(descriptor)
      close(descriptor)
      throw isHeld ? .locked(folder: path, pid: owner) : failure
    }
    do {
      try Self.write(owner: getpid(), to: descriptor, path: lockPath)
    } catch {
      close(descriptor)
      throw error
    }
    lock = descriptor
  }

  deinit { close(lock) }

  private static func owner(_ descriptor: Int32) -> Int32? {
    var bytes = [UInt8](repeating: 0, count: 16)
    let count = pread(descriptor, &bytes, bytes.count, 0)
    guard count > 0 else { return nil }
    let line = bytes.prefix(count).prefix { $0 != 0x0A }
    return Int32(String(decoding: line, as: UTF8.self))
  }

  private static func write(
    owner: Int32, to descriptor: Int32, path: String
  ) throws(StoreError) {
    let bytes = [UInt8]("\(owner)\n".utf8)
    guard ftruncate(descriptor, 0) == 0 else {
      throw FileSystem.failure("truncating the lock", path)
    }
    guard pwrite(descriptor, bytes, bytes.count, 0) == bytes.count else {
      throw FileSystem.failure("writing the lock", path)
    }
  }
}
