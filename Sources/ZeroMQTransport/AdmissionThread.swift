internal import CZeroMQ
internal import FleetProtocol
internal import Glibc

/// Answers libzmq's authentication requests (RFC 27) from memory: 200 or 400, never 300.
///
/// A 300 would leave the client hanging in its handshake until the server's limit.
final class AdmissionThread: Sendable {
  static let domain = "fleet"
  /// Domain of the enrolment endpoint, which lives in a process of its own.
  static let enrolmentDomain = "enrol"
  private static let address = "inproc://zeromq.zap.01"

  private let mailbox: Mailbox<Never>
  private let owner: OwnerThread

  /// Binds the address that libzmq asks; must come before any endpoint is bound.
  init(
    context: Context, list: AdmissionList, domain: String = AdmissionThread.domain,
    deliver: @escaping @Sendable (TransportEvent) -> Void
  ) throws(TransportError) {
    let mailbox: Mailbox<Never>
    do throws(ZMQError) {
      mailbox = try Mailbox(bounds: .init(items: 0, bytes: 0))
    } catch {
      throw .socket(error)
    }
    self.mailbox = mailbox
    let start = try OwnerThread.start(name: "zmq-admission") {
      (ready: (Bool) -> Void) throws(TransportError) in
      do throws(ZMQError) {
        let socket = try Socket(.reply, in: context)
        _ = try socket.bind(Self.address)
        ready(true)
        var strangers = StrangerTable()
        while !mailbox.isClosed {
          Poller.wait(socket, mailbox: mailbox.descriptor)
          Self.answer(
            on: socket, list: list, domain: domain, strangers: &strangers, deliver: deliver)
        }
      } catch {
        throw .socket(error)
      }
    }
    owner = start.0
  }

  /// Ends the thread; handshakes after it are refused, because endpoints enforce the domain.
  func stop() {
    mailbox.closeAndWake()
    owner.join()
  }

  /// Answers what waits; a failed call is reported and the door goes on.
  private static func answer(
    on socket: borrowing Socket, list: AdmissionList, domain: String,
    strangers: inout StrangerTable,
    deliver: (TransportEvent) -> Void
  ) {
    do throws(ZMQError) {
      while let request = try socket.receive(frameLimit: 7) {
        let reply = reply(
          to: request, list: list, domain: domain, strangers: &strangers, deliver: deliver)
        if case .failed(let error) = socket.send(reply) { throw error }
      }
    } catch {
      // Both endpoints depend on it; control is the one whose loss nobody can overlook.
      deliver(.failed(endpoint: .control, error: error))
    }
  }

  /// Frames: version, request id, domain, address, identity, mechanism, client key.
  private static func reply(
    to request: Socket.Inbound, list: AdmissionList, domain: String, strangers: inout StrangerTable,
    deliver: (TransportEvent) -> Void
  ) -> [[UInt8]] {
    let frames = request.frames
    let requestID = frames.count > 1 ? frames[1] : []
    guard request.frameCount == 7, frames[0] == Array("1.0".utf8),
      frames[2] == Array(domain.utf8), frames[5] == Array("CURVE".utf8),
      let key = CurvePublicKey(bytes: frames[6])
    else { return answer(requestID, "400", "no such key", userID: "") }
    switch list.answer(for: key) {
    case .admitted(let nodeID):
      return answer(requestID, "200", "OK", userID: nodeID)
    case .unknown:
      if strangers.shouldReport(key, at: SteadyClock.milliseconds()) {
        deliver(
          .unknownKey(publicKeyZ85: key.z85, address: String(decoding: frames[3], as: UTF8.self)))
      }
      return answer(requestID, "400", "no such key", userID: "")
    case .probe:
      return answer(requestID, "400", "no such key", userID: "")
    }
  }

  private static func answer(
    _ requestID: [UInt8], _ code: String, _ text: String, userID: String
  ) -> [[UInt8]] {
    [Array("1.0".utf8), requestID, Array(code.utf8), Array(text.utf8), Array(userID.utf8), []]
  }
}

/// Milliseconds that never jump, for spacing reports.
enum SteadyClock {
  static func milliseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
  }
}
