package import FleetCore
package import FleetProtocol

/// The coordinator's real database, beside the simulated one.
///
/// Both get the same transactions, and what it loads must equal what the simulation holds.
package protocol DurableFleet: AnyObject {
  /// Raises the epoch by one and loads.
  func start() throws -> FleetState
  /// Everything that is stored.
  func load() throws -> FleetState
  /// Stores all changes in one transaction.
  func commit(_ changes: [FleetChange]) throws
  /// Events of inference that each node has counted, by event kind, over all price tables.
  func inferenceCounts() throws -> [Identifier: [UInt64]]
}
