import FleetCore
import FleetProtocol

/// An agent's process, its disk and its chip.
final class SimulatedAgent {
  struct Socket {
    var number: Int
    /// Nil until the handshake succeeds.
    var address: ReplyAddress?
  }

  let index: Int
  let node: Identifier
  let user: String
  /// Nil while the process is dead.
  var core: AgentCore?
  var condition = ProcessCondition()
  /// Nothing passes to or from this machine before that instant.
  var isolatedUntil: Instant?
  var sockets: [WireEndpoint: Socket] = [:]
  var socketCount = 0

  // The disk.
  var state = AgentState()
  var outbox: [(boot: [UInt8], window: WireTelemetryWindow)] = []
  var blobs: Set<ContentDigest> = []
  var chunks: Set<ContentDigest> = []

  // The chip; all of it is gone with the process.
  var boot: [UInt8] = []
  var counts: [UInt64] = []
  var served: ContentDigest?
  var training: RoundKey?
  /// A result that the disk did not take, to be handled again.
  var unstored: AgentEvent?

  init(index: Int, node: Identifier, publicKey: String) {
    self.index = index
    self.node = node
    user = PeerIdentity(node: node, publicKey: publicKey).text
  }

  /// The oldest windows that wait, of one boot and without a hole.
  var nextBatch: (boot: [UInt8], windows: [WireTelemetryWindow])? {
    guard let boot = outbox.first?.boot else { return nil }
    var windows: [WireTelemetryWindow] = []
    for (other, window) in outbox {
      guard other == boot, windows.count < Limits.telemetryWindowsMax,
        windows.last.map({ window.sequence == $0.sequence + 1 }) ?? true
      else { break }
      windows.append(window)
    }
    return (boot, windows)
  }
}

/// The coordinator's process and its disk.
final class SimulatedCoordinator {
  /// Nil while the process is dead.
  var core: CoordinatorCore?
  var condition = ProcessCondition()
  let settings: CoordinatorSettings
  /// What the disk holds.
  var state: FleetState
  var blobs: Set<ContentDigest> = []
  var staging: [UploadKey: [UInt8]] = [:]
  /// The real database that goes along, in some runs.
  let database: (any DurableFleet)?
  /// What has come and is not handled yet: messages that come close together are handled as one.
  var turn: [CoordinatorEvent] = []
  /// What the shell tells the core before it takes anything else.
  var answers: [CoordinatorEvent] = []

  init(state: FleetState, settings: CoordinatorSettings, database: (any DurableFleet)?) {
    self.state = state
    self.settings = settings
    self.database = database
  }
}
