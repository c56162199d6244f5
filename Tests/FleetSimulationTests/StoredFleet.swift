import FleetCore
import FleetProtocol
import FleetSimulation
import FleetStore

/// The real database in memory, as a simulation goes along with it.
final class StoredFleet: DurableFleet {
  private let store: FleetStore

  init() throws(StoreError) { store = try FleetStore.inMemory() }

  func start() throws -> FleetState { try store.start() }
  func load() throws -> FleetState { try store.load() }
  func commit(_ changes: [FleetChange]) throws { try store.commit(changes) }

  func inferenceCounts() throws -> [Identifier: [UInt64]] {
    try store.totals().reduce(into: [:]) { $0[$1.node] = $1.counters.inferenceCounts }
  }
}
