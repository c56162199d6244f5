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
  /// An independent copy of everything that is stored, as a backup has it.
  func copied() throws -> Self
  /// Brings what a backup held into the state from which a start may go on; returns what that
  /// changed.
  func adapt(to copy: RestoredCopy, at now: Instant) throws -> [FleetChange]
  /// Events of inference that each node has counted, by event kind, over all price tables.
  func inferenceCounts() throws -> [Identifier: [UInt64]]
}
