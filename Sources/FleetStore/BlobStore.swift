import Crypto
package import FleetCore
import Synchronization

/// Content-addressed files: `blobs/<2 hex>/<64 hex>`, written once, verified when read.
///
/// A name exists only after its bytes are on the disk: staged, fsynced, renamed, and the folder
/// fsynced. Every path is made of digests and random numbers; nothing a peer names reaches one.
/// One process at a time may own the folder: whoever opens a `FleetStore` or `AgentStore` there.
package final class BlobStore: Sendable {
  let blobs: String
  let downloads: String
  let uploads: String
  private let staging: String
  let opened = Mutex(OpenContent())
  /// How many values of `BlobHold` keep everything.
  let holds = Mutex(0)

  /// Opens the store below a state folder and sweeps half-written files and uploads.
  ///
  /// Unfinished downloads stay: their chunks are verified when they go on.
  package init(folder: String) throws(StoreError) {
    blobs = folder + "/blobs"
    downloads = folder + "/downloads"
    uploads = folder + "/uploads"
    staging = folder + "/staging"
    for path in [blobs, downloads, uploads, staging] { try FileSystem.makeFolder(path) }
    for path in [uploads, staging] {
      for name in try FileSystem.list(path) { try FileSystem.remove(path + "/" + name) }
    }
  }

  /// Stores bytes and returns their digest; the same bytes again change nothing.
  @discardableResult
  package func put(_ bytes: [UInt8]) throws(StoreError) -> ContentDigest {
    let digest = Self.digest(of: bytes)
    let path = path(of: digest)
    if let size = try FileSystem.size(path), size == UInt64(bytes.count),
      try FileSystem.read(path, offset: 0, count: bytes.count) == bytes
    {
      // A process that died between its rename and its fsync left a name that a power cut removes.
      try syncName(of: digest)
      return digest
    }
    let staged = stagingPath()
    do {
      try FileSystem.write(bytes, to: staged, durably: true)
      try adopt(staged, as: digest)
    } catch {
      discardStaged(staged)
      throw error
    }
    return digest
  }

  /// True when content is stored under the digest; reading it may still find it damaged.
  package func contains(_ digest: ContentDigest) throws(StoreError) -> Bool {
    try FileSystem.size(path(of: digest)) != nil
  }

  /// Size of stored content in bytes; throws `missing` when there is none.
  package func size(_ digest: ContentDigest) throws(StoreError) -> UInt64 {
    let path = path(of: digest)
    guard let size = try FileSystem.size(path) else {
      throw .missing(digest: digest.hex, path: path)
    }
    return size
  }

  /// The whole content, verified; throws `missing` or `digestMismatch`.
  package func read(_ digest: ContentDigest) throws(StoreError) -> [UInt8] {
    let path = path(of: digest)
    let size = try size(digest)
    guard let count = Int(exactly: size),
      let bytes = try FileSystem.read(path, offset: 0, count: count)
    else { throw .missing(digest: digest.hex, path: path) }
    let found = Self.digest(of: bytes)
    guard found == digest else {
      throw .digestMismatch(path: path, expected: digest.hex, found: found.hex)
    }
    return bytes
  }

  /// Bytes from `offset`, at most `count`, fewer at the end; not verified: the receiver does.
  ///
  /// Throws `missing`, or `range` where `offset` is not inside the content.
  package func readRange(
    _ digest: ContentDigest, offset: UInt64, count: Int
  ) throws(StoreError) -> [UInt8] {
    let content = try openContent(digest)
    guard offset < content.size, count > 0 else {
      throw .range(
        path: content.file.path, offset: offset, count: UInt64(clamping: count),
        size: content.size)
    }
    let wanted = Int(clamping: min(content.size - offset, UInt64(count)))
    return try content.file.read(at: offset, count: wanted)
  }

  private func openContent(
    _ digest: ContentDigest
  ) throws(StoreError) -> OpenContent.Entry {
    if let found = opened.withLock({ $0.entry(digest) }) { return found }
    let path = path(of: digest)
    guard let file = try OpenFile.reading(path) else {
      throw .missing(digest: digest.hex, path: path)
    }
    let entry = OpenContent.Entry(digest: digest, file: file, size: try file.size())
    opened.withLock { $0.add(entry) }
    return entry
  }

  /// Content for who reads it in pieces, verified; throws `missing` or `digestMismatch`.
  package func content(_ digest: ContentDigest) throws(StoreError) -> StoredContent {
    let path = path(of: digest)
    guard let content = try StoredContent(path: path) else {
      throw .missing(digest: digest.hex, path: path)
    }
    let found = try content.digest()
    guard found == digest else {
      throw .digestMismatch(path: path, expected: digest.hex, found: found.hex)
    }
    return content
  }

  /// Removes content; without any it does nothing.
  package func remove(_ digest: ContentDigest) throws(StoreError) {
    opened.withLock { $0.forget(digest) }
    try FileSystem.remove(path(of: digest))
  }

  /// SHA-256 of bytes.
  package static func digest(of bytes: some Sequence<UInt8>) -> ContentDigest {
    var hash = SHA256()
    let isContiguous: Void? = bytes.withContiguousStorageIfAvailable {
      hash.update(bufferPointer: UnsafeRawBufferPointer($0))
    }
    if isContiguous == nil { hash.update(data: Array(bytes)) }
    guard let digest = ContentDigest(hash.finalize()) else {
      preconditionFailure("SHA-256 gave other than 32 bytes")
    }
    return digest
  }

  /// Removes every blob that nothing needs and returns how many there were.
  ///
  /// Without an age it is for the start of a daemon, before anything is stored: what a crash left
  /// behind goes. With one it may be called at any time: what is stored comes before the row that
  /// needs it, so that young content stays whoever needs it. Nothing goes while a backup is read.
  @discardableResult
  package func sweep(
    keeping needed: Set<ContentDigest>, olderThanSeconds age: Int = 0
  ) throws(StoreError) -> Int {
    var removed = 0
    if isHeld { return 0 }
    for shelf in try FileSystem.list(blobs) {
      for name in try FileSystem.list(blobs + "/" + shelf) {
        let digest = ContentDigest(hex: name)
        if let digest, needed.contains(digest) { continue }
        if age > 0, try FileSystem.age(blobs + "/" + shelf + "/" + name) < age { continue }
        // A backup that began meanwhile may need what was not needed before.
        if isHeld { return removed }
        if let digest { opened.withLock { $0.forget(digest) } }
        try FileSystem.remove(blobs + "/" + shelf + "/" + name)
        removed += 1
      }
    }
    return removed
  }

  // MARK: inside the store

  func path(of digest: ContentDigest) -> String {
    let hex = digest.hex
    return "\(blobs)/\(hex.prefix(2))/\(hex)"
  }

  func stagingPath() -> String {
    var generator = SystemRandomNumberGenerator()
    return staging + "/" + String(generator.next() as UInt64, radix: 16)
  }

  /// Gives an fsynced file its name; durable when it returns.
  func adopt(_ staged: String, as digest: ContentDigest) throws(StoreError) {
    let folder = "\(blobs)/\(digest.hex.prefix(2))"
    try FileSystem.makeFolder(folder)
    opened.withLock { $0.forget(digest) }
    try FileSystem.rename(staged, to: path(of: digest))
    try syncName(of: digest)
  }

  private func syncName(of digest: ContentDigest) throws(StoreError) {
    try FileSystem.sync("\(blobs)/\(digest.hex.prefix(2))")
    try FileSystem.sync(blobs)
  }

  /// Best effort: what stays behind is swept at the next start.
  func discardStaged(_ path: String) {
    do throws(StoreError) { try FileSystem.remove(path) } catch {}
  }
}
