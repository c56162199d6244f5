import Foundation
import Synchronization

/// A TCP relay before a daemon that counts what comes down, and can stop it after so many bytes.
final class CountingProxy: Sendable {
  private struct State {
    var moved = 0
    var limit = Int.max
    var isClosed = false
    /// Both ends of every relayed connection.
    var descriptors: Set<Int32> = []
  }

  /// Port that the relay listens on.
  let port: UInt16
  private let target: UInt16
  private let listener: Int32
  private let state = Mutex(State())

  /// Relays connections on a free loopback port to another one.
  init(to target: UInt16) throws {
    self.target = target
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = Self.loopback(0)
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listener, $0, size) == 0 && listen(listener, 16) == 0
          && getsockname(listener, $0, &size) == 0
      }
    }
    guard isBound else { throw NotInTime(what: "a port for the relay", log: "errno \(errno)") }
    self.listener = listener
    port = UInt16(bigEndian: address.sin_port)
    Thread { [self] in accept() }.start()
  }

  /// Bytes that came down and were passed on.
  var moved: Int { state.withLock { $0.moved } }

  /// Passes nothing more down after so many bytes from now on.
  func hold(after bytes: Int) { state.withLock { $0.limit = $0.moved + bytes } }

  /// Whether bytes may wait because the limit is reached.
  var isHolding: Bool { state.withLock { $0.moved >= $0.limit } }

  /// Passes everything on again.
  func release() { state.withLock { $0.limit = .max } }

  /// Ends all connections and the relay.
  func stop() {
    let open = state.withLock { state in
      state.isClosed = true
      return state.descriptors
    }
    for descriptor in open + [listener] { shutdown(descriptor, Int32(SHUT_RDWR)) }
  }

  private static func loopback(_ port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return address
  }

  private func accept() {
    while true {
      let client = Glibc.accept(listener, nil, nil)
      guard client >= 0, !state.withLock({ $0.isClosed }) else { break }
      let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
      var address = Self.loopback(target)
      let isThere = withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          connect(server, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
        }
      }
      guard isThere else {
        close(client)
        close(server)
        continue
      }
      state.withLock { $0.descriptors.formUnion([client, server]) }
      relay(client, server)
    }
    close(listener)
  }

  /// Two threads; the one that ends last closes both ends.
  private func relay(_ client: Int32, _ server: Int32) {
    let isOver = Over()
    for (from, to, isDown) in [(client, server, false), (server, client, true)] {
      Thread { [self] in
        pump(from, to, isDown: isDown, isOver)
        for descriptor in [from, to] { shutdown(descriptor, Int32(SHUT_RDWR)) }
        guard isOver.end() else { return }
        state.withLock { $0.descriptors.subtract([from, to]) }
        for descriptor in [from, to] { close(descriptor) }
      }.start()
    }
  }

  private final class Over: Sendable {
    private let count = Mutex(0)

    var isBegun: Bool { count.withLock { $0 > 0 } }

    /// True for the second one.
    func end() -> Bool {
      count.withLock { count in
        count += 1
        return count == 2
      }
    }
  }

  private func pump(_ from: Int32, _ to: Int32, isDown: Bool, _ isOver: Over) {
    var bytes = [UInt8](repeating: 0, count: 65_536)
    while true {
      let got = read(from, &bytes, bytes.count)
      if got <= 0 { return }
      var passed = 0
      while passed < got {
        let room = isDown ? state.withLock { max(0, $0.limit - $0.moved) } : Int.max
        if room == 0 {
          if isOver.isBegun || state.withLock({ $0.isClosed }) { return }
          usleep(2_000)
          continue
        }
        let sent = bytes.withUnsafeBytes {
          send(to, $0.baseAddress.map { $0 + passed }, min(room, got - passed), Int32(MSG_NOSIGNAL))
        }
        if sent <= 0 { return }
        passed += sent
        if isDown { state.withLock { $0.moved += sent } }
      }
    }
  }
}
