package import FleetCore
import FleetProtocol
import Foundation
import GRDB

/// What a restore has done.
package struct RestoreReport: Sendable, Equatable {
  /// What was restored.
  package var manifest: BackupManifest
  /// The epoch in the restored state; the next start raises it by one.
  package var epoch: UInt64
  /// Where the former state lies now; nil where there was none.
  package var aside: String?
  /// Why the former state's epoch is not known; nil where it is, or there was none.
  package var unreadable: String?
  /// What was changed in the state, in words.
  package var events: [FleetEvent]
}

/// Puts a coordinator's state back from a backup, offline.
///
/// Everything is verified before anything is written into place. The database gets its name last: a
/// restore that is killed leaves the former state, and a file by which `FleetStore` knows that it
/// is not finished.
package struct FleetRestore {
  /// Name of the database until it is whole.
  static let halfName = "fleet.sqlite.restoring"
  private static let pieceBytes = 1 << 20

  private let file: String
  private let folder: String
  private let lock: StateFolder

  /// Locks the state folder, which is made where it is missing.
  ///
  /// Throws `locked` where a coordinator runs on it.
  package init(file: String, folder: String) throws(StoreError) {
    self.file = file
    self.folder = folder
    lock = try StateFolder(path: folder)
  }

  /// True where the folder holds a state that a restore would replace.
  package func isOccupied() throws(StoreError) -> Bool {
    try FileSystem.size(path("fleet.sqlite")) != nil
  }

  /// Reads the whole backup and holds each part against its digest; nothing is written.
  package func verify() throws(StoreError) -> BackupManifest { try Self.verify(file) }

  /// Likewise, for a file and no state folder.
  package static func verify(_ file: String) throws(StoreError) -> BackupManifest {
    do {
      return try read(file) { _ in }
    } catch {
      throw StoreDatabase.failure(error, "reading", file)
    }
  }

  /// Restores the state, with a former one put into a folder of its own below the state folder.
  ///
  /// - Parameter epochMin: an epoch that some agent is known to have seen.
  package func run(
    epochMin: UInt64 = 0, at now: Instant
  ) throws(StoreError) -> RestoreReport {
    let manifest = try verify()
    do {
      try removeHalf()
      let former = try formerEpoch()
      let copy: RestoredCopy
      let changes: [FleetChange]
      do {
        try unpack()
        let known = [manifest.epoch, former.epoch, epochMin].compactMap { $0 }
        copy = RestoredCopy(
          madeAt: Instant(microseconds: manifest.madeMicroseconds),
          epoch: RestoredCopy.epoch(after: known, at: now))
        changes = try adapt(to: copy, manifest, at: now)
      } catch {
        // The former state is untouched: a coordinator may start on it.
        try removeHalf()
        throw error
      }
      let aside = try putAside(at: now)
      // Of no database any more: SQLite must not take it for the restored one's.
      for suffix in ["-wal", "-shm"] { try FileSystem.remove(path("fleet.sqlite" + suffix)) }
      try FileSystem.rename(path(Self.halfName), to: path("fleet.sqlite"))
      try FileSystem.sync(folder)
      return RestoreReport(
        manifest: manifest, epoch: copy.epoch, aside: aside, unreadable: former.failure,
        events: changes.compactMap { if case .event(let event) = $0 { event } else { nil } })
    } catch {
      throw StoreDatabase.failure(error, "restoring", folder)
    }
  }

  private func removeHalf() throws {
    for suffix in ["-wal", "-shm", ""] {
      try FileSystem.remove(path(Self.halfName + suffix))
    }
  }

  private func path(_ name: String) -> String { folder + "/" + name }

  @discardableResult
  private static func read(
    _ file: String, _ visit: (BackupReader.Piece) throws -> Void
  ) throws -> BackupManifest {
    guard let source = try OpenFile.reading(file) else {
      errno = ENOENT
      throw FileSystem.failure("opening", file)
    }
    var reader = BackupReader()
    var offset: UInt64 = 0
    while true {
      let bytes = try source.read(at: offset, count: pieceBytes)
      guard !bytes.isEmpty else { return try reader.finish() }
      try reader.take(bytes[...], visit)
      offset += UInt64(bytes.count)
    }
  }

  /// Brings every blob and the database onto the disk, the latter under another name.
  private func unpack() throws {
    let blobs = try BlobStore(folder: folder)
    var database: OpenFile?
    var (written, content): (UInt64, [UInt8]) = (0, [])
    try Self.read(file) { piece in
      switch piece {
      case .begins(let part):
        content = []
        guard part.name == BackupManifest.databaseName else { return }
        database = try OpenFile.writing(path(Self.halfName))
      case .bytes(let bytes):
        if let database {
          try database.write(Array(bytes), at: written)
          written += UInt64(bytes.count)
        } else {
          content += bytes
        }
      case .ends:
        if let file = database {
          try file.sync()
          database = nil
        } else {
          try blobs.put(content)
        }
      }
    }
  }

  /// Checks the restored database and brings it into the state from which a start may go on.
  private func adapt(
    to copy: RestoredCopy, _ manifest: BackupManifest, at now: Instant
  ) throws -> [FleetChange] {
    let kind = StoreDatabase.Kind(
      applicationID: FleetSchema.applicationID, migrator: FleetSchema.migrator, readers: 0)
    let database = try StoreDatabase(path: path(Self.halfName), kind: kind, pagesMax: nil)
    let changes = try database.write("restoring") { db in
      try Self.check(db, manifest)
      return try FleetWriter(db: db).adapt(to: copy, at: now)
    }
    try database.onWriter { db in try db.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)") }
    try database.close()
    for suffix in ["-wal", "-shm"] {
      guard try FileSystem.size(path(Self.halfName + suffix)) == nil else {
        throw BackupDamage("\(Self.halfName)\(suffix) stayed behind; try again")
      }
    }
    try FileSystem.sync(path(Self.halfName))
    return changes
  }

  private static func check(_ db: Database, _ manifest: BackupManifest) throws {
    let found = try String.fetchAll(db, sql: "PRAGMA integrity_check(5)")
    guard found == ["ok"] else {
      throw BackupDamage("its database is damaged: \(found.joined(separator: "; "))")
    }
    let loose = try Row.fetchAll(db, sql: "PRAGMA foreign_key_check").count
    guard loose == 0 else { throw BackupDamage("\(loose) rows of its database refer to nothing") }
    let head: JournalHead
    do {
      head = try JournalReader(db: db).check()
    } catch let broken as JournalCheck.Break {
      throw BackupDamage("its journal is broken at \(broken)")
    }
    guard head.rows == manifest.journalRows, Hex.text(head.hash) == manifest.journalHash else {
      throw BackupDamage("its journal ends at row \(head.rows), not where the manifest says")
    }
    let held = Set(manifest.parts.dropFirst().map(\.sha256))
    let missing = try FleetLoader(db: db).state().neededBlobs.filter { !held.contains($0.hex) }
    guard missing.isEmpty else {
      throw BackupDamage("\(missing.count) blobs are missing that its database needs")
    }
  }

  // MARK: the former state

  /// The epoch that the former state has reached: agents may have seen it.
  private func formerEpoch() throws -> (epoch: UInt64?, failure: String?) {
    guard try isOccupied() else { return (nil, nil) }
    do {
      let queue = try DatabaseQueue(path: path("fleet.sqlite"))
      let epoch = try queue.read { db in
        try Int64.fetchOne(db, sql: "SELECT epoch FROM coordinator WHERE id = 1")
      }
      try queue.close()
      return (epoch.map { UInt64(bitPattern: $0) }, epoch == nil ? "it has no row" : nil)
    } catch let error as DatabaseError {
      return (nil, error.message ?? "\(error)")
    }
  }

  /// Moves the former database away, and links its blobs beside it: a start sweeps those that the
  /// restored state does not need.
  private func putAside(at now: Instant) throws -> String? {
    guard try isOccupied() else { return nil }
    let aside = path("aside-\(now.microseconds / 1_000_000)")
    try FileSystem.makeFolder(aside)
    let blobs = path("blobs")
    for shelf in try FileSystem.list(blobs) {
      try FileSystem.makeFolder("\(aside)/blobs/\(shelf)")
      for name in try FileSystem.list("\(blobs)/\(shelf)") {
        try FileSystem.link("\(blobs)/\(shelf)/\(name)", to: "\(aside)/blobs/\(shelf)/\(name)")
      }
    }
    // The log before its database: alone it means nothing, and the database without it less.
    for name in ["fleet.sqlite-shm", "fleet.sqlite-wal", "fleet.sqlite"]
    where try FileSystem.size(path(name)) != nil {
      try FileSystem.rename(path(name), to: "\(aside)/\(name)")
    }
    try FileSystem.sync(aside)
    return aside
  }
}
