import FleetProtocol
import ZeroMQTransport

/// A coordinator's transport on free loopback ports with everything it reports.
struct LoopbackFleet {
  let keys: CurveKeyPair
  let events = EventQueue<TransportEvent>()
  let transport: CoordinatorTransport

  init(
    allowed: [CurvePublicKey: String] = [:], control: String = "tcp://127.0.0.1:*",
    data: String = "tcp://127.0.0.1:*", keys: CurveKeyPair? = nil
  ) throws {
    let pair = try keys ?? CurveKeyPair.generate()
    self.keys = pair
    transport = try CoordinatorTransport(
      keys: pair, control: control, data: data, allowed: allowed,
      deliver: { [events] in $0.forEach(events.put) })
  }

  /// An agent that dials nothing before it is told to.
  func agent(
    _ agentKeys: CurveKeyPair, coordinatorKeys: [CurvePublicKey]? = nil,
    lingerMilliseconds: Int32 = 0
  ) throws -> LoopbackAgent {
    try LoopbackAgent(
      keys: agentKeys, coordinatorKeys: coordinatorKeys ?? [keys.publicKey],
      control: transport.controlAddress, data: transport.dataAddress,
      lingerMilliseconds: lingerMilliseconds)
  }

  /// One frame's text, sent back to the peer.
  func answer(_ text: String, to peer: PeerAddress) -> Bool {
    transport.send([Array(text.utf8)], to: peer)
  }
}

/// An agent's transport with everything it reports.
struct LoopbackAgent {
  let keys: CurveKeyPair
  let events = EventQueue<AgentTransportEvent>()
  let transport: AgentTransport

  init(
    keys: CurveKeyPair, coordinatorKeys: [CurvePublicKey], control: String, data: String,
    lingerMilliseconds: Int32 = 0
  ) throws {
    self.keys = keys
    transport = try AgentTransport(
      keys: keys, coordinatorKeys: coordinatorKeys, control: control, data: data,
      reconnectMilliseconds: 20, lingerMilliseconds: lingerMilliseconds,
      deliver: { [events] in events.put($0) })
  }

  /// Dials and waits for the handshake.
  func connect(_ endpoint: WireEndpoint = .control) throws {
    transport.open(endpoint)
    try events.connected(endpoint)
  }
}

/// Option numbers of libzmq for sockets that a test sets up against the rules.
enum RawOption {
  static let routingID: Int32 = 5
  static let receiveHighWaterMark: Int32 = 24
  static let curveServer: Int32 = 47
  static let curvePublicKey: Int32 = 48
  static let curveSecretKey: Int32 = 49
  static let curveServerKey: Int32 = 50

  /// A DEALER that names its own routing id.
  static func dealer(
    _ keys: CurveKeyPair, serverKey: CurvePublicKey, routingID name: String, in context: Context
  ) throws -> Socket {
    let socket = try Socket(.dealer, in: context)
    try socket.set(curvePublicKey, keys.publicKey.bytes, "CURVE_PUBLICKEY")
    try socket.set(curveSecretKey, Array(keys.secretZ85.utf8), "CURVE_SECRETKEY")
    try socket.set(curveServerKey, serverKey.bytes, "CURVE_SERVERKEY")
    try socket.set(routingID, Array(name.utf8), "ROUTING_ID")
    return socket
  }
}
