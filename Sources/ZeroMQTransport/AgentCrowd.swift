package import FleetProtocol

/// The connections of many agents on one thread and one I/O thread, for simulated fleets.
///
/// Every agent has its own keys and its own sockets with the options of a real one. Made, used and
/// given up on one thread, which calls `turn` again and again.
package final class AgentCrowd {
  /// One socket of one agent.
  private final class Line {
    let monitored: MonitoredSocket
    let agent: Int
    let endpoint: WireEndpoint
    var link = LinkState()
    /// Messages that libzmq does not take yet.
    var waiting: [[[UInt8]]] = []

    init(_ monitored: consuming MonitoredSocket, agent: Int, endpoint: WireEndpoint) {
      self.monitored = monitored
      self.agent = agent
      self.endpoint = endpoint
    }
  }

  /// Messages of one line that may wait; more are dropped, as peers repeat themselves.
  private static let waitingMax = 256
  /// Descriptors that an agent takes at most, control and data together.
  package static let descriptorsPerAgent = 10

  private let context: Context
  private let coordinatorKey: CurvePublicKey
  private let addresses: [WireEndpoint: String]
  private var lines: [Int: Line] = [:]
  /// The lines in the order of their sockets below; rebuilt when one was opened or closed.
  private var order: [Line] = []
  private var pointers: [UnsafeMutableRawPointer] = []
  private var isOrderStale = false
  private var blocked: Set<Int> = []
  private var connectionCount = 0
  /// Bytes of frames sent and received since the start.
  package private(set) var sentBytes: UInt64 = 0
  /// Bytes of frames received since the start.
  package private(set) var receivedBytes: UInt64 = 0

  /// A crowd without connections towards a coordinator's two endpoints.
  package init(
    agents: Int, coordinatorKey: CurvePublicKey, control: String, data: String
  ) throws(TransportError) {
    // A socket, its event channel and the channel's other end, twice for each agent.
    context = try Context(socketsMax: Int32(8 * agents + 64))
    self.coordinatorKey = coordinatorKey
    addresses = [.control: control, .data: data]
  }

  /// Dials an endpoint of an agent afresh.
  package func open(
    _ agent: Int, _ endpoint: WireEndpoint, keys: CurveKeyPair
  ) throws(ZMQError) {
    close(agent, endpoint)
    connectionCount += 1
    let socket = try Socket(.dealer, in: context)
    try EndpointSettings.applyClient(
      to: socket, endpoint, keys: keys, serverKey: coordinatorKey,
      reconnectMilliseconds: .random(in: 1_000...4_000))
    let monitored = try MonitoredSocket(socket, name: "\(connectionCount)", in: context)
    try monitored.socket.connect(addresses[endpoint] ?? "")
    lines[Self.key(agent, endpoint)] = Line(monitored, agent: agent, endpoint: endpoint)
    isOrderStale = true
  }

  /// Hangs up an endpoint of an agent.
  package func close(_ agent: Int, _ endpoint: WireEndpoint) {
    let key = Self.key(agent, endpoint)
    guard lines.removeValue(forKey: key) != nil else { return }
    blocked.remove(key)
    isOrderStale = true
  }

  /// Sends a message now, or as soon as libzmq takes it.
  package func send(_ agent: Int, _ endpoint: WireEndpoint, _ frames: [[UInt8]]) {
    let key = Self.key(agent, endpoint)
    guard let line = lines[key], line.waiting.count < Self.waitingMax else { return }
    line.waiting.append(frames)
    flush(line, key)
  }

  private func flush(_ line: Line, _ key: Int) {
    while let frames = line.waiting.first {
      guard line.monitored.socket.send(frames) == .sent else {
        blocked.insert(key)
        return
      }
      sentBytes += UInt64(frames.reduce(0) { $0 + $1.count })
      line.waiting.removeFirst()
    }
    blocked.remove(key)
  }

  /// Waits for what happens and reports it; at most that long.
  package func turn(
    milliseconds: Int, _ deliver: (Int, AgentTransportEvent) -> Void
  ) throws(ZMQError) {
    for key in blocked.sorted() {
      if let line = lines[key] { flush(line, key) }
    }
    if isOrderStale {
      order = lines.keys.sorted().compactMap { lines[$0] }
      pointers = order.flatMap {
        [$0.monitored.socket.pointer, $0.monitored.channel.pointer]
      }
      isOrderStale = false
    }
    let ready = Poller.wait(pointers, milliseconds: blocked.isEmpty ? milliseconds : 5)
    let found = order
    for index in ready {
      let line = found[index / 2]
      // Closed while the ones before it were delivered.
      guard lines[Self.key(line.agent, line.endpoint)] === line else { continue }
      if index % 2 == 1 {
        while let change = try line.monitored.next() {
          if let event = line.link.event(for: change, line.endpoint) { deliver(line.agent, event) }
        }
      } else {
        try receive(line, deliver)
      }
    }
  }

  private func receive(
    _ line: Line, _ deliver: (Int, AgentTransportEvent) -> Void
  ) throws(ZMQError) {
    while let inbound = try line.monitored.socket.receive(frameLimit: EndpointSettings.framesMax) {
      receivedBytes += UInt64(inbound.byteCount)
      if inbound.frameCount <= EndpointSettings.framesMax {
        deliver(line.agent, .received(line.endpoint, frames: inbound.frames))
      } else {
        deliver(line.agent, .malformed(line.endpoint, frameCount: inbound.frameCount))
      }
    }
  }

  private static func key(_ agent: Int, _ endpoint: WireEndpoint) -> Int {
    2 * agent + (endpoint == .control ? 0 : 1)
  }
}
