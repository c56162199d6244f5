import Foundation

/// File operations that name what failed; durable where the name says so.
enum FileSystem {
  /// The error of the last system call, which must have set `errno`.
  static func failure(_ operation: String, _ path: String) -> StoreError {
    let number = errno
    if number == ENOSPC || number == EDQUOT { return .full(path: path) }
    return .file(
      path: path, operation: operation, errno: number, text: String(cString: strerror(number)))
  }

  /// Creates a folder and its missing parents, readable by their owner alone.
  static func makeFolder(_ path: String) throws(StoreError) {
    if mkdir(path, 0o700) == 0 { return }
    if errno == EEXIST {
      if isFolder(path) { return }
      errno = ENOTDIR
      throw failure("creating the folder", path)
    }
    guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex else {
      throw failure("creating the folder", path)
    }
    try makeFolder(String(path[..<slash]))
    guard mkdir(path, 0o700) == 0 || errno == EEXIST else {
      throw failure("creating the folder", path)
    }
  }

  private static func isFolder(_ path: String) -> Bool {
    var information = stat()
    return stat(path, &information) == 0 && information.st_mode & S_IFMT == S_IFDIR
  }

  /// Size of a regular file in bytes, nil when there is none.
  static func size(_ path: String) throws(StoreError) -> UInt64? {
    var information = stat()
    guard stat(path, &information) == 0 else {
      if errno == ENOENT { return nil }
      throw failure("looking up", path)
    }
    return UInt64(max(0, information.st_size))
  }

  /// Bytes that this process may still write to a file system; nil where it does not say.
  static func freeBytes(_ path: String) throws(StoreError) -> UInt64? {
    var information = statvfs()
    guard statvfs(path, &information) == 0 else { throw failure("looking up", path) }
    guard information.f_blocks > 0 else { return nil }
    return UInt64(information.f_bavail) * UInt64(information.f_frsize)
  }

  /// Seconds since a file was written, or its name made; 0 for a missing one.
  static func age(_ path: String) throws(StoreError) -> Int {
    var information = stat()
    guard stat(path, &information) == 0 else {
      if errno == ENOENT { return 0 }
      throw failure("looking up", path)
    }
    return max(0, time(nil) - max(information.st_mtim.tv_sec, information.st_ctim.tv_sec))
  }

  /// Bytes `offset ..< offset + count` of a file, fewer where it ends before; nil without a file.
  static func read(
    _ path: String, offset: UInt64, count: Int
  ) throws(StoreError) -> [UInt8]? {
    try OpenFile.reading(path)?.read(at: offset, count: count)
  }

  /// Writes bytes at an offset of a file, which is created where it is missing.
  static func write(
    _ bytes: [UInt8], to path: String, at offset: UInt64 = 0, durably: Bool
  ) throws(StoreError) {
    let file = try OpenFile.writing(path)
    try file.write(bytes, at: offset)
    if durably { try file.sync() }
  }

  /// Forces a file's bytes, or a folder's entries, onto the disk.
  static func sync(_ path: String) throws(StoreError) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure("opening", path) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw failure("fsync", path) }
  }

  /// Moves a file over another name of the same file system.
  static func rename(_ path: String, to target: String) throws(StoreError) {
    guard Foundation.rename(path, target) == 0 else { throw failure("renaming", path) }
  }

  /// Gives a file another name beside its own; one that has it already is no error.
  static func link(_ path: String, to target: String) throws(StoreError) {
    guard Foundation.link(path, target) == 0 || errno == EEXIST else {
      throw failure("linking", path)
    }
  }

  /// Removes a file; a missing one is no error.
  static func remove(_ path: String) throws(StoreError) {
    guard unlink(path) == 0 || errno == ENOENT else { throw failure("removing", path) }
  }

  /// Names in a folder, sorted.
  static func list(_ path: String) throws(StoreError) -> [String] {
    guard let folder = opendir(path) else { throw failure("listing", path) }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }
}
