internal import CZeroMQ
internal import FleetProtocol
internal import Glibc

/// The enrolment process's one door: a ROUTER that lets every key in, and takes little from it.
///
/// It shares nothing with a coordinator: a context, a key pair and an authentication domain of its
/// own. libzmq cannot bound how many frames a message has, so this lives in a process of its own
/// whose memory the system bounds.
package final class EnrolmentEndpoint: Sendable {
  /// Largest frame in bytes.
  package static let frameBytesMax = 8_192
  private static let highWaterMark: Int32 = 64
  private static let turnMessages = 64

  /// The address that the socket really listens on.
  package let address: String
  private let mailbox: Mailbox<Never>
  private let admission: AdmissionThread
  private let owner: OwnerThread

  /// Binds; `answer` is called on the endpoint's thread with the proven key and the frames, at
  /// most four of them, and returns the frames to answer with, nil for none.
  package init(
    keys: CurveKeyPair, address: String,
    answer: @escaping @Sendable (_ key: CurvePublicKey, _ frames: [[UInt8]]) -> [[UInt8]]?
  ) throws(TransportError) {
    let context = try Context()
    let mailbox: Mailbox<Never>
    do throws(ZMQError) {
      mailbox = try Mailbox(bounds: .init(items: 0, bytes: 0))
    } catch {
      throw .socket(error)
    }
    self.mailbox = mailbox
    admission = try AdmissionThread(
      context: context, list: AdmissionList(admittingAnyKey: ()),
      domain: AdmissionThread.enrolmentDomain, deliver: { _ in })
    do throws(TransportError) {
      (owner, self.address) = try OwnerThread.start(name: "zmq-enrol") {
        (ready: (String) -> Void) throws(TransportError) in
        let listening = try Self.listen(address, keys: keys, context: context)
        ready(listening.address)
        while !mailbox.isClosed {
          Poller.wait(listening.socket, mailbox: mailbox.descriptor)
          Self.serve(listening.socket, answer)
        }
      }
    } catch {
      admission.stop()
      throw error
    }
  }

  deinit { stop() }

  /// Closes everything; may be called again.
  package func stop() {
    mailbox.closeAndWake()
    owner.join()
    admission.stop()
  }

  private struct Listening: ~Copyable {
    let socket: Socket
    let address: String
  }

  private static func listen(
    _ address: String, keys: CurveKeyPair, context: Context
  ) throws(TransportError) -> Listening {
    do throws(ZMQError) {
      let socket = try Socket(.router, in: context)
      try apply(to: socket, keys: keys)
      let bound = try socket.bind(address)
      return Listening(socket: socket, address: bound)
    } catch {
      guard error.operation.hasPrefix("bind") else { throw .socket(error) }
      throw error.errno == EADDRINUSE ? .addressInUse(address) : .addressUnusable(address, error)
    }
  }

  private static func serve(
    _ socket: borrowing Socket,
    _ answer: (CurvePublicKey, [[UInt8]]) -> [[UInt8]]?
  ) {
    for _ in 0..<turnMessages {
      do throws(ZMQError) {
        guard let inbound = try socket.receive(frameLimit: 5) else { return }
        guard let key = CurvePublicKey(z85: inbound.userID),
          let reply = answer(key, Array(inbound.frames.dropFirst()))
        else { continue }
        _ = socket.send([inbound.frames[0]] + reply)
      } catch {
        // One message could not be read; the next is another.
        return
      }
    }
  }

  private static func apply(
    to socket: borrowing Socket, keys: CurveKeyPair
  ) throws(ZMQError) {
    try socket.set(ZMQ_SNDHWM, highWaterMark, "SNDHWM")
    try socket.set(ZMQ_RCVHWM, highWaterMark, "RCVHWM")
    try socket.set(
      ZMQ_MAXMSGSIZE, Int64(frameBytesMax + EndpointSettings.curveOverheadBytes), "MAXMSGSIZE")
    try socket.set(ZMQ_HANDSHAKE_IVL, Int32(3_000), "HANDSHAKE_IVL")
    try socket.set(ZMQ_HEARTBEAT_IVL, Int32(5_000), "HEARTBEAT_IVL")
    try socket.set(ZMQ_HEARTBEAT_TIMEOUT, Int32(10_000), "HEARTBEAT_TIMEOUT")
    try socket.set(ZMQ_CURVE_SERVER, Int32(1), "CURVE_SERVER")
    try socket.set(ZMQ_CURVE_SECRETKEY, keys.secretBytes, "CURVE_SECRETKEY")
    try socket.set(ZMQ_ZAP_DOMAIN, Array(AdmissionThread.enrolmentDomain.utf8), "ZAP_DOMAIN")
    try socket.set(ZMQ_ZAP_ENFORCE_DOMAIN, Int32(1), "ZAP_ENFORCE_DOMAIN")
    try socket.set(ZMQ_ROUTER_HANDOVER, Int32(0), "ROUTER_HANDOVER")
    try socket.set(ZMQ_ROUTER_MANDATORY, Int32(1), "ROUTER_MANDATORY")
  }
}

/// An agent's one question to the enrolment endpoint.
package enum EnrolmentCall {
  /// Sends a request over a connection of its own and waits for the answer; nil when none comes.
  ///
  /// The sockets are made, used and closed on the calling thread.
  package static func ask(
    _ frames: [[UInt8]], keys: CurveKeyPair, address: String, serverKey: CurvePublicKey,
    milliseconds: Int
  ) throws(TransportError) -> [[UInt8]]? {
    let context = try Context()
    do throws(ZMQError) {
      let socket = try Socket(.dealer, in: context)
      try EndpointSettings.applyClient(
        to: socket, .control, keys: keys, serverKey: serverKey, reconnectMilliseconds: 1_000)
      try socket.connect(address)
      let deadline = SteadyClock.milliseconds() + Int64(milliseconds)
      var isSent = false
      while SteadyClock.milliseconds() < deadline {
        if !isSent { isSent = socket.send(frames) == .sent }
        Poller.wait(socket, milliseconds: 50)
        if let inbound = try socket.receive(frameLimit: 3) { return inbound.frames }
      }
      return nil
    } catch {
      throw .socket(error)
    }
  }
}
