internal import CZeroMQ

/// A socket together with libzmq's own event channel about its connections.
///
/// The channel must not close before libzmq was told to stop using it: an I/O thread that has an
/// event for a channel without a reader waits for one for ever, and every socket with it.
struct MonitoredSocket: ~Copyable {
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

  /// The socket itself.
  let socket: Socket
  /// Readable while changes wait.
  let channel: Socket

  /// Takes a socket that has not connected yet; the name is unique in the context.
  init(_ watched: consuming Socket, name: String, in context: Context) throws(ZMQError) {
    channel = try Self.channel(of: watched, "inproc://monitor-\(name)", in: context)
    socket = watched
  }

  private static func channel(
    of watched: borrowing Socket, _ address: String, in context: Context
  ) throws(ZMQError) -> Socket {
    guard zmq_socket_monitor(watched.pointer, address, events) == 0 else {
      throw .last("watch \(address)")
    }
    do throws(ZMQError) {
      let channel = try Socket(.pair, in: context)
      try channel.connect(address)
      return channel
    } catch {
      zmq_socket_monitor(watched.pointer, nil, 0)
      throw error
    }
  }

  deinit { zmq_socket_monitor(socket.pointer, nil, 0) }

  /// The next change, nil when none waits.
  func next() throws(ZMQError) -> Change? {
    while let event = try channel.receive(frameLimit: 1) {
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
