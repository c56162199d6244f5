import FleetCore
import FleetProtocol
import FleetSimulation
import FleetStore

/// The real database in memory, as a simulation goes along with it.
final class FleetDatabase: DurableFleet {
  private let store: FleetStore

  init() throws(StoreError) { store = try FleetStore.inMemory() }

  func start() throws -> FleetState { try store.start() }
  func load() throws -> FleetState { try store.load() }
  func commit(_ changes: [FleetChange]) throws { try store.commit(changes) }

  func inferenceCounts() throws -> [Identifier: [UInt64]] {
    var counts: [Identifier: [UInt64]] = [:]
    for total in try store.totals() {
      let added = total.counters.inferenceCounts
      var sum = counts[total.node] ?? []
      for (kind, count) in added.enumerated() {
        if kind == sum.count { sum.append(0) }
        sum[kind] += count
      }
      counts[total.node] = sum
    }
    return counts
  }
}
