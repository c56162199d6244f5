internal import CZeroMQ

/// A libzmq or system call that failed, with the number and the text that it left.
package struct ZMQError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The call, with the address or option that it was about.
  package let operation: String
  /// The error number, libzmq's own ones included.
  package let errno: Int32
  /// libzmq's text for the number.
  package let text: String

  /// An error with a known number.
  package init(operation: String, errno: Int32) {
    self.operation = operation
    self.errno = errno
    text = String(cString: zmq_strerror(errno))
  }

  /// Takes the number that the calling thread's last libzmq call left behind.
  package static func last(_ operation: String) -> ZMQError {
    ZMQError(operation: operation, errno: zmq_errno())
  }

  package var description: String { "\(operation): \(text) (error \(errno))" }
}
