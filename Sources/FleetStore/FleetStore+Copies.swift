package import FleetCore
import GRDB

extension FleetStore {
  /// An independent copy, in memory, of everything that is stored.
  package func copied() throws(StoreError) -> FleetStore {
    let copy = try FleetStore.inMemory()
    try database.copy(to: copy.database)
    return copy
  }

  /// Brings what was read from a backup into the state from which a start may go on; returns what
  /// that changed.
  @discardableResult
  package func adapt(to copy: RestoredCopy, at now: Instant) throws(StoreError) -> [FleetChange] {
    try database.write("restoring") { db in try FleetWriter(db: db).adapt(to: copy, at: now) }
  }
}

extension FleetWriter {
  /// Brings what was read from a backup into the state from which a start may go on; returns what
  /// that changed.
  func adapt(to copy: RestoredCopy, at now: Instant) throws -> [FleetChange] {
    let changes = try FleetLoader(db: db).state().restored(from: copy, at: now)
    for change in changes { try Refusal.naming(change) { try apply(change) } }
    try db.execute(
      sql: "UPDATE coordinator SET epoch = ?, last_generation = 0 WHERE id = 1",
      arguments: [copy.epoch.stored])
    return changes
  }
}
