import Foundation
import GRDB

extension StoreDatabase {
  /// Pages that are copied between two looks at the disk: a MiB.
  private static let copyPages: CInt = 256
  /// Frames of the log from which on SQLite moves them into the database at a commit.
  private static let logFrames = 1_000

  /// Copies the database as it is at one instant into a new file, and what `read` finds of it then.
  ///
  /// Transactions go on meanwhile. They would wait for two things, which this keeps from them: the
  /// disk, when it is given much at once, so that the copy is brought onto it piece by piece with
  /// pauses; and the first commit after the copy, which would move a long log into the database.
  ///
  /// `sql` is run on the copy, to take out of it what is not for others.
  func copy<Value>(
    to target: String, cleanedBy sql: String, reading read: (Database) throws -> Value
  ) throws(StoreError) -> Value {
    do {
      try setLogFrames(0)
      defer {
        // The next copy tries again; until then the log is shortened when the disk is full.
        do { try setLogFrames(Self.logFrames) } catch {}
      }
      var configuration = Configuration()
      configuration.busyMode = .timeout(5)
      configuration.label = "copy"
      let source = try DatabaseQueue(path: path, configuration: configuration)
      let value = try source.read { db in
        // Begins the snapshot: the copy is of this instant, however long it takes.
        let value = try read(db)
        try Self.copy(db, to: target, cleanedBy: sql)
        return value
      }
      try FileSystem.sync(target)
      try drainLog(through: source)
      try source.close()
      return value
    } catch {
      throw Self.failure(error, "copying", path)
    }
  }

  private static func copy(
    _ db: Database, to target: String, cleanedBy sql: String
  ) throws {
    let copy = try DatabaseQueue(path: target)
    try copy.writeWithoutTransaction { copied in
      // A copy that does not come to its end is thrown away.
      try copied.execute(sql: "PRAGMA synchronous = OFF; PRAGMA cache_size = \(copyPages)")
      _ = try String.fetchOne(copied, sql: "PRAGMA journal_mode = OFF")
      var begun = ContinuousClock.now
      try db.backup(to: copied, pagesPerStep: copyPages) { progress in
        guard !progress.isCompleted else { return }
        try FileSystem.sync(target)
        let took = ContinuousClock.now - begun
        Thread.sleep(forTimeInterval: min(0.25, max(0.001, took / .seconds(1))))
        begun = .now
      }
      try copied.execute(sql: sql)
    }
    try copy.close()
  }

  /// Reads one snapshot on a connection of its own: it may take long, and holds no reader back.
  func beside<Value>(
    _ operation: String, _ body: (Database) throws -> Value
  ) throws(StoreError) -> Value {
    do {
      var configuration = Configuration()
      configuration.busyMode = .timeout(5)
      configuration.label = "beside"
      let queue = try DatabaseQueue(path: path, configuration: configuration)
      let value = try queue.read(body)
      try queue.close()
      return value
    } catch {
      throw Self.failure(error, operation, path)
    }
  }

  /// How long the log gets before a commit moves it into the database; 0 for no bound.
  private func setLogFrames(_ frames: Int) throws {
    try onWriter { db in try db.execute(sql: "PRAGMA wal_autocheckpoint = \(frames)") }
  }

  /// Moves the log into the database beside transactions, until a commit has little left to move.
  private func drainLog(through connection: DatabaseQueue) throws {
    for _ in 0..<20 {
      let row = try connection.writeWithoutTransaction { db in
        try Row.fetchOne(db, sql: "PRAGMA wal_checkpoint(PASSIVE)")
      }
      guard let row, let frames = row[1] as Int?, let moved = row[2] as Int?,
        frames - moved > Self.logFrames
      else { return }
    }
  }
}
