package import FleetCore
import GRDB
import Synchronization

/// An agent's database: the only truth, of which `AgentState` is a copy in memory.
///
/// After every `commit` that returns, `load()` equals the state before it with the same changes
/// applied. Telemetry windows that wait for their acknowledgement live here only: the outbox.
package final class AgentStore: Sendable {
  /// Bytes of waiting windows beyond which old ones are merged, unless told otherwise.
  package static let outboxBytesDefault = 64 << 20

  private let outboxBytesMax: Int
  /// Batches handed out, for the turns of boots.
  let turns = Mutex<UInt64>(0)
  let database: StoreDatabase
  // The last property: the folder is given back after the database is closed.
  private let folder: StateFolder?

  /// Opens `agent.sqlite` in a folder that no other process may hold, creating both where missing.
  ///
  /// `outboxBytesMax` bounds the windows that wait, `pagesMax` the file in pages of 4 KiB.
  package convenience init(
    folder: String, outboxBytesMax: Int = AgentStore.outboxBytesDefault, pagesMax: Int? = nil
  ) throws(StoreError) {
    let owned = try StateFolder(path: folder)
    try self.init(owned, folder + "/agent.sqlite", outboxBytesMax, pagesMax)
  }

  /// An empty store that lives as long as the value.
  package static func inMemory(
    outboxBytesMax: Int = AgentStore.outboxBytesDefault
  ) throws(StoreError) -> AgentStore {
    try AgentStore(nil, nil, outboxBytesMax, nil)
  }

  private init(
    _ folder: StateFolder?, _ path: String?, _ outboxBytesMax: Int, _ pagesMax: Int?
  ) throws(StoreError) {
    self.folder = folder
    self.outboxBytesMax = outboxBytesMax
    // A reader of its own would cost memory that an edge node lacks.
    let kind = StoreDatabase.Kind(
      applicationID: AgentSchema.applicationID, migrator: AgentSchema.migrator, readers: 0)
    database = try StoreDatabase(path: path, kind: kind, pagesMax: pagesMax)
  }

  /// Everything that is stored except the outbox, as one consistent value.
  package func load() throws(StoreError) -> AgentState {
    try database.read("loading the agent") { db in try AgentLoader(db: db).state() }
  }

  /// How firmly a commit holds; for the log at start-up and for tests.
  package func durability() throws(StoreError) -> StoreDurability { try database.durability() }

  /// Stores all changes in order in one transaction, or none and throws.
  ///
  /// Where a new window would exceed the outbox's bound, old windows are merged into coarser ones
  /// in the same transaction; see `OutboxMerging`.
  package func commit(_ changes: [AgentChange]) throws(StoreError) {
    guard !changes.isEmpty else { return }
    try database.write("storing changes") { db in
      let writer = AgentWriter(db: db, outboxBytesMax: outboxBytesMax)
      for change in changes {
        try Refusal.naming(change) { try writer.apply(change) }
      }
    }
  }

  /// A name for this run of the agent: 16 bytes of the system's random number generator.
  package static func newBootID() -> [UInt8] {
    var generator = SystemRandomNumberGenerator()
    return (0..<16).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
  }
}
