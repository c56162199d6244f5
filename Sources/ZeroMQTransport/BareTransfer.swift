internal import CZeroMQ
import Dispatch
internal import FleetProtocol
import Foundation
import Synchronization

/// What libzmq itself moves under CURVE between two sockets of one process, and nothing around it.
///
/// The yardstick of the transfer benchmark: frames of one size from one sender to one reader, which
/// looks at none of them. Nothing else uses it.
package enum BareTransfer {
  private struct Bound: Sendable {
    var address: String?
    var failure: ZMQError?
  }

  /// Seconds between the arrival of the first and the last of so many frames.
  package static func seconds(frames: Int, bytes: Int) throws -> Double {
    precondition(frames > 1, "\(frames) frames have no time between them")
    let context = try Context(ioThreads: 2)
    let (server, client) = (try CurveKeyPair.generate(), try CurveKeyPair.generate())
    let (ready, done) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
    let shared = Shared()
    let thread = Thread {
      do throws(ZMQError) {
        let socket = try Socket(.dealer, in: context)
        try socket.set(ZMQ_CURVE_SERVER, Int32(1), "CURVE_SERVER")
        try socket.set(ZMQ_CURVE_SECRETKEY, server.secretBytes, "CURVE_SECRETKEY")
        try socket.set(ZMQ_SNDHWM, EndpointSettings.highWaterMark(.data), "SNDHWM")
        let address = try socket.bind("tcp://127.0.0.1:*")
        shared.bound.withLock { $0.address = address }
        ready.signal()
        let frame = [UInt8](repeating: 0x5A, count: bytes)
        for _ in 0..<frames where zmq_send(socket.pointer, frame, bytes, 0) < 0 {
          throw .last("send")
        }
        // The socket drops what is unsent when it closes.
        done.wait()
      } catch {
        shared.bound.withLock { $0.failure = error }
        ready.signal()
      }
    }
    thread.start()
    defer { done.signal() }
    ready.wait()
    let found = shared.bound.withLock { $0 }
    guard let address = found.address else { throw found.failure ?? .last("bind") }
    let socket = try Socket(.dealer, in: context)
    try socket.set(ZMQ_CURVE_SERVERKEY, server.publicKey.bytes, "CURVE_SERVERKEY")
    try socket.set(ZMQ_CURVE_PUBLICKEY, client.publicKey.bytes, "CURVE_PUBLICKEY")
    try socket.set(ZMQ_CURVE_SECRETKEY, client.secretBytes, "CURVE_SECRETKEY")
    try socket.set(ZMQ_RCVHWM, EndpointSettings.highWaterMark(.data), "RCVHWM")
    // A sender that failed must not be waited for.
    try socket.set(ZMQ_RCVTIMEO, Int32(30_000), "RCVTIMEO")
    try socket.connect(address)
    return try receive(frames, from: socket)
  }

  /// A thread's closure takes no value that cannot be copied.
  private final class Shared: Sendable {
    let bound = Mutex(Bound())
  }

  private static func receive(
    _ frames: Int, from socket: borrowing Socket
  ) throws(ZMQError) -> Double {
    let message = UnsafeMutablePointer<zmq_msg_t>.allocate(capacity: 1)
    defer { message.deallocate() }
    var started: UInt64 = 0
    for frame in 0..<frames {
      zmq_msg_init(message)
      defer { zmq_msg_close(message) }
      guard zmq_msg_recv(message, socket.pointer, 0) >= 0 else { throw .last("receive") }
      if frame == 0 { started = DispatchTime.now().uptimeNanoseconds }
    }
    return Double(DispatchTime.now().uptimeNanoseconds - started) * 1e-9
  }
}
