internal import Synchronization

/// Bytes that one endpoint has moved since its start.
///
/// Counted are the frames of whole messages as the caller sees them: header, body and payload.
/// What encryption, framing, handshakes and TCP add on the wire is not, and a message counts as
/// sent once libzmq has taken it.
package struct TransferredBytes: Sendable, Equatable {
  /// Frame bytes that libzmq took for sending.
  package var sent: UInt64
  /// Frame bytes that came in, those of messages dropped as malformed included.
  package var received: UInt64

  /// Two counts of bytes.
  package init(sent: UInt64, received: UInt64) {
    self.sent = sent
    self.received = received
  }
}

/// Counts bytes on one thread, for any other to read.
final class ByteMeter: Sendable {
  private let sent = Atomic<UInt64>(0)
  private let received = Atomic<UInt64>(0)

  var total: TransferredBytes {
    TransferredBytes(
      sent: sent.load(ordering: .relaxed), received: received.load(ordering: .relaxed))
  }

  func addSent(_ bytes: Int) { sent.wrappingAdd(UInt64(bytes), ordering: .relaxed) }

  func addReceived(_ bytes: Int) { received.wrappingAdd(UInt64(bytes), ordering: .relaxed) }
}
