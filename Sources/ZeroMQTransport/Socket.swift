internal import CZeroMQ

/// A libzmq socket: made, used and closed on one thread.
///
/// It is neither copyable nor `Sendable`, so the compiler keeps it where it was made.
package struct Socket: ~Copyable {
  /// What the socket speaks.
  package enum Kind: Sendable {
    case router, dealer, reply, pair

    var number: Int32 {
      switch self {
      case .router: ZMQ_ROUTER
      case .dealer: ZMQ_DEALER
      case .reply: ZMQ_REP
      case .pair: ZMQ_PAIR
      }
    }
  }

  /// What became of a message handed to `send`.
  package enum SendOutcome: Sendable, Equatable {
    case sent
    /// The queue is full or nobody is connected; the whole message may be tried again.
    case full
    /// No such peer any more.
    case unreachable
    case failed(ZMQError)
  }

  /// One whole message as it came in.
  package struct Inbound: Sendable, Equatable {
    /// The leading frames, at most as many as the reader asked for.
    package var frames: [[UInt8]]
    /// Frames that the message really had.
    package var frameCount: Int
    /// Bytes of all its frames, those past the limit included.
    package var byteCount: Int
    /// Identity that the authentication handler gave to the sender, empty without one.
    package var userID: String
    /// Descriptor of the connection that it came through, -1 where there is none.
    package var descriptor: Int32
  }

  let pointer: UnsafeMutableRawPointer
  // Keeps the context alive for as long as the socket.
  private let context: Context
  private let message: UnsafeMutablePointer<zmq_msg_t>

  /// Makes a socket that drops what is unsent when it closes.
  package init(_ kind: Kind, in context: Context) throws(ZMQError) {
    guard let pointer = zmq_socket(context.pointer, kind.number) else {
      throw .last("create a \(kind) socket")
    }
    var linger: Int32 = 0
    guard zmq_setsockopt(pointer, ZMQ_LINGER, &linger, MemoryLayout<Int32>.size) == 0 else {
      let error = ZMQError.last("set LINGER")
      zmq_close(pointer)
      throw error
    }
    self.pointer = pointer
    self.context = context
    message = .allocate(capacity: 1)
  }

  deinit {
    zmq_close(pointer)
    message.deallocate()
  }

  /// Sets an option that libzmq keeps as an `int`.
  package func set(_ option: Int32, _ value: Int32, _ name: String) throws(ZMQError) {
    try setRaw(option, value, name)
  }

  /// Sets an option that libzmq keeps as 64 bits.
  package func set(_ option: Int32, _ value: Int64, _ name: String) throws(ZMQError) {
    try setRaw(option, value, name)
  }

  /// Sets an option that libzmq keeps as bytes.
  package func set(_ option: Int32, _ value: [UInt8], _ name: String) throws(ZMQError) {
    guard zmq_setsockopt(pointer, option, value, value.count) == 0 else {
      throw .last("set \(name)")
    }
  }

  private func setRaw<Value: BitwiseCopyable>(
    _ option: Int32, _ value: Value, _ name: String
  ) throws(ZMQError) {
    var value = value
    guard zmq_setsockopt(pointer, option, &value, MemoryLayout<Value>.size) == 0 else {
      throw .last("set \(name)")
    }
  }

  /// Listens on an address and returns the real one, with the port that a `*` became.
  package func bind(_ address: String) throws(ZMQError) -> String {
    guard zmq_bind(pointer, address) == 0 else { throw .last("bind \(address)") }
    var text = [CChar](repeating: 0, count: 1_024)
    var size = text.count
    guard zmq_getsockopt(pointer, ZMQ_LAST_ENDPOINT, &text, &size) == 0 else {
      throw .last("read the address of \(address)")
    }
    return Z85.string(text)
  }

  /// Starts connecting to an address; libzmq works in the background.
  package func connect(_ address: String) throws(ZMQError) {
    guard zmq_connect(pointer, address) == 0 else { throw .last("connect \(address)") }
  }

  /// Queues a whole message or nothing, without waiting.
  package func send(_ frames: [[UInt8]]) -> SendOutcome {
    for (index, frame) in frames.enumerated() {
      let more = index + 1 < frames.count ? ZMQ_SNDMORE : 0
      while zmq_send(pointer, frame, frame.count, ZMQ_DONTWAIT | more) < 0 {
        switch zmq_errno() {
        case EINTR: continue
        case EAGAIN: return .full
        case EHOSTUNREACH: return .unreachable
        default: return .failed(.last("send"))
        }
      }
    }
    return .sent
  }

  /// Takes a whole message, or nil when none waits.
  ///
  /// Frames past the limit are never copied.
  package func receive(frameLimit: Int) throws(ZMQError) -> Inbound? {
    var inbound = Inbound(
      frames: [], frameCount: 0, byteCount: 0, userID: "", descriptor: -1)
    repeat {
      zmq_msg_init(message)
      defer { zmq_msg_close(message) }
      while zmq_msg_recv(message, pointer, ZMQ_DONTWAIT) < 0 {
        switch zmq_errno() {
        case EINTR: continue
        case EAGAIN where inbound.frameCount == 0: return nil
        default: throw .last("receive")
        }
      }
      inbound.frameCount += 1
      inbound.byteCount += zmq_msg_size(message)
      if inbound.frameCount <= frameLimit {
        inbound.frames.append(
          [UInt8](
            UnsafeRawBufferPointer(start: zmq_msg_data(message), count: zmq_msg_size(message))))
        // libzmq leaves the property out of frames that the socket itself made.
        if let userID = zmq_msg_gets(message, "User-Id") {
          inbound.userID = String(cString: userID)
          if inbound.descriptor < 0 { inbound.descriptor = zmq_msg_get(message, ZMQ_SRCFD) }
        }
      }
      guard zmq_msg_more(message) != 0 else { return inbound }
    } while true
  }
}
