import Foundation

/// A file that stays open, so that many small pieces cost one call each.
final class OpenFile: Sendable {
  let path: String
  private let descriptor: Int32

  private init(path: String, descriptor: Int32) {
    self.path = path
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }

  /// Opens a file for reading; nil where there is none.
  static func reading(_ path: String) throws(StoreError) -> OpenFile? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      if errno == ENOENT { return nil }
      throw FileSystem.failure("opening", path)
    }
    return OpenFile(path: path, descriptor: descriptor)
  }

  /// Opens a file for reading and writing, and makes it where it is missing.
  static func writing(_ path: String) throws(StoreError) -> OpenFile {
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw FileSystem.failure("creating", path) }
    return OpenFile(path: path, descriptor: descriptor)
  }

  /// Its size in bytes.
  func size() throws(StoreError) -> UInt64 {
    var information = stat()
    guard fstat(descriptor, &information) == 0 else {
      throw FileSystem.failure("looking up", path)
    }
    return UInt64(max(0, information.st_size))
  }

  /// Gives it exactly that size, and takes the room on the disk now.
  func reserve(_ size: UInt64) throws(StoreError) {
    guard ftruncate(descriptor, off_t(size)) == 0 else {
      throw FileSystem.failure("sizing", path)
    }
    guard size > 0 else { return }
    // It returns the error instead of setting `errno`; not every file system can.
    let code = posix_fallocate(descriptor, 0, off_t(size))
    guard code == 0 || code == EOPNOTSUPP || code == EINVAL else {
      errno = code
      throw FileSystem.failure("reserving", path)
    }
  }

  /// Fills a buffer with bytes from `offset` on; an error where it ends before.
  func read(
    at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer
  ) throws(StoreError) {
    var filled = 0
    while filled < buffer.count {
      let got = pread(
        descriptor, buffer.baseAddress.map { $0 + filled }, buffer.count - filled,
        off_t(offset) + off_t(filled))
      if got < 0, errno == EINTR { continue }
      if got < 0 { throw FileSystem.failure("reading", path) }
      if got == 0 {
        throw .range(
          path: path, offset: offset, count: UInt64(buffer.count), size: offset + UInt64(filled))
      }
      filled += got
    }
  }

  /// Bytes from `offset`, at most `count`, fewer where it ends before.
  func read(at offset: UInt64, count: Int) throws(StoreError) -> [UInt8] {
    var code: Int32 = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      while filled < count {
        let got = pread(
          descriptor, buffer.baseAddress.map { $0 + filled }, count - filled,
          off_t(offset) + off_t(filled))
        if got < 0 {
          if errno == EINTR { continue }
          code = errno
          return
        }
        if got == 0 { return }
        filled += got
      }
    }
    guard code == 0 else {
      errno = code
      throw FileSystem.failure("reading", path)
    }
    return bytes
  }

  /// Writes bytes at an offset.
  func write(_ bytes: [UInt8], at offset: UInt64) throws(StoreError) {
    var written = 0
    while written < bytes.count {
      let got = bytes.withUnsafeBytes { buffer in
        pwrite(
          descriptor, buffer.baseAddress.map { $0 + written }, bytes.count - written,
          off_t(offset) + off_t(written))
      }
      if got < 0 {
        if errno == EINTR { continue }
        throw FileSystem.failure("writing", path)
      }
      written += got
    }
  }

  /// Has the disk begin with a range of it, without waiting; only a hint.
  ///
  /// On Linux this advice begins to write dirty pages and drops those that are clean.
  func startWriting(from offset: UInt64, count: UInt64) {
    posix_fadvise(descriptor, off_t(offset), off_t(count), POSIX_FADV_DONTNEED)
  }

  /// Forces its bytes onto the disk.
  func sync() throws(StoreError) {
    guard fsync(descriptor) == 0 else { throw FileSystem.failure("fsync", path) }
  }
}
