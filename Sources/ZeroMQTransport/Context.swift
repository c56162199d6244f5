internal import CZeroMQ

/// A libzmq context: its I/O threads and its inproc addresses.
package final class Context: Sendable {
  nonisolated(unsafe) let pointer: UnsafeMutableRawPointer
  // libzmq contexts may be used from any thread; only sockets may not.

  /// Oldest libzmq without a known hole in front of the handshake.
  private static let versionNeeded = [4, 3, 3]

  /// Starts a context with that many I/O threads; refuses an old or keyless libzmq.
  ///
  /// libzmq makes 1,023 sockets in a context unless `socketsMax` says more.
  package init(ioThreads: Int32 = 1, socketsMax: Int32? = nil) throws(TransportError) {
    var (major, minor, patch): (Int32, Int32, Int32) = (0, 0, 0)
    zmq_version(&major, &minor, &patch)
    let found = [Int(major), Int(minor), Int(patch)]
    guard !found.lexicographicallyPrecedes(Self.versionNeeded) else {
      throw .libraryTooOld(
        found: found.map(String.init).joined(separator: "."),
        needed: Self.versionNeeded.map(String.init).joined(separator: "."))
    }
    guard zmq_has("curve") == 1 else { throw .curveMissing }
    guard let pointer = zmq_ctx_new() else { throw .socket(.last("create a context")) }
    zmq_ctx_set(pointer, ZMQ_IO_THREADS, ioThreads)
    if let socketsMax { zmq_ctx_set(pointer, ZMQ_MAX_SOCKETS, socketsMax) }
    self.pointer = pointer
  }

  /// Waits until every socket is closed and ends the I/O threads.
  ///
  /// Sockets close with their owner threads, which hold this object: it goes last.
  deinit {
    while zmq_ctx_term(pointer) != 0, zmq_errno() == EINTR {}
  }
}
