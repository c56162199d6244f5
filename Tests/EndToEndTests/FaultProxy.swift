import Foundation
import Synchronization

/// A TCP relay in front of the coordinator that breaks what goes through it.
///
/// Its dice are seeded; which bytes they fall on depends on the machine.
final class FaultProxy: Sendable {
  /// What happens to bytes that pass.
  enum Fault: String, CaseIterable {
    case none
    /// The connection ends in the middle of what is under way.
    case cut
    /// The same with a reset.
    case reset
    /// Nothing is read any more; neither side is told.
    case stall
    /// A byte at a time.
    case trickle
    /// A bit is flipped here and there.
    case corrupt
  }

  let port: UInt16
  private let target: UInt16
  private let listener: Int32
  private let state: Mutex<State>

  private struct State {
    var fault = Fault.none
    var generator: SeededDice
    var isOpen = true
    var bytes = 0
    var faults: [Fault: Int] = [:]
  }

  /// Listens on a free loopback port.
  init(to target: UInt16, seed: UInt64) throws {
    self.target = target
    state = Mutex(State(generator: SeededDice(seed: seed)))
    (listener, port) = try Self.listenSomewhere()
    Thread.detachNewThread { self.accept() }
  }

  private static func listenSomewhere() throws -> (listener: Int32, port: UInt16) {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = address(0)
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isReady = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listener, $0, size) == 0 && listen(listener, 16) == 0
          && getsockname(listener, $0, &size) == 0
      }
    }
    guard listener >= 0, isReady else {
      throw NotInTime(what: "the fault proxy listens", log: String(cString: strerror(errno)))
    }
    return (listener, UInt16(bigEndian: address.sin_port))
  }

  /// Breaks what passes from now on in this way.
  func set(_ fault: Fault) { state.withLock { $0.fault = fault } }

  /// How often each fault struck.
  var struck: [Fault: Int] { state.withLock { $0.faults } }

  func close() {
    state.withLock { $0.isOpen = false }
    shutdown(listener, Int32(SHUT_RDWR))
    Foundation.close(listener)
  }

  private static func address(_ port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return address
  }

  private func accept() {
    while state.withLock({ $0.isOpen }) {
      let client = Foundation.accept(listener, nil, nil)
      guard client >= 0 else { return }
      let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
      var address = Self.address(target)
      let isConnected = withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          connect(server, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
      }
      guard isConnected == 0 else {
        Foundation.close(server)
        Foundation.close(client)
        continue
      }
      let ends = Mutex(2)
      let pair = Pair(ends: ends, client: client, server: server)
      Thread.detachNewThread { self.pump(from: client, to: server, pair) }
      Thread.detachNewThread { self.pump(from: server, to: client, pair) }
    }
  }

  /// Both sockets are closed when both directions have ended.
  private final class Pair: Sendable {
    let ends: Mutex<Int>
    let client: Int32
    let server: Int32

    init(ends: consuming Mutex<Int>, client: Int32, server: Int32) {
      self.ends = ends
      self.client = client
      self.server = server
    }

    func end(withReset: Bool) {
      if withReset {
        var linger = linger(l_onoff: 1, l_linger: 0)
        for end in [client, server] {
          setsockopt(
            end, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout.size(ofValue: linger)))
        }
      }
      for end in [client, server] { shutdown(end, Int32(SHUT_RDWR)) }
      let left = ends.withLock { left in
        left -= 1
        return left
      }
      if left == 0 { for end in [client, server] { Foundation.close(end) } }
    }
  }

  private func pump(from source: Int32, to sink: Int32, _ pair: Pair) {
    var buffer = [UInt8](repeating: 0, count: 16_384)
    var withReset = false
    while state.withLock({ $0.isOpen }) {
      if state.withLock({ $0.fault }) == .stall {
        strike(.stall)
        usleep(20_000)
        continue
      }
      let count = recv(source, &buffer, buffer.count, 0)
      guard count > 0 else { break }
      var bytes = Array(buffer.prefix(count))
      let fault = state.withLock { $0.fault }
      if fault == .corrupt { flip(&bytes) }
      if fault == .cut || fault == .reset {
        let kept = roll(bytes.count + 1)
        strike(fault)
        write(Array(bytes.prefix(kept)), to: sink, slowly: false)
        withReset = fault == .reset
        break
      }
      if fault == .trickle { strike(.trickle) }
      guard write(bytes, to: sink, slowly: fault == .trickle) else { break }
    }
    pair.end(withReset: withReset)
  }

  @discardableResult
  private func write(_ bytes: [UInt8], to sink: Int32, slowly: Bool) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      let next = Array(slowly ? rest.prefix(1) : rest)
      let count = send(sink, next, next.count, Int32(MSG_NOSIGNAL))
      guard count > 0 else { return false }
      rest = rest.dropFirst(count)
      if slowly { usleep(500) }
    }
    return true
  }

  private func flip(_ bytes: inout [UInt8]) {
    guard roll(3) == 0 else { return }
    strike(.corrupt)
    bytes[roll(bytes.count)] ^= 1 << UInt8(roll(8))
  }

  private func roll(_ sides: Int) -> Int {
    state.withLock { Int.random(in: 0..<sides, using: &$0.generator) }
  }

  private func strike(_ fault: Fault) { state.withLock { $0.faults[fault, default: 0] += 1 } }
}

/// Dice that fall the same way for the same seed.
struct SeededDice: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var word = state
    word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
    word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
    return word ^ (word >> 31)
  }
}
