internal import CZeroMQ
internal import FleetProtocol

/// The socket options that both sides of an endpoint share.
enum EndpointSettings {
  /// Frames of a message that are ever copied: header, body, payload.
  static let framesMax = 3
  /// Messages queued in each direction of one connection.
  ///
  /// For data four times a node's credit of chunks: libzmq notices what was read in halves of the
  /// mark, and only a peer that takes nothing shall fill it.
  static func highWaterMark(_ endpoint: WireEndpoint) -> Int32 {
    switch endpoint {
    case .control: 256
    case .data: 64
    }
  }

  /// Bytes that CURVE adds to a frame on the wire: command name, nonce, authenticator, flags.
  static let curveOverheadBytes = 33
  /// Bound of what may wait towards one owner thread.
  static let mailboxItemsMax = 8_192
  static let mailboxBytesMax = 64 << 20

  static func frameBytesMax(_ endpoint: WireEndpoint) -> Int {
    switch endpoint {
    case .control: Limits.controlFrameBytesMax
    case .data: Limits.dataFrameBytesMax
    }
  }

  static func apply(to socket: borrowing Socket, _ endpoint: WireEndpoint) throws(ZMQError) {
    try socket.set(ZMQ_SNDHWM, highWaterMark(endpoint), "SNDHWM")
    try socket.set(ZMQ_RCVHWM, highWaterMark(endpoint), "RCVHWM")
    try socket.set(
      ZMQ_MAXMSGSIZE, Int64(frameBytesMax(endpoint) + curveOverheadBytes), "MAXMSGSIZE")
    try socket.set(ZMQ_HANDSHAKE_IVL, Int32(3_000), "HANDSHAKE_IVL")
    try socket.set(ZMQ_HEARTBEAT_IVL, Int32(15_000), "HEARTBEAT_IVL")
    try socket.set(ZMQ_HEARTBEAT_TIMEOUT, Int32(45_000), "HEARTBEAT_TIMEOUT")
    try socket.set(ZMQ_HEARTBEAT_TTL, Int32(45_000), "HEARTBEAT_TTL")
    try socket.set(ZMQ_TCP_KEEPALIVE, Int32(1), "TCP_KEEPALIVE")
  }

  static func applyServer(
    to socket: borrowing Socket, _ endpoint: WireEndpoint, keys: CurveKeyPair
  ) throws(ZMQError) {
    try apply(to: socket, endpoint)
    try socket.set(ZMQ_CURVE_SERVER, Int32(1), "CURVE_SERVER")
    try socket.set(ZMQ_CURVE_SECRETKEY, keys.secretBytes, "CURVE_SECRETKEY")
    try socket.set(ZMQ_ZAP_DOMAIN, Array(AdmissionThread.domain.utf8), "ZAP_DOMAIN")
    // Without it libzmq lets every key in when nobody answers its authentication requests.
    try socket.set(ZMQ_ZAP_ENFORCE_DOMAIN, Int32(1), "ZAP_ENFORCE_DOMAIN")
    // With it a second key could take over the routing id of the first.
    try socket.set(ZMQ_ROUTER_HANDOVER, Int32(0), "ROUTER_HANDOVER")
    try socket.set(ZMQ_ROUTER_MANDATORY, Int32(1), "ROUTER_MANDATORY")
    try socket.set(ZMQ_BACKLOG, Int32(4_096), "BACKLOG")
    // One I/O thread per endpoint: encrypting bulk never delays control.
    try socket.set(ZMQ_AFFINITY, Int64(endpoint == .control ? 1 : 2), "AFFINITY")
  }

  static func applyClient(
    to socket: borrowing Socket, _ endpoint: WireEndpoint, keys: CurveKeyPair,
    serverKey: CurvePublicKey, reconnectMilliseconds: Int32
  ) throws(ZMQError) {
    try apply(to: socket, endpoint)
    try socket.set(ZMQ_CURVE_SERVERKEY, serverKey.bytes, "CURVE_SERVERKEY")
    try socket.set(ZMQ_CURVE_PUBLICKEY, keys.publicKey.bytes, "CURVE_PUBLICKEY")
    try socket.set(ZMQ_CURVE_SECRETKEY, keys.secretBytes, "CURVE_SECRETKEY")
    try socket.set(ZMQ_IMMEDIATE, Int32(1), "IMMEDIATE")
    try socket.set(ZMQ_RECONNECT_IVL, reconnectMilliseconds, "RECONNECT_IVL")
    try socket.set(ZMQ_RECONNECT_IVL_MAX, max(60_000, reconnectMilliseconds), "RECONNECT_IVL_MAX")
  }
}
