import Foundation

/// Finds TCP ports that nobody listens on just now.
///
/// They lie below the range from which Linux gives ports to outgoing connections (32768 on, see
/// ip_local_port_range), so that none of these takes one before the daemon starts.
enum LoopbackPorts {
  private static let range = 20_000...32_767
  private static let triesMax = 200

  /// Different free ports of one address; another listener may take one before it is used.
  static func free(_ count: Int, host: String) throws -> [Int] {
    var held: [Int32] = []
    defer { for descriptor in held { close(descriptor) } }
    var ports: [Int] = []
    var tries = 0
    while ports.count < count {
      let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
      guard descriptor >= 0 else { throw failure("socket", host) }
      held.append(descriptor)
      let port = Int.random(in: range)
      tries += 1
      if try bind(descriptor, host: host, port: port) {
        ports.append(port)
      } else if tries >= triesMax {
        throw failure("bind", host)
      }
    }
    return ports
  }

  /// False when somebody has the port.
  private static func bind(_ descriptor: Int32, host: String, port: Int) throws -> Bool {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    guard inet_pton(AF_INET, host, &address.sin_addr) == 1 else {
      throw CommandFailure(
        "--host: found `\(host)`, expected an IPv4 address of this machine such as 127.0.0.1; "
          + "name one")
    }
    // Unsafe: the socket calls take any address family through one pointer type.
    let status = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { general in
        Foundation.bind(descriptor, general, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    if status == 0 { return true }
    guard errno == EADDRINUSE else { throw failure("bind", host) }
    return false
  }

  private static func failure(_ call: String, _ host: String) -> CommandFailure {
    CommandFailure(
      "--host \(host): \(call) failed, \(String(cString: strerror(errno)).lowercased()); name an "
        + "address of this machine, or give all three ports")
  }
}
