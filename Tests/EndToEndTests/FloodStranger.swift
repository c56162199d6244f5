import Foundation

/// A TCP connection of somebody who holds no key and does not keep to ZMTP.
final class FloodStranger {
  /// What it does once it is connected.
  enum Manner: CaseIterable {
    /// Says nothing at all.
    case silent
    /// Says bytes that mean nothing.
    case noise
    /// Says a sound greeting, one byte at a time.
    case dripping
    /// Greets, then says bytes that mean nothing.
    case greetingThenNoise
    /// Greets and announces a frame that no memory holds.
    case greetingThenHugeFrame
    /// Greets as somebody who needs no key.
    case otherMechanism
    /// Greets and says a HELLO of CURVE whose box nobody can open.
    case falseHello
    /// Greets and stops in the middle of a HELLO.
    case halfHello
  }

  private let descriptor: Int32
  private let manner: Manner
  private var dripped = 0

  /// Dials; nil where the other side does not take it.
  init?(port: UInt16, _ manner: Manner) {
    self.manner = manner
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let result = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, size) }
    }
    if result != 0 { return nil }
    speak()
  }

  deinit { close(descriptor) }

  /// One more byte of a greeting that takes its time.
  func drip() {
    guard manner == .dripping, dripped < Self.greeting("CURVE").count else { return }
    say([Self.greeting("CURVE")[dripped]])
    dripped += 1
  }

  private func speak() {
    let greeting = Self.greeting("CURVE")
    switch manner {
    case .silent: break
    case .noise: say(Self.noise(4_096))
    case .dripping: drip()
    case .greetingThenNoise: say(greeting + Self.noise(4_096))
    case .greetingThenHugeFrame:
      say(greeting + [0x06] + [0x7F] + [UInt8](repeating: 0xFF, count: 7) + Self.noise(64))
    case .otherMechanism: say(Self.greeting("NULL") + [0x04, 6] + [5] + Array("READY".utf8))
    case .falseHello: say(greeting + Self.hello)
    case .halfHello: say(greeting + Self.hello.prefix(90))
    }
  }

  /// What the kernel does not take at once is left unsaid.
  private func say(_ bytes: [UInt8]) {
    _ = send(
      descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
  }

  /// ZMTP 3.1: signature, version, mechanism, role, filler.
  private static func greeting(_ mechanism: String) -> [UInt8] {
    let name = Array(mechanism.utf8)
    return [0xFF] + [UInt8](repeating: 0, count: 8) + [0x7F, 3, 1] + name
      + [UInt8](repeating: 0, count: 20 - name.count + 32)
  }

  /// A command frame of 200 bytes: name, version, padding, a short-term key, a nonce, a box.
  private static var hello: [UInt8] {
    [0x04, 200, 5] + Array("HELLO".utf8) + [1, 0] + [UInt8](repeating: 0, count: 72) + noise(120)
  }

  private static func noise(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in .random(in: .min ... .max) }
  }
}
