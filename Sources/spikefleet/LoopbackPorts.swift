import Foundation

/// Finds TCP ports that nobody listens on just now.
enum LoopbackPorts {
  /// Different free ports of one address; another program may take one before it is used.
  static func free(_ count: Int, host: String) throws -> [Int] {
    var held: [Int32] = []
    defer { for descriptor in held { close(descriptor) } }
    var ports: [Int] = []
    for _ in 0..<count {
      let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
      guard descriptor >= 0 else { throw failure("socket", host) }
      held.append(descriptor)
      ports.append(try bind(descriptor, host: host))
    }
    return ports
  }

  private static func bind(_ descriptor: Int32, host: String) throws -> Int {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    guard inet_pton(AF_INET, host, &address.sin_addr) == 1 else {
      throw CommandFailure(
        "--host: found `\(host)`, expected an IPv4 address of this machine such as 127.0.0.1; "
          + "name one")
    }
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    // Unsafe: the socket calls take any address family through one pointer type.
    let status = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { general in
        Foundation.bind(descriptor, general, length) == 0
          && getsockname(descriptor, general, &length) == 0
      }
    }
    guard status else { throw failure("bind", host) }
    return Int(UInt16(bigEndian: address.sin_port))
  }

  private static func failure(_ call: String, _ host: String) -> CommandFailure {
    CommandFailure(
      "--host \(host): \(call) failed, \(String(cString: strerror(errno)).lowercased()); name an "
        + "address of this machine, or give all three ports")
  }
}
