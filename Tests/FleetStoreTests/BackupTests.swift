import FleetCore
import FleetProtocol
import FleetStore
import Foundation
import GRDB
import Synchronization
import Testing

/// A coordinator's state folder with nodes, models, events and telemetry, and backups of it.
struct BackupBench {
  let folder: TemporaryFolder
  let store: FleetStore
  let blobs: BlobStore
  let model: ContentDigest
  static let now = Instant(microseconds: 1_750_000_000_000_000)

  init(modelBytes: Int = 3_000) throws {
    folder = try TemporaryFolder()
    store = try FleetStore(folder: folder.path + "/state")
    blobs = try BlobStore(folder: folder.path + "/state")
    _ = try store.start()
    model = try blobs.put((0..<modelBytes).map { UInt8(truncatingIfNeeded: $0 &* 7) })
    try store.commit([
      .nodeAccepted(NodeRecord(id: name("north"), publicKey: "k", acceptedAt: Self.now)),
      .modelAdded(Self.record(model, size: UInt64(modelBytes))),
      .event(FleetEvent(at: Self.now, kind: "node.accepted", subject: "north", detail: "d")),
    ])
  }

  static func record(_ digest: ContentDigest, size: UInt64) -> ModelRecord {
    ModelRecord(
      name: name("digits"), releaseCounter: 1, digest: digest, manifestDigest: digest,
      manifest: [1, 2, 3], structureDigest: digest, priceDigest: digest, size: size,
      chips: ["loihi"], addedAt: now)
  }

  func backup() throws -> FleetBackup {
    try FleetBackup(of: store, blobs, madeBy: "1.2.3", at: Self.now)
  }

  /// The whole archive.
  static func bytes(of backup: FleetBackup) async throws -> [UInt8] {
    var bytes: [UInt8] = []
    try await backup.read { bytes += $0 }
    return bytes
  }

  /// Changes a database as a hand would that no rule of it stops.
  static func change(_ folder: String, _ sql: String) throws {
    var configuration = Configuration()
    configuration.foreignKeysEnabled = false
    let queue = try DatabaseQueue(path: folder + "/fleet.sqlite", configuration: configuration)
    try queue.write { try $0.execute(sql: sql) }
  }

  /// What a query finds in a database, as text.
  static func ask(_ folder: String, _ sql: String) throws -> [String] {
    let queue = try DatabaseQueue(path: folder + "/fleet.sqlite")
    return try queue.read { try String.fetchAll($0, sql: sql) }
  }

  /// The archive in a file.
  func file(_ bytes: [UInt8], _ name: String = "backup") throws -> String {
    let path = folder.path + "/" + name
    try Data(bytes).write(to: URL(filePath: path))
    return path
  }

  static func read(_ bytes: [UInt8]) throws -> BackupManifest {
    var reader = BackupReader()
    try reader.take(bytes[...])
    return try reader.finish()
  }
}

/// Backups: one instant, whole or refused.
@Suite struct BackupTests {
  @Test func `a backup is restored as the state it was made of, in a higher epoch`() async throws {
    let bench = try BackupBench()
    try bench.store.commit([
      .telemetryStored(
        name("north"), boot: boot, windows: [window(1, inferences: 5)], at: BackupBench.now)
    ])
    let state = try bench.store.load()
    let journal = try bench.store.journal(JournalQuery(limit: 100))
    let backup = try bench.backup()
    let bytes = try await BackupBench.bytes(of: backup)
    #expect(UInt64(bytes.count) == backup.size)
    #expect(try BackupBench.read(bytes) == backup.manifest)
    #expect(backup.manifest.journalHash == journal.last.map { Hex.text($0.hash) })
    // What comes after it is not in it.
    try bench.store.commit([.nodeChip(name("north"), chip: "later")])
    let target = bench.folder.path + "/target"
    let report = try FleetRestore(file: try bench.file(bytes), folder: target)
      .run(at: BackupBench.now)
    #expect(report.epoch == 1_750_000_000 && report.aside == nil)
    let restored = try FleetStore(folder: target)
    var expected = state
    (expected.epoch, expected.lastGeneration) = (report.epoch, 0)
    #expect(try restored.load() == expected)
    #expect(try restored.start().epoch == report.epoch + 1)
    #expect(try BlobStore(folder: target).read(bench.model).count == 3_000)
    #expect(try restored.totals().map(\.counters.inferences) == [5])
    let rows = try restored.journal(JournalQuery(limit: 100))
    #expect(rows.dropLast() == journal[...])
    var check = JournalCheck(expecting: journal.last?.hash)
    for row in rows { try check.take(row) }
    #expect(check.isExpectationMet)
    guard case .happened(let event) = rows.last?.entry else {
      Issue.record("\(String(describing: rows.last))")
      return
    }
    #expect(event.kind == "coordinator.restored")
  }

  @Test func `an archive that is cut anywhere is none`() async throws {
    let bench = try BackupBench(modelBytes: 700)
    let bytes = try await BackupBench.bytes(of: try bench.backup())
    // Every length near where something begins or ends, and some in between.
    let starts = stride(from: 0, to: bytes.count, by: TarHeader.blockBytes)
    let lengths = Set(
      starts.flatMap { [$0 - 1, $0, $0 + 1] } + (bytes.count - 1_100..<bytes.count))
    for length in lengths.sorted() where length >= 0 && length < bytes.count {
      #expect(throws: BackupDamage.self, "cut at \(length) of \(bytes.count)") {
        try BackupBench.read(Array(bytes[..<length]))
      }
    }
    #expect(throws: BackupDamage.self) { try BackupBench.read(bytes + [1]) }
  }

  @Test func `an archive with any byte changed is refused, or read as it was`() async throws {
    let bench = try BackupBench(modelBytes: 700)
    let backup = try bench.backup()
    let bytes = try await BackupBench.bytes(of: backup)
    var generator = SplitMix(seed: 3)
    for _ in 0..<400 {
      var changed = bytes
      let place = Int.random(in: 0..<bytes.count, using: &generator)
      changed[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
      do {
        // Facts of a tar header that nobody reads, such as the owner's name, may differ.
        #expect(try BackupBench.read(changed) == backup.manifest, "byte \(place)")
      } catch {
        #expect(error is BackupDamage, "byte \(place): \(error)")
      }
    }
  }

  @Test func `pieces of any length are read alike`() async throws {
    let bench = try BackupBench()
    let backup = try bench.backup()
    let bytes = try await BackupBench.bytes(of: backup)
    for length in [1, 7, 511, 512, 513, 100_000] {
      var reader = BackupReader()
      for start in stride(from: 0, to: bytes.count, by: length) {
        try reader.take(bytes[start..<min(start + length, bytes.count)])
      }
      #expect(try reader.finish() == backup.manifest)
    }
  }

  @Test func `other programs read the archive`() async throws {
    let bench = try BackupBench()
    let file = try bench.file(try await BackupBench.bytes(of: try bench.backup()))
    let tar = Process()
    tar.executableURL = URL(filePath: "/bin/tar")
    tar.arguments = ["-xf", file, "-C", bench.folder.path]
    try tar.run()
    tar.waitUntilExit()
    #expect(tar.terminationStatus == 0)
    let model = try Data(
      contentsOf: bench.folder.url.appending(path: "blobs/\(bench.model.hex)"))
    #expect(BlobStore.digest(of: model) == bench.model)
    #expect(try BackupBench.ask(bench.folder.path, "PRAGMA integrity_check") == ["ok"])
    #expect(try BackupBench.ask(bench.folder.path, "SELECT id FROM node") == ["north"])
  }

  @Test func `what it needs is not swept while it is read, and one is made at a time`() async throws
  {
    let bench = try BackupBench()
    do {
      let backup = try bench.backup()
      try bench.store.commit([.modelRemoved(bench.model, at: BackupBench.now)])
      #expect(try bench.blobs.sweep(keeping: []) == 0)
      #expect(throws: StoreError.backupUnderWay) { _ = try bench.backup() }
      let manifest = try BackupBench.read(try await BackupBench.bytes(of: backup))
      #expect(manifest.parts.count == 2)
    }
    #expect(try bench.blobs.sweep(keeping: []) == 1)
    #expect(try bench.backup().manifest.parts.count == 1)
    // Nothing stays beside the state.
    #expect(!bench.folder.files().contains { $0.contains("staging/") })
  }

  @Test func `a blob that is missing or damaged makes no backup that looks whole`() async throws {
    let bench = try BackupBench()
    let path = bench.folder.path + "/state/blobs/\(bench.model.hex.prefix(2))/\(bench.model.hex)"
    var bytes = try Data(contentsOf: URL(filePath: path))
    bytes[17] ^= 1
    try bytes.write(to: URL(filePath: path))
    let archive = try await BackupBench.bytes(of: try bench.backup())
    #expect(throws: BackupDamage.self) { try BackupBench.read(archive) }
    try FileManager.default.removeItem(atPath: path)
    #expect(throws: StoreError.missing(digest: bench.model.hex, path: path)) {
      _ = try bench.backup()
    }
  }

  @Test func `transactions go on while it is made, and it is of one instant`() async throws {
    let bench = try BackupBench()
    let filling = String(repeating: "x", count: 4_000)
    func events(_ count: Int) throws {
      try bench.store.commit(
        (0..<count).map {
          .event(FleetEvent(at: BackupBench.now, kind: "k\($0)", subject: "", detail: filling))
        })
    }
    // Some twelve MiB, so that the copy takes many steps.
    for _ in 0..<10 { try events(300) }
    let isDone = Mutex(false)
    let store = bench.store
    let writer = Thread {
      while !isDone.withLock({ $0 }) {
        do {
          try store.commit([
            .event(FleetEvent(at: BackupBench.now, kind: "a", subject: "", detail: filling)),
            .event(FleetEvent(at: BackupBench.now, kind: "b", subject: "", detail: filling)),
          ])
        } catch {
          Issue.record("\(error)")
        }
      }
    }
    writer.start()
    let backup = try bench.backup()
    isDone.withLock { $0 = true }
    let file = try bench.file(try await BackupBench.bytes(of: backup))
    let target = bench.folder.path + "/target"
    _ = try FleetRestore(file: file, folder: target).run(at: BackupBench.now)
    let restored = try FleetStore(folder: target)
    var query = JournalQuery(limit: 100_000)
    query.kind = "a"
    let first = try restored.journal(query).count
    query.kind = "b"
    #expect(try restored.journal(query).count == first, "half a transaction is in it")
    query.kind = "a"
    #expect(try bench.store.journal(query).count > first)
  }
}
