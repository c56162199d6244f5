import FleetAPI
import FleetCore
import FleetProtocol
import Foundation
import ZeroMQTransport

/// A peer with a node's key that says whatever a test wants.
final class RawAgent {
  private let transport: AgentTransport
  private var events: AsyncStream<AgentTransportEvent>.Iterator
  private(set) var session: UInt64 = 0
  /// Chunks that came, as a request for more has to say.
  private(set) var receivedChunks: UInt64 = 0
  private var sequence: UInt64 = 0

  init(_ fleet: TestFleet, keys: CurveKeyPair) async throws {
    let status = try await fleet.client().status()
    guard let coordinatorKey = CurvePublicKey(z85: status.publicKey) else {
      throw NotInTime(what: "the coordinator's key", log: status.publicKey)
    }
    let (stream, continuation) = AsyncStream.makeStream(
      of: AgentTransportEvent.self, bufferingPolicy: .bufferingOldest(1_024))
    transport = try AgentTransport(
      keys: keys, coordinatorKeys: [coordinatorKey], control: status.controlAddress,
      data: status.dataAddress, reconnectMilliseconds: 100,
      deliver: { continuation.yield($0) })
    events = stream.makeAsyncIterator()
  }

  /// Dials and waits for the handshake; false when the key was refused.
  func open(_ endpoint: WireEndpoint) async -> Bool {
    transport.open(endpoint)
    while let event = await events.next(isolation: nil) {
      switch event {
      case .connected(endpoint): return true
      case .disconnected(endpoint, .refused): return false
      default: continue
      }
    }
    return false
  }

  /// Waits until this peer's key is refused on an endpoint, whatever happens before.
  func refusal(_ endpoint: WireEndpoint) async throws {
    while let event = await events.next(isolation: nil) {
      if case .disconnected(endpoint, .refused) = event { return }
    }
    throw NotInTime(what: "a refusal", log: "the transport ended")
  }

  func send(
    _ message: Message, payload: [UInt8]? = nil, session: UInt64? = nil
  ) {
    sequence += 1
    let packet = Packet(
      message, session: session ?? self.session, sequence: sequence, payload: payload)
    transport.send(message.type.rule.endpoint, packet.frames())
  }

  func send(_ endpoint: WireEndpoint, frames: [[UInt8]]) { transport.send(endpoint, frames) }

  /// Says HELLO and returns the answer; a WELCOME opens the session.
  func hello(node: String, version: UInt32 = 1) async throws -> Message {
    var hello = WireHello()
    hello.versionMin = version
    hello.versionMax = version
    hello.nodeID = node
    hello.agentVersion = "raw"
    hello.bootID = wireBytes([UInt8](repeating: 9, count: Limits.bootIDBytes))
    hello.chip = "loihi-learn"
    send(.hello(hello), session: 0)
    return try await next { message in
      switch message {
      case .welcome, .refused, .busy: true
      default: false
      }
    }
  }

  /// The next message that the test is about; others are read past.
  func next(where isWanted: (Message) -> Bool) async throws -> Message {
    while let event = await events.next(isolation: nil) {
      guard case .received(let endpoint, let frames) = event else { continue }
      let packet = try Packet(frames: frames, endpoint: endpoint, direction: .down)
      if case .blobChunk = packet.message { receivedChunks += 1 }
      guard isWanted(packet.message) else { continue }
      if case .welcome = packet.message { session = packet.header.session }
      return packet.message
    }
    throw NotInTime(what: "a message", log: "the transport ended")
  }

  deinit { transport.stop() }
}
