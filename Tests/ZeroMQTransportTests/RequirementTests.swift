import FleetProtocol
import Foundation
import Testing
import ZeroMQTransport

/// The security requirements on sockets and keys, named by their number.
@Suite struct RequirementTests {
  @Test func `requirement 1: a door that lets a random key in stops the start`() throws {
    let context = try Context()
    let keys = try CurveKeyPair.generate()
    // CURVE without an authentication handler: libzmq lets every key in.
    let open = try Socket(.router, in: context)
    try open.set(RawOption.curveServer, Int32(1), "CURVE_SERVER")
    try open.set(RawOption.curveSecretKey, Array(keys.secretZ85.utf8), "CURVE_SECRETKEY")
    let address = try open.bind("tcp://127.0.0.1:*")
    #expect(throws: TransportError.strangerAdmitted(address: address)) {
      try AdmissionProbe().run(
        .control, address: address, serverKey: keys.publicKey, context: context)
    }
    // The real doors stand the same test, or this would throw.
    try LoopbackFleet().transport.stop()
  }

  @Test func `requirement 2: an agent talks to the coordinator whose key it pins alone`() throws {
    let keys = try CurveKeyPair.generate()
    let fleet = try LoopbackFleet(allowed: [keys.publicKey: "node-a"])
    defer { fleet.transport.stop() }
    let agent = try fleet.agent(keys)
    defer { agent.transport.stop() }
    agent.transport.open(.control)
    try agent.events.connected(.control)
    let deceived = try fleet.agent(keys, coordinatorKeys: [CurveKeyPair.generate().publicKey])
    defer { deceived.transport.stop() }
    deceived.transport.open(.control)
    #expect(try deceived.events.disconnected(.control) == .handshake)
  }

  @Test func `requirement 2: an agent that pins two keys finds the coordinator by either`() throws {
    let keys = try CurveKeyPair.generate()
    let fleet = try LoopbackFleet(allowed: [keys.publicKey: "node-a"])
    defer { fleet.transport.stop() }
    let another = try CurveKeyPair.generate().publicKey
    let agent = try fleet.agent(keys, coordinatorKeys: [another, fleet.keys.publicKey])
    defer { agent.transport.stop() }
    agent.transport.open(.control)
    #expect(try agent.events.disconnected(.control) == .handshake)
    try agent.connect(.control)
    try agent.connect(.data)
    // It stays with the one that held.
    try agent.connect(.control)
  }

  @Test func `requirement 3: an unknown key is refused at once, a known one is its node`() throws {
    let keys = try CurveKeyPair.generate()
    let fleet = try LoopbackFleet()
    defer { fleet.transport.stop() }
    let agent = try fleet.agent(keys)
    defer { agent.transport.stop() }
    agent.transport.open(.control)
    #expect(try agent.events.disconnected(.control) == .refused)
    fleet.transport.setAllowed([keys.publicKey: "node-a"])
    try agent.connect()
    agent.transport.send(.control, [[1]])
    #expect(try fleet.events.message().userID == "node-a")
  }

  @Test func `requirement 7: a flood of unknown keys fills one bounded table`() throws {
    var table = StrangerTable()
    var reports = 0
    for second in 0..<100 as Range<Int64> {
      for _ in 0..<40
      where try table.shouldReport(
        CurveKeyPair.generate().publicKey, at: second * 1_000)
      {
        reports += 1
      }
    }
    #expect(reports == 2_000)
    #expect(table.count == 1_000)
  }

  @Test func `requirement 8: nothing that an unknown key sends reaches the coordinator`() throws {
    let fleet = try LoopbackFleet()
    defer { fleet.transport.stop() }
    let context = try Context()
    func stranger() throws -> Socket {
      try RawOption.dealer(
        CurveKeyPair.generate(), serverKey: fleet.keys.publicKey, routingID: "x", in: context)
    }
    func knock() throws {
      _ = try fleet.events.first("knock") { event in
        switch event {
        case .unknownKey: true
        case .received: false
        default: nil
        }
      }
    }
    // Both live until the end: one that is let in has the time to say what waits.
    let control = try stranger()
    let data = try stranger()
    try control.connect(fleet.transport.controlAddress)
    #expect(control.send([[1], [2]]) == .sent)
    try knock()
    try data.connect(fleet.transport.dataAddress)
    #expect(data.send([[1], [2]]) == .sent)
    try knock()
    let known = try CurveKeyPair.generate()
    fleet.transport.setAllowed([known.publicKey: "node-a"])
    let agent = try fleet.agent(known)
    defer { agent.transport.stop() }
    try agent.connect()
    agent.transport.send(.control, [[9]])
    #expect(try fleet.events.message().frames == [[9]], "the first that is heard at all")
  }

  @Test func `requirement 9: a key file that others can read is refused`() throws {
    let path = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try CurveKeyFile(path: path).save(CurveKeyPair.generate())
    _ = try CurveKeyFile(path: path).load()
    try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: path)
    #expect(throws: CurveKeyFileError.mode(path: path, found: 0o640)) {
      try CurveKeyFile(path: path).load()
    }
  }

  @Test func `requirement 18: a frame past the limit ends the connection`() throws {
    let keys = try CurveKeyPair.generate()
    let fleet = try LoopbackFleet(allowed: [keys.publicKey: "node-a"])
    defer { fleet.transport.stop() }
    // A client that bounds nothing itself.
    let context = try Context()
    let socket = try RawOption.dealer(
      keys, serverKey: fleet.keys.publicKey, routingID: "raw", in: context)
    try socket.connect(fleet.transport.controlAddress)
    #expect(socket.send([[1], [UInt8](repeating: 0, count: 65_536)]) == .sent)
    #expect(try fleet.events.message().frames[0] == [1])
    #expect(socket.send([[2], [UInt8](repeating: 0, count: 65_537)]) == .sent)
    let agent = try fleet.agent(keys)
    defer { agent.transport.stop() }
    // Its own limit is the same, and ends its own connection.
    try agent.connect()
    agent.transport.send(.control, [[3]])
    #expect(try fleet.events.message().frames == [[3]], "the long one never comes")
    agent.transport.send(.control, [[4], [UInt8](repeating: 0, count: 65_537)])
    #expect(try agent.events.disconnected(.control) == .lost)
  }

  @Test func `requirement 19: a connection that never shakes hands is closed`() throws {
    let fleet = try LoopbackFleet()
    defer { fleet.transport.stop() }
    let port = try #require(UInt16(fleet.transport.controlAddress.split(separator: ":").last ?? ""))
    // The bound is 3 s; what waits longer than 15 s would have kept a descriptor for 30.
    #expect(try SilentConnection(port: port).isClosed(withinSeconds: 15))
  }
}

/// A TCP connection that says nothing.
private struct SilentConnection {
  private let descriptor: Int32

  init(port: UInt16) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let result = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, size) }
    }
    try #require(result == 0)
  }

  /// Reads the other side's greeting and waits for its end.
  func isClosed(withinSeconds seconds: Int) -> Bool {
    defer { close(descriptor) }
    var limit = timeval(tv_sec: seconds, tv_usec: 0)
    setsockopt(
      descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    var bytes = [UInt8](repeating: 0, count: 256)
    while true {
      let count = read(descriptor, &bytes, bytes.count)
      if count <= 0 { return count == 0 || errno == ECONNRESET }
    }
  }
}
