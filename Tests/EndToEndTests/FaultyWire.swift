import Foundation
import Synchronization

/// A star of network namespaces whose wires lose, delay, reorder, repeat and cut packets.
///
/// The packets of TUN devices pass through this process, which rolls seeded dice for each: not
/// every kernel has `tc netem`, and its dice have no seed. Needs root and a namespace of its own.
final class FaultyWire: Sendable {
  /// What happens to packets, as shares of one.
  struct Faults: Sendable {
    var loss = 0.0
    var duplicate = 0.0
    /// Share that is held back, so that others overtake.
    var reorder = 0.0
    var delayMilliseconds = 0
    /// Hosts whose wire is cut.
    var cut: Set<Int> = []
  }

  static let coordinator = "10.77.0.1"
  let namespaces: [String]
  private let wires: [Int32]
  private let state: Mutex<State>

  private struct State {
    var faults = Faults()
    var dice: SeededDice
    var isOpen = true
    var struck: [String: Int] = [:]
  }

  private struct NotAllowed: Error, CustomStringConvertible {
    var what: String

    var description: String {
      "\(what): \(String(cString: strerror(errno))); network scenarios need root and /dev/net/tun: "
        + "run `make chaos` as root, in a container with --cap-add NET_ADMIN --device /dev/net/tun"
    }
  }

  /// Lays a wire to a namespace for each node.
  init(nodes: [String], seed: UInt64) throws {
    state = Mutex(State(dice: SeededDice(seed: seed)))
    namespaces = nodes.map { "chaos-\(getpid())-\($0)" }
    var wires = [try Self.device("fleet0")]
    try Self.ip("addr", "add", Self.coordinator + "/24", "dev", "fleet0")
    try Self.ip("link", "set", "fleet0", "up")
    for (index, name) in namespaces.enumerated() {
      let device = "fleet\(index + 1)"
      wires.append(try Self.device(device))
      try Self.ip("netns", "add", name)
      try Self.ip("link", "set", device, "netns", name)
      try Self.ip("-n", name, "addr", "add", Self.address(index + 1) + "/24", "dev", device)
      try Self.ip("-n", name, "link", "set", device, "up")
      try Self.ip("-n", name, "link", "set", "lo", "up")
    }
    self.wires = wires
    for index in wires.indices { Thread.detachNewThread { self.relay(index) } }
  }

  func set(_ faults: Faults) { state.withLock { $0.faults = faults } }

  /// How many packets met which fault.
  var struck: [String: Int] { state.withLock { $0.struck } }

  func close() throws {
    state.withLock { $0.isOpen = false }
    for name in namespaces { try Self.ip("netns", "del", name) }
    try Self.ip("link", "del", "fleet0")
  }

  static func address(_ host: Int) -> String { "10.77.0.\(host + 1)" }

  private static func ip(_ arguments: String...) throws {
    let outcome = try Programs.run("/usr/sbin/ip", arguments)
    guard outcome.status == 0 else {
      throw NotAllowed(what: "ip \(arguments.joined(separator: " ")): \(outcome.errors)")
    }
  }

  /// Makes a device without the extra header of each packet.
  private static func device(_ name: String) throws -> Int32 {
    let descriptor = open("/dev/net/tun", O_RDWR | O_CLOEXEC)
    guard descriptor >= 0 else { throw NotAllowed(what: "opening /dev/net/tun") }
    // struct ifreq: 16 bytes of name, then the flags IFF_TUN and IFF_NO_PI.
    var request = Array(name.utf8) + [UInt8](repeating: 0, count: 40 - name.utf8.count)
    (request[16], request[17]) = (0x01, 0x10)
    let setInterface: UInt = 0x4004_54CA
    guard ioctl(descriptor, setInterface, &request) == 0 else {
      throw NotAllowed(what: "making the device \(name)")
    }
    return descriptor
  }

  private func relay(_ from: Int) {
    var buffer = [UInt8](repeating: 0, count: 2_048)
    while state.withLock({ $0.isOpen }) {
      let count = read(wires[from], &buffer, buffer.count)
      // A device that is not up yet or any more.
      guard count > 0 else {
        usleep(10_000)
        continue
      }
      // IPv4 alone: the last byte of the destination is the host.
      guard count >= 20, buffer[0] >> 4 == 4 else { continue }
      let target = Int(buffer[19]) - 1
      guard wires.indices.contains(target) else { continue }
      for delay in fate(from, target) {
        send(Array(buffer.prefix(count)), to: wires[target], after: delay)
      }
    }
  }

  /// When the copies of a packet arrive, in milliseconds; none where it is lost.
  private func fate(_ from: Int, _ target: Int) -> [Int] {
    state.withLock { state in
      let faults = state.faults
      func strikes(_ share: Double, _ name: String) -> Bool {
        guard share > 0, Double.random(in: 0..<1, using: &state.dice) < share else { return false }
        state.struck[name, default: 0] += 1
        return true
      }
      if faults.cut.contains(from) || faults.cut.contains(target) {
        state.struck["cut", default: 0] += 1
        return []
      }
      if strikes(faults.loss, "lost") { return [] }
      var delay = faults.delayMilliseconds
      if delay > 0 { delay = Int.random(in: delay / 2...delay * 3 / 2, using: &state.dice) }
      if strikes(faults.reorder, "overtaken") { delay += 20 }
      return strikes(faults.duplicate, "repeated") ? [delay, delay + 1] : [delay]
    }
  }

  private static let later = DispatchQueue(label: "wire", attributes: .concurrent)

  private func send(_ packet: [UInt8], to wire: Int32, after milliseconds: Int) {
    guard milliseconds > 0 else {
      _ = write(wire, packet, packet.count)
      return
    }
    Self.later.asyncAfter(deadline: .now() + .milliseconds(milliseconds)) {
      _ = write(wire, packet, packet.count)
    }
  }
}
