import FleetCore
import FleetProtocol
import FleetStore
import Foundation
import GRDB
import SwiftProtobuf

/// What a node committed, kept by its own database beside what it later forgets.
///
/// Triggers write the history, in the transaction of what it tells.
struct AgentHistory {
  /// A window as it was queued, and whether the agent saw it acknowledged.
  struct Window {
    var boot: [UInt8]
    var window: WireTelemetryWindow
    var isAcknowledged: Bool
  }

  let node: String
  let folder: String

  init(_ fleet: TestFleet, _ node: String) {
    self.node = node
    folder = fleet.folder.appending(path: "agents/\(node)/state").path
  }

  /// Makes the database before the agent's first start.
  func prepare() throws {
    _ = try AgentStore(folder: folder)
    StateLock.release(folder)
    try open().write { db in
      try db.execute(
        sql: """
          CREATE TABLE history (
            boot BLOB, sequence INTEGER, window BLOB, acknowledged INTEGER DEFAULT 0,
            PRIMARY KEY (boot, sequence));
          CREATE TRIGGER history_queued AFTER INSERT ON outbox BEGIN
            INSERT INTO history (boot, sequence, window)
            SELECT boot, NEW.sequence, NEW.window FROM outbox_boot WHERE id = NEW.boot; END;
          CREATE TRIGGER history_acknowledged AFTER DELETE ON outbox BEGIN
            UPDATE history SET acknowledged = 1 WHERE sequence = OLD.sequence
              AND boot = (SELECT boot FROM outbox_boot WHERE id = OLD.boot); END;
          CREATE TABLE history_order (id INTEGER PRIMARY KEY, epoch INTEGER, number INTEGER);
          CREATE TRIGGER history_accepted AFTER INSERT ON model_slot WHEN NEW.slot = 'accepted'
          BEGIN
            INSERT INTO history_order (epoch, number)
            VALUES (NEW.generation_epoch, NEW.generation_number); END;
          """)
    }
  }

  private func open() throws -> DatabaseQueue {
    var configuration = Configuration()
    configuration.busyMode = .timeout(5)
    return try DatabaseQueue(path: folder + "/agent.sqlite", configuration: configuration)
  }

  /// Windows that wait for their acknowledgement.
  func waiting() throws -> Int {
    try open().read { try Int.fetchOne($0, sql: "SELECT count(*) FROM outbox") ?? 0 }
  }

  /// The place of the newest window in the history, or of the newest acknowledged one.
  func newest(acknowledged: Bool) throws -> Int {
    try open().read {
      try Int.fetchOne(
        $0, sql: "SELECT max(rowid) FROM history WHERE acknowledged >= ?",
        arguments: [acknowledged ? 1 : 0]) ?? 0
    }
  }

  /// Windows of earlier runs among them.
  func waitingOfEarlierRuns() throws -> Int {
    try open().read {
      try Int.fetchOne(
        $0,
        sql: """
          SELECT count(*) FROM outbox JOIN outbox_boot ON outbox_boot.id = outbox.boot
          WHERE outbox_boot.boot IS NOT (SELECT running FROM agent)
          """) ?? 0
    }
  }

  /// Whether the database knows of a run that has not ended.
  func runIsNoted() throws -> Bool {
    try open().read {
      try Bool.fetchOne($0, sql: "SELECT running IS NOT NULL FROM agent") ?? false
    }
  }

  /// The first 12 digits of the boot that is under way.
  func runningBoot() throws -> String? {
    try open().read {
      try String.fetchOne($0, sql: "SELECT lower(substr(hex(running), 1, 12)) FROM agent")
    }
  }

  /// What a run that was just killed may have counted in vain; nil before its first window.
  func secondsSinceLastWindow() throws -> Double? {
    let newest = try open().read {
      try Row.fetchOne(
        $0,
        sql: """
          SELECT window FROM history WHERE boot = (SELECT running FROM agent)
          ORDER BY sequence DESC LIMIT 1
          """)
    }
    guard let bytes: Data = newest?["window"] else { return nil }
    let window = try WireTelemetryWindow(serializedBytes: bytes)
    return Date().timeIntervalSince1970 - Double(window.atUs) / 1e6
  }

  /// Everything that was ever queued, boot by boot.
  func windows() throws -> [Window] {
    try open().read { db in
      try Row.fetchAll(db, sql: "SELECT * FROM history ORDER BY rowid").map { row in
        let (boot, bytes): (Data, Data) = (row["boot"], row["window"])
        return Window(
          boot: [UInt8](boot), window: try WireTelemetryWindow(serializedBytes: bytes),
          isAcknowledged: row["acknowledged"] == 1)
      }
    }
  }

  /// Generations in the order in which they were accepted.
  func generations() throws -> [Generation] { try Self.generations(open(), "history_order") }

  static func generations(
    _ database: DatabaseQueue, _ table: String, where condition: String = "1"
  ) throws -> [Generation] {
    try database.read { db in
      try Row.fetchAll(db, sql: "SELECT * FROM \(table) WHERE \(condition) ORDER BY id").map {
        Generation(
          epoch: UInt64($0["epoch"] as Int64), number: UInt64($0["number"] as Int64))
      }
    }
  }
}

/// What the coordinator ordered, kept by its own database.
struct CoordinatorHistory {
  let folder: String

  init(_ fleet: TestFleet) {
    folder = fleet.folder.appending(path: "coordinator/state").path
  }

  /// Makes the database before the coordinator's first start.
  func prepare() throws {
    _ = try FleetStore(folder: folder)
    StateLock.release(folder)
    try open().write { db in
      try db.execute(
        sql: """
          CREATE TABLE history_desired (
            id INTEGER PRIMARY KEY, node TEXT, epoch INTEGER, number INTEGER);
          CREATE TRIGGER history_ordered AFTER UPDATE OF desired_epoch, desired_number ON node
          WHEN NEW.desired_epoch IS NOT NULL BEGIN
            INSERT INTO history_desired (node, epoch, number)
            VALUES (NEW.id, NEW.desired_epoch, NEW.desired_number); END;
          """)
    }
  }

  private func open() throws -> DatabaseQueue {
    try DatabaseQueue(path: folder + "/fleet.sqlite")
  }

  /// Generations of a node in the order in which they were written down.
  func generations(of node: String) throws -> [Generation] {
    try AgentHistory.generations(open(), "history_desired", where: "node = '\(node)'")
  }
}

/// The lock of a state folder that nobody uses.
enum StateLock {
  /// Takes it away.
  ///
  /// Of a lock that this process gave back, a program that another test is just starting may hold a
  /// copy for a moment.
  static func release(_ folder: String) { unlink(folder + "/lock") }
}
