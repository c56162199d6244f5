import FleetCore
import FleetProtocol

/// An agent's process, its disk and its chip.
final class SimulatedAgent {
  struct Socket {
    var number: Int
    /// What it dials with: the key of the time when it was opened.
    var key: String
    /// Nil until the handshake succeeds.
    var address: ReplyAddress?
  }

  let index: Int
  let node: Identifier
  /// Counts the machines that have carried the node's name.
  private(set) var hardware = 1
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
  private(set) var key = ""
  /// Made to take the place of the present one, and not yet adopted.
  private(set) var nextKey: String?
  private var keyCount = 0

  // The chip; all of it is gone with the process.
  var boot: [UInt8] = []
  var counts: [UInt64] = []
  var served: ContentDigest?
  var shadowed: ContentDigest?
  var training: RoundKey?
  /// The smaller model that answers in place of the one that serves.
  var standIn: ContentDigest?
  /// What the chip has loaded with each model, and what the one that serves has learnt.
  var loadedLearnt: [ContentDigest: ContentDigest] = [:]
  var learning: ContentDigest?
  var learntSamples: UInt64 = 0
  var perMille: UInt32 = 1_000
  var learns = true
  var inferences: UInt64 = 0
  var energy = EnergyReading()
  /// Of its energy, what the day's books on the disk hold.
  var charged: UInt64 = 0
  /// A result that the disk did not take, to be handled again.
  var unstored: AgentEvent?

  init(index: Int, node: Identifier) {
    self.index = index
    self.node = node
    key = makeKey()
  }

  /// The chip forgets everything.
  func resetChip() {
    (training, served, shadowed, standIn, learning) = (nil, nil, nil, nil, nil)
    loadedLearnt = [:]
    (perMille, learns) = (1_000, true)
    (inferences, energy, charged) = (0, EnergyReading(), 0)
  }

  /// A new machine under the same name: nothing of the former one's disk is left.
  func replaceHardware() {
    hardware += 1
    state = AgentState()
    outbox = []
    blobs = []
    chunks = []
    key = makeKey()
    nextKey = nil
  }

  // MARK: keys

  private func makeKey() -> String {
    keyCount += 1
    let text = "\(index + 1).\(keyCount)"
    return String(repeating: "k", count: 40 - text.count) + text
  }

  /// The key beside the present one: the one that was made before, or a fresh one.
  func offerKey() -> String {
    let offered = nextKey ?? makeKey()
    nextKey = offered
    return offered
  }

  /// False where the disk holds another one.
  func adopt(_ offered: String) -> Bool {
    guard offered == nextKey else { return false }
    key = offered
    nextKey = nil
    return true
  }

  // MARK: the outbox

  /// Makes room as the store does: the two oldest windows of a boot become one, which says so.
  ///
  /// The newest window is never touched.
  func mergeWindows(over most: Int) {
    while outbox.count > most {
      let oldest = outbox.indices.dropLast(2).first { outbox[$0].boot == outbox[$0 + 1].boot }
      guard let oldest else { return }
      outbox[oldest + 1].window.mergedFrom = outbox[oldest].window.start
      outbox.remove(at: oldest)
    }
  }

  /// The oldest windows that wait, of one boot and without a hole.
  var nextBatch: (boot: [UInt8], windows: [WireTelemetryWindow])? {
    guard let boot = outbox.first?.boot else { return nil }
    var windows: [WireTelemetryWindow] = []
    for (other, window) in outbox {
      guard other == boot, windows.count < Limits.telemetryWindowsMax,
        windows.last.map({ window.start == $0.sequence + 1 }) ?? true
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
  var database: (any DurableFleet)?
  /// What has come and is not handled yet: messages that come close together are handled as one.
  var turn: [CoordinatorEvent] = []
  /// What the shell tells the core before it takes anything else.
  var answers: [CoordinatorEvent] = []
  /// Who may come in, by key: what the door was last told.
  var allowed: [String: PeerIdentity] = [:]
  /// The root file whose keys sign.
  var rootVersion: UInt64 = 1

  init(state: FleetState, settings: CoordinatorSettings, database: (any DurableFleet)?) {
    self.state = state
    self.settings = settings
    self.database = database
  }

  /// Lets in whom the core knows, and signs with the keys of its root file.
  func admitAndSign(as core: CoordinatorCore) {
    allowed = [:]
    for record in core.state.nodes.values {
      for key in record.admittedKeys {
        allowed[key] = PeerIdentity(node: record.id, publicKey: key)
      }
    }
    rootVersion = core.trust?.version ?? 1
  }
}
