package import FleetCore
import GRDB
import Synchronization

/// The coordinator's database: the only truth, of which `FleetState` is a copy in memory.
///
/// After every `commit` that returns, `load()` equals the state before it with the same changes
/// applied. Calls block until SQLite is done; they may come from any thread, commits one at a time.
package final class FleetStore: Sendable {
  let database: StoreDatabase
  private let plausibility = Mutex(TelemetryPlausibility())
  /// True while a backup of it is made or read.
  let isBackedUp = Mutex(false)
  // The last property: the folder is given back after the database is closed.
  private let folder: StateFolder?

  /// Opens `fleet.sqlite` in a folder that no other process may hold, creating both where missing.
  ///
  /// `pagesMax` bounds the file in pages of 4 KiB; a transaction beyond it throws `full`.
  package convenience init(folder: String, pagesMax: Int? = nil) throws(StoreError) {
    let owned = try StateFolder(path: folder)
    // An empty fleet in place of one that is half restored would be no help.
    let half = folder + "/" + FleetRestore.halfName
    guard try FileSystem.size(half) == nil else { throw .halfRestored(path: half) }
    try self.init(owned, path: folder + "/fleet.sqlite", pagesMax: pagesMax)
  }

  /// An empty store that lives as long as the value.
  package static func inMemory() throws(StoreError) -> FleetStore {
    try FleetStore(nil, path: nil, pagesMax: nil)
  }

  private init(_ folder: StateFolder?, path: String?, pagesMax: Int?) throws(StoreError) {
    self.folder = folder
    // Two readers serve the admin endpoint while the writer waits for the disk.
    let kind = StoreDatabase.Kind(
      applicationID: FleetSchema.applicationID, migrator: FleetSchema.migrator, readers: 2)
    database = try StoreDatabase(path: path, kind: kind, pagesMax: pagesMax)
  }

  /// Changes what telemetry is held against from the next transaction on.
  package func judge(by change: (inout TelemetryPlausibility) -> Void) {
    plausibility.withLock { change(&$0) }
  }

  /// Raises the epoch by one and loads, in one transaction: a coordinator's first act.
  package func start() throws(StoreError) -> FleetState {
    try database.write("raising the epoch") { db in
      try db.execute(
        sql: "UPDATE coordinator SET epoch = epoch + 1, last_generation = 0 WHERE id = 1")
      return try FleetLoader(db: db).state()
    }
  }

  /// Everything that is stored, as one consistent value.
  package func load() throws(StoreError) -> FleetState {
    try database.read("loading the fleet") { db in try FleetLoader(db: db).state() }
  }

  /// How firmly a commit holds; for the log at start-up and for tests.
  package func durability() throws(StoreError) -> StoreDurability { try database.durability() }

  /// Stores all changes in order in one transaction, or none and throws.
  ///
  /// `refused` says which change breaks which rule; `full` that the disk has no room.
  package func commit(_ changes: [FleetChange]) throws(StoreError) {
    guard !changes.isEmpty else { return }
    try database.write("storing changes") { db in
      let writer = FleetWriter(db: db, plausibility: plausibility.withLock { $0 })
      for change in changes {
        try Refusal.naming(change) { try writer.apply(change) }
      }
    }
  }
}
