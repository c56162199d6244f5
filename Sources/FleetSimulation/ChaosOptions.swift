package import FleetCore

/// What a chaos run is made of, besides its seed.
package struct ChaosOptions: Sendable {
  /// Nodes of the fleet; nil lets the seed draw 3 to 12.
  package var nodes: Int?
  /// Virtual minutes of faults before the fleet must come to rest.
  package var minutes: Int
  /// Prints what happens, with virtual times.
  package var isTracing = false
  /// Faults of our own making, to see that the run finds them.
  package var tampering = Tampering()

  /// Options of an ordinary run.
  package init(nodes: Int? = nil, minutes: Int = 10) {
    self.nodes = nodes
    self.minutes = minutes
  }
}

/// Ways to break what lies between the cores and the simulated world.
///
/// Tests use it to see that a run finds a shell or a store that does not keep its promises.
package struct Tampering: Sendable {
  /// Changes what the coordinator's shell carries out.
  package var coordinatorDirectives: @Sendable ([CoordinatorDirective]) -> [CoordinatorDirective] =
    { $0 }
  /// Changes what an agent's shell carries out.
  package var agentDirectives: @Sendable ([AgentDirective]) -> [AgentDirective] = { $0 }
  /// Changes what the coordinator's process loads at its start.
  package var coordinatorLoads: @Sendable (inout FleetState) -> Void = { _ in }
  /// Changes what an agent's process loads at its start.
  package var agentLoads: @Sendable (inout AgentState) -> Void = { _ in }
  /// The request id of an operator's n-th try at a command.
  package var requestID: @Sendable (_ id: String, _ attempt: Int) -> String = { id, _ in id }

  /// Nothing is broken.
  package init() {}
}

/// What came of one seed.
package struct ChaosReport: Sendable, Equatable {
  /// The seed.
  package var seed: UInt64
  /// Nodes of the fleet.
  package var nodes: Int
  /// Virtual time that passed, in milliseconds.
  package var virtualMilliseconds: Int64 = 0
  /// Virtual time from the end of the faults until the fleet was at rest, in milliseconds.
  package var convergenceMilliseconds: Int64 = 0
  /// Messages that arrived.
  package var messages = 0
  /// Deaths of processes.
  package var crashes = 0
  /// True where the run went through the real database as well.
  package var isStored = false
  /// Rules that were broken; a run ends at the first.
  package var violations: [String] = []
  /// A hash of everything that happened: two runs of a seed have the same.
  package var fingerprint: UInt64 = 0
  /// Where everything stood at the end, for a failing seed.
  package var picture = ""
}
