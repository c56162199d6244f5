import FleetCore
import FleetProtocol
import FleetStore
import Foundation

/// A coordinator's core on a real database, with sessions of many nodes and no sockets.
struct TelemetryFleet {
  /// Messages of one round and the values in them.
  struct Traffic {
    var messages: [(node: Int, frames: [[UInt8]])] = []
    var samples = 0
  }

  private let store: FleetStore
  private var core: CoordinatorCore
  private let names: [Identifier]
  private var now: Instant
  private static let boot = [UInt8](repeating: 7, count: 16)

  /// Forty characters, as a public key has.
  private static func key(_ node: Identifier) -> String {
    node.text + String(repeating: "x", count: 40 - node.text.utf8.count)
  }

  init(folder: String, nodes: Int, at start: Int64) throws {
    store = try FleetStore(folder: folder)
    now = Instant(microseconds: start)
    names = (0..<nodes).compactMap { Identifier("node-\($0)") }
    let accepted = now
    try store.commit(
      names.map {
        .nodeAccepted(NodeRecord(id: $0, publicKey: Self.key($0), acceptedAt: accepted))
      })
    core = CoordinatorCore(state: try store.start(), settings: CoordinatorSettings())
    for index in names.indices {
      // At the pace at which greetings are let in.
      now = now.advanced(milliseconds: 10)
      var hello = WireHello()
      (hello.versionMin, hello.versionMax) = (1, 2)
      hello.nodeID = names[index].text
      hello.bootID = wireBytes(Self.boot)
      try hand(
        Packet(.hello(hello), version: 1, session: 0, sequence: 1).frames(), index, .control)
    }
    guard core.sessions.count == nodes else {
      throw BenchError("\(core.sessions.count) of \(nodes) nodes were let in")
    }
  }

  /// One window of each node, as frames.
  func traffic(of recording: TelemetryRecording, round: Int) -> Traffic {
    var traffic = Traffic()
    for index in names.indices {
      let window = recording.window(round, of: index)
      traffic.samples += TelemetryBlock.samples(of: window)
      var batch = WireTelemetryBatch()
      batch.bootID = wireBytes(Self.boot)
      (batch.firstSequence, batch.lastSequence) = (window.sequence, window.sequence)
      var windows = WireTelemetryWindows()
      windows.windows = [window]
      let packet = Packet(
        .telemetryBatch(batch), session: core.sessions[names[index]]?.number ?? 0, sequence: 1,
        payload: SignedDocument.encoded(windows))
      traffic.messages.append((index, packet.frames()))
    }
    return traffic
  }

  /// Hands all messages over and returns the seconds until each was acknowledged.
  mutating func deliver(_ traffic: Traffic) throws -> [Double] {
    var handed: [Int: UInt64] = [:]
    var waits: [Double] = []
    func note(_ acknowledged: [Int]) {
      let now = DispatchTime.now().uptimeNanoseconds
      for node in acknowledged {
        waits.append(Double(now - (handed[node] ?? now)) * 1e-9)
      }
    }
    now = now.advanced(milliseconds: 2_000)
    for (node, frames) in traffic.messages {
      handed[node] = DispatchTime.now().uptimeNanoseconds
      note(try hand(frames, node, .data))
    }
    let directives = core.handle(.tick, at: now)
    note(try perform(directives))
    guard waits.count == traffic.messages.count else {
      throw BenchError("\(waits.count) of \(traffic.messages.count) batches acknowledged")
    }
    return waits
  }

  @discardableResult
  private mutating func hand(
    _ frames: [[UInt8]], _ node: Int, _ endpoint: WireEndpoint
  ) throws -> [Int] {
    let address = ReplyAddress(endpoint: endpoint, routingID: Array("\(node)".utf8))
    let user = PeerIdentity(node: names[node], publicKey: Self.key(names[node])).text
    // In two steps: the call holds a copy of the fleet, which the core would have to part from.
    let directives = core.handle(.received(address, user: user, frames: frames), at: now)
    return try perform(directives)
  }

  /// Carries directives out in order; the nodes whose telemetry was acknowledged.
  private func perform(_ directives: [CoordinatorDirective]) throws -> [Int] {
    var acknowledged: [Int] = []
    for directive in directives {
      switch directive {
      case .persist(let changes): try store.commit(changes)
      case .send(let address, let packet):
        if case .telemetryAcknowledged = packet.message {
          acknowledged.append(Int(String(decoding: address.routingID, as: UTF8.self)) ?? -1)
        }
      default: break
      }
    }
    return acknowledged
  }
}
