import FleetAPI
import FleetCore
import FleetProtocol
import FleetStore
import Foundation
import Logging
import Workbench

/// Backups, and what helps somebody who helps.
extension CoordinatorService {
  func backup(requestID: String) async throws -> ByteStream {
    let daemon = daemon
    // Before the copy, which then says who asked for it.
    let asked = daemon.handle(.asked(action: "backup", requestID: requestID, actor: actor))
    if let failure = asked.failure {
      throw ServiceError(status: 503, code: "store", detail: failure)
    }
    do {
      let backup = try await daemon.work.inBackground {
        try FleetBackup(
          of: daemon.store, daemon.blobs, madeBy: Version.text, at: WallClock.now())
      }
      daemon.log.notice(
        "backup of epoch \(backup.manifest.epoch), \(backup.size) bytes",
        metadata: [
          "kind": "backup.made", "row": "\(backup.manifest.journalRows)",
          "hash": "\(backup.manifest.journalHash)",
        ])
      return ByteStream(size: backup.size) { take in try await backup.read(take) }
    } catch let error as StoreError {
      daemon.log.error("no backup: \(error)", metadata: ["kind": "backup.failed"])
      throw ServiceError(
        status: error == .backupUnderWay ? 409 : 503, code: "backup", detail: error.description)
    }
  }

  func debug() async throws -> DebugView {
    let daemon = daemon
    let facts = try await daemon.work.inBackground {
      (store: try daemon.store.facts(), blobs: try daemon.blobs.facts())
    }
    var machine = utsname()
    uname(&machine)
    let processors = ProcessInfo.processInfo.activeProcessorCount
    let now = WallClock.now()
    return DebugView(
      version: Version.text,
      platform: "\(Self.text(machine.sysname)) \(Self.text(machine.release)) "
        + "\(Self.text(machine.machine)), \(processors) processors",
      uptimeSeconds: Double(now.milliseconds(since: daemon.startedAt)) / 1_000,
      settings: settings, databaseBytes: facts.store.databaseBytes,
      logBytes: facts.store.logBytes, freeBytes: facts.store.freeBytes,
      blobs: facts.blobs.count, blobBytes: facts.blobs.bytes, rows: facts.store.rows,
      migrations: facts.store.migrations, integrity: facts.store.integrity,
      journal: facts.store.journal,
      log: tail.newest(LogTail.linesMax, bytesMax: 1 << 20))
  }

  /// A name of the system's, as far as its first zero.
  private static func text<Field>(_ field: Field) -> String {
    withUnsafeBytes(of: field) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }

  func removeModel(_ digest: ContentDigest, requestID: String) async throws -> CommandView {
    let view = try command(.removeModel(digest), requestID)
    if view.done { StoreUpkeep.sweepBlobs(of: daemon) }
    return view
  }
}
