internal import Glibc

/// The TCP connection behind each routing id, for cutting it: libzmq has no call that does.
///
/// A descriptor's number serves one connection at a time, so the table is never longer than the
/// process has descriptors.
struct ConnectionTable {
  private struct Peer: Equatable {
    var descriptor: Int32
    var address: [UInt8]
  }

  private var peers: [[UInt8]: Peer] = [:]
  private var owners: [Int32: [UInt8]] = [:]

  /// Notes which connection a message came through; cheap for all but the first of it.
  mutating func note(_ routingID: [UInt8], descriptor: Int32) {
    guard descriptor >= 0, peers[routingID]?.descriptor != descriptor else { return }
    if let before = owners[descriptor] { peers[before] = nil }
    if let before = peers[routingID] { owners[before.descriptor] = nil }
    guard let address = Self.remoteAddress(descriptor) else { return }
    peers[routingID] = Peer(descriptor: descriptor, address: address)
    owners[descriptor] = routingID
  }

  /// Ends a connection as if the network had; libzmq then closes the descriptor itself.
  ///
  /// The number may serve another connection by now, so the remote address must still be the one
  /// that was noted.
  mutating func cut(_ routingID: [UInt8]) {
    guard let peer = peers.removeValue(forKey: routingID) else { return }
    owners[peer.descriptor] = nil
    guard Self.remoteAddress(peer.descriptor) == peer.address else { return }
    shutdown(peer.descriptor, Int32(SHUT_RDWR))
  }

  /// Host and port at the other end; nil where nothing is connected.
  private static func remoteAddress(_ descriptor: Int32) -> [UInt8]? {
    var storage = sockaddr_storage()
    var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
    return withUnsafeMutableBytes(of: &storage) { bytes in
      guard let base = bytes.baseAddress,
        getpeername(descriptor, base.assumingMemoryBound(to: sockaddr.self), &size) == 0
      else { return nil }
      return Array(bytes.prefix(Int(size)))
    }
  }
}
