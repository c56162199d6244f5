internal import CZeroMQ

/// Watches a socket's connections through libzmq's own event channel.
struct ConnectionMonitor: ~Copyable {
  enum Change: Equatable {
    case succeeded
    case refused
    case brokenHandshake
    case protocolViolation
    case disconnected
    case retrying
  }

  private static let events =
    ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH
    | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL
    | ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_CONNECT_RETRIED

  /// Readable while changes wait.
  let socket: Socket

  /// Must be made before the socket connects; the name is unique in the context.
  init(_ watched: borrowing Socket, name: String, in context: Context) throws(ZMQError) {
    let address = "inproc://monitor-\(name)"
    guard zmq_socket_monitor(watched.pointer, address, Self.events) == 0 else {
      throw .last("watch \(address)")
    }
    let channel = try Socket(.pair, in: context)
    try channel.connect(address)
    socket = channel
  }

  /// The next change, nil when none waits.
  func next() throws(ZMQError) -> Change? {
    while let event = try socket.receive(frameLimit: 1) {
      guard let frame = event.frames.first, frame.count == 6 else { continue }
      switch Int32(frame[0]) | Int32(frame[1]) << 8 {
      case ZMQ_EVENT_HANDSHAKE_SUCCEEDED: return .succeeded
      case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH: return .refused
      case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL: return .protocolViolation
      case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL: return .brokenHandshake
      case ZMQ_EVENT_DISCONNECTED: return .disconnected
      case ZMQ_EVENT_CONNECT_RETRIED: return .retrying
      default: continue
      }
    }
    return nil
  }
}
