internal import CZeroMQ
internal import FleetProtocol

/// One door of a coordinator: a ROUTER socket on its own thread.
final class RouterEndpoint: Sendable {
  private enum Order: Sendable {
    case send(PeerAddress, frames: [[UInt8]], bytes: Int)
    case disconnect(PeerAddress)
  }

  /// Messages taken in before waiting posts get their turn again.
  private static let turnMessages = 256
  /// Bytes likewise: what a turn has read waits in memory for its transaction.
  private static let turnBytes = 1 << 20

  /// The address that the socket really listens on.
  let address: String
  private let mailbox: Mailbox<Order>
  private let meter = ByteMeter()
  private let owner: OwnerThread

  /// Binds on a new thread; returns when clients may connect.
  init(
    _ endpoint: WireEndpoint, address: String, keys: CurveKeyPair, context: Context,
    deliver: @escaping @Sendable ([TransportEvent]) -> Void
  ) throws(TransportError) {
    let mailbox: Mailbox<Order>
    do throws(ZMQError) {
      mailbox = try Mailbox(
        bounds: .init(
          items: EndpointSettings.mailboxItemsMax, bytes: EndpointSettings.mailboxBytesMax))
    } catch {
      throw .socket(error)
    }
    self.mailbox = mailbox
    let meter = meter
    (owner, self.address) = try OwnerThread.start(name: "zmq-\(endpoint.rawValue)") {
      (ready: (String) -> Void) throws(TransportError) in
      let socket = try Self.listen(endpoint, address: address, keys: keys, context: context)
      ready(socket.address)
      Self.serve(socket.socket, endpoint, mailbox: mailbox, meter, deliver: deliver)
    }
  }

  /// Posts a message; false when it was dropped because too much waits.
  func send(_ frames: [[UInt8]], to peer: PeerAddress) -> Bool {
    let bytes = frames.reduce(peer.routingID.count) { $0 + $1.count }
    return mailbox.post(.send(peer, frames: frames, bytes: bytes), bytes: bytes)
  }

  /// Cuts a connection.
  func disconnect(_ peer: PeerAddress) { mailbox.postAlways(.disconnect(peer)) }

  /// Messages refused because too much waited.
  var dropped: Int { mailbox.dropped }

  /// Bytes moved since the start, over all peers; routing ids are not counted.
  var bytes: TransferredBytes { meter.total }

  /// Hands the posted messages to libzmq, closes the socket and ends the thread.
  func stop() {
    mailbox.closeAndWake()
    owner.join()
  }

  private struct Listening: ~Copyable {
    let socket: Socket
    let address: String
  }

  private static func listen(
    _ endpoint: WireEndpoint, address: String, keys: CurveKeyPair, context: Context
  ) throws(TransportError) -> Listening {
    do throws(ZMQError) {
      let socket = try Socket(.router, in: context)
      try EndpointSettings.applyServer(to: socket, endpoint, keys: keys)
      let bound = try socket.bind(address)
      return Listening(socket: socket, address: bound)
    } catch {
      guard error.operation.hasPrefix("bind") else { throw .socket(error) }
      throw error.errno == EADDRINUSE ? .addressInUse(address) : .addressUnusable(address, error)
    }
  }

  private static func serve(
    _ socket: borrowing Socket, _ endpoint: WireEndpoint, mailbox: Mailbox<Order>,
    _ meter: ByteMeter, deliver: ([TransportEvent]) -> Void
  ) {
    var connections = ConnectionTable()
    while true {
      Poller.wait(socket, mailbox: mailbox.descriptor)
      var events: [TransportEvent] = []
      let closing = mailbox.isClosed
      var orders = Array(mailbox.take().reversed())
      // Each is let go before the next one: what libzmq has copied is not held here as well.
      while let order = orders.popLast() {
        switch order {
        case .send(let peer, let frames, let bytes):
          mailbox.done(bytes: bytes)
          switch socket.send([peer.routingID] + frames) {
          case .sent: meter.addSent(bytes - peer.routingID.count)
          case .unreachable: events.append(.undeliverable(peer: peer, reason: .gone))
          case .full: events.append(.undeliverable(peer: peer, reason: .full))
          case .failed(let error): events.append(.failed(endpoint: endpoint, error: error))
          }
        case .disconnect(let peer):
          mailbox.done(bytes: 0)
          connections.cut(peer.routingID)
        }
      }
      if !closing { receive(from: socket, endpoint, &connections, meter, into: &events) }
      if !events.isEmpty { deliver(events) }
      guard !closing else { return }
    }
  }

  private static func receive(
    from socket: borrowing Socket, _ endpoint: WireEndpoint,
    _ connections: inout ConnectionTable, _ meter: ByteMeter, into events: inout [TransportEvent]
  ) {
    var bytes = 0
    do throws(ZMQError) {
      for _ in 0..<turnMessages where bytes < turnBytes {
        let limit = EndpointSettings.framesMax + 1
        guard let inbound = try socket.receive(frameLimit: limit) else { return }
        bytes += inbound.byteCount
        meter.addReceived(inbound.byteCount - inbound.frames[0].count)
        connections.note(inbound.frames[0], descriptor: inbound.descriptor)
        let peer = PeerAddress(endpoint: endpoint, routingID: inbound.frames[0])
        if (2...limit).contains(inbound.frameCount) {
          events.append(
            .received(
              endpoint: endpoint, peer: peer, userID: inbound.userID,
              frames: Array(inbound.frames.dropFirst())))
        } else {
          events.append(
            .malformed(
              peer: peer, userID: inbound.userID, frameCount: inbound.frameCount - 1))
        }
      }
    } catch {
      events.append(.failed(endpoint: endpoint, error: error))
    }
  }
}
