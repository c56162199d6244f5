import Crypto
package import FleetCore
import FleetProtocol
import Foundation
import GRDB
import Synchronization

/// A backup of a coordinator's state that is ready to be read: one archive of one instant.
///
/// It holds the database and every blob that this database needs, and no secret: neither keys nor
/// the admin token lie in either, and secrets of jobs are taken out. The copy of the database lies
/// beside the blobs until the value is gone; a process that dies leaves it to the sweep of the next
/// start.
package final class FleetBackup: Sendable {
  /// Bytes that a backup leaves free on the disk, which the coordinator needs to go on.
  private static let freeBytes: UInt64 = 64 << 20
  private static let pieceBytes = 1 << 20

  /// What is in it.
  package let manifest: BackupManifest
  /// Bytes of the whole archive.
  package let size: UInt64
  private let manifestBytes: [UInt8]
  private let database: String
  private let blobs: BlobStore
  private let hold: BlobHold
  private let turn: Turn

  /// One at a time for each store.
  private final class Turn: Sendable {
    private let store: FleetStore

    init(_ store: FleetStore) throws(StoreError) {
      let isFree = store.isBackedUp.withLock { isBackedUp in
        defer { isBackedUp = true }
        return !isBackedUp
      }
      guard isFree else { throw .backupUnderWay }
      self.store = store
    }

    deinit { store.isBackedUp.withLock { $0 = false } }
  }

  /// Copies the database, which takes its time; transactions go on meanwhile.
  package init(
    of store: FleetStore, _ blobs: BlobStore, madeBy version: String, at now: Instant
  ) throws(StoreError) {
    turn = try Turn(store)
    self.blobs = blobs
    // Before the copy: what it needs is then there until it was read.
    hold = blobs.hold()
    let path = blobs.stagingPath()
    database = path
    let facts: Facts
    do throws(StoreError) {
      try Self.checkRoom(for: try store.database.bytes(), beside: path)
      facts = try store.database.copy(to: path, cleanedBy: PrivacySchema.forgetting) {
        db in try Facts(db)
      }
      var parts = [try Self.part(of: path)]
      for digest in facts.state.neededBlobs.sorted() {
        parts.append(
          BackupManifest.Part(
            name: BackupManifest.blobFolder + digest.hex, size: try blobs.size(digest),
            sha256: digest.hex))
      }
      manifest = BackupManifest(
        format: BackupManifest.format, madeBy: version, madeMicroseconds: now.microseconds,
        epoch: facts.state.epoch, journalRows: facts.head.rows,
        journalHash: Hex.text(facts.head.hash), nodes: facts.state.nodes.count,
        models: facts.state.models.count, parts: parts)
      manifestBytes = try manifest.encoded()
    } catch {
      blobs.discardStaged(path)
      throw error
    }
    let sizes = [UInt64(manifestBytes.count)] + manifest.parts.map(\.size) + [65]
    size = sizes.reduce(UInt64(TarHeader.ending.count)) { sum, size in
      sum + UInt64(TarHeader.blockBytes) + size + UInt64(TarHeader.padding(after: size))
    }
  }

  deinit { blobs.discardStaged(database) }

  /// Hands on the archive piece by piece, in order.
  ///
  /// Throws what `take` does, and where a part is not what the manifest says.
  package func read(_ take: ([UInt8]) async throws -> Void) async throws {
    try await give(BackupManifest.fileName, manifestBytes, take)
    for part in manifest.parts {
      let path = try path(of: part)
      guard let file = try OpenFile.reading(path) else {
        throw StoreError.missing(digest: part.sha256, path: path)
      }
      try await take(header(part.name, part.size))
      var offset: UInt64 = 0
      while offset < part.size {
        let count = Int(clamping: min(part.size - offset, UInt64(Self.pieceBytes)))
        let bytes = try file.read(at: offset, count: count)
        guard bytes.count == count else {
          throw StoreError.sizeMismatch(path: path, expected: part.size, found: offset)
        }
        try await take(bytes)
        offset += UInt64(count)
      }
      try await pad(after: part.size, take)
    }
    let check = Hex.text(SHA256.hash(data: manifestBytes)) + "\n"
    try await give(BackupManifest.checkName, Array(check.utf8), take)
    try await take(TarHeader.ending)
  }

  private func path(of part: BackupManifest.Part) throws(StoreError) -> String {
    if part.name == BackupManifest.databaseName { return database }
    guard let digest = ContentDigest(hex: part.sha256) else {
      preconditionFailure("\(part.name) has no digest")
    }
    return blobs.path(of: digest)
  }

  private func header(_ name: String, _ size: UInt64) -> [UInt8] {
    TarHeader(name: name, size: size)
      .encoded(atSeconds: max(0, manifest.madeMicroseconds / 1_000_000))
  }

  private func give(
    _ name: String, _ bytes: [UInt8], _ take: ([UInt8]) async throws -> Void
  ) async throws {
    try await take(header(name, UInt64(bytes.count)))
    try await take(bytes)
    try await pad(after: UInt64(bytes.count), take)
  }

  private func pad(after size: UInt64, _ take: ([UInt8]) async throws -> Void) async throws {
    let count = TarHeader.padding(after: size)
    if count > 0 { try await take([UInt8](repeating: 0, count: count)) }
  }

  // MARK: making

  /// What the database is at the instant of the copy.
  private struct Facts {
    let state: FleetState
    let head: JournalHead

    init(_ db: Database) throws {
      state = try FleetLoader(db: db).state()
      head = try JournalReader(db: db).head()
    }
  }

  /// A backup that would fill the disk is refused before it begins.
  private static func checkRoom(for bytes: UInt64, beside path: String) throws(StoreError) {
    let folder = String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)])
    guard let free = try FileSystem.freeBytes(folder) else { return }
    guard free > bytes + freeBytes else { throw .full(path: folder) }
  }

  private static func part(of path: String) throws(StoreError) -> BackupManifest.Part {
    guard let file = try OpenFile.reading(path) else {
      throw .missing(digest: "the copy of the database", path: path)
    }
    let size = try file.size()
    var hash = SHA256()
    var offset: UInt64 = 0
    while offset < size {
      let bytes = try file.read(at: offset, count: pieceBytes)
      guard !bytes.isEmpty else { throw .sizeMismatch(path: path, expected: size, found: offset) }
      hash.update(data: bytes)
      offset += UInt64(bytes.count)
    }
    return BackupManifest.Part(
      name: BackupManifest.databaseName, size: size, sha256: Hex.text(hash.finalize()))
  }
}
