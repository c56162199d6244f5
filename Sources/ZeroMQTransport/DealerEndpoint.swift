internal import CZeroMQ
internal import FleetProtocol

/// One connection of an agent: a thread that makes and destroys a DEALER socket on demand.
final class DealerEndpoint: Sendable {
  /// Whom to dial, and with which keys.
  struct Dial: Sendable {
    var address: String
    var keys: CurveKeyPair
    var serverKey: CurvePublicKey
  }

  enum Order: Sendable {
    case open(Dial)
    case close
    case send(DealerBacklog.Outbound)
  }

  /// What the owner does after one socket.
  private enum Next {
    case open(Dial)
    case idle
    case end
  }

  /// What a thread needs to make its sockets.
  struct Plan: Sendable {
    var endpoint: WireEndpoint
    var reconnectMilliseconds: Int32
    var lingerMilliseconds: Int32
    var context: Context
    var meter = ByteMeter()
    var deliver: @Sendable (AgentTransportEvent) -> Void
  }

  /// Messages taken in before waiting posts get their turn again.
  private static let turnMessages = 256

  private let mailbox: Mailbox<Order>
  private let meter: ByteMeter
  private let owner: OwnerThread

  /// Starts the thread without a socket.
  init(_ plan: Plan) throws(TransportError) {
    let mailbox: Mailbox<Order>
    do throws(ZMQError) {
      mailbox = try Mailbox(
        bounds: .init(
          items: EndpointSettings.mailboxItemsMax, bytes: EndpointSettings.mailboxBytesMax))
    } catch {
      throw .socket(error)
    }
    self.mailbox = mailbox
    meter = plan.meter
    let start = try OwnerThread.start(name: "zmq-\(plan.endpoint.rawValue)") {
      (ready: (Bool) -> Void) throws(TransportError) in
      ready(true)
      Self.run(plan, mailbox: mailbox)
    }
    owner = start.0
  }

  func open(_ dial: Dial) { mailbox.postAlways(.open(dial)) }

  func close() { mailbox.postAlways(.close) }

  /// Posts a message; false when it was dropped because too much waits.
  func send(_ frames: [[UInt8]]) -> Bool {
    let bytes = frames.reduce(0) { $0 + $1.count }
    return mailbox.post(.send(.init(frames: frames, bytes: bytes)), bytes: bytes)
  }

  /// Messages lost since the start: refused when full, or still waiting at an open or close.
  var dropped: Int { mailbox.dropped }

  /// Bytes moved since the start, over all sockets of this endpoint.
  var bytes: TransferredBytes { meter.total }

  func stop() {
    mailbox.closeAndWake()
    owner.join()
  }

  private static func run(_ plan: Plan, mailbox: Mailbox<Order>) {
    var backlog = DealerBacklog()
    var next = Next.idle
    var connection = 0
    while true {
      switch next {
      case .end: return
      case .idle: next = rest(mailbox, &backlog)
      case .open(let dial):
        connection += 1
        do throws(ZMQError) {
          next = try work(plan, dial, connection: connection, mailbox, &backlog)
        } catch {
          plan.deliver(.failed(plan.endpoint, error: error))
          next = .idle
        }
      }
    }
  }

  /// Without a socket: what is sent is given up.
  private static func rest(_ mailbox: Mailbox<Order>, _ backlog: inout DealerBacklog) -> Next {
    while true {
      backlog.giveUp(mailbox)
      Poller.wait(mailbox: mailbox.descriptor)
      let closing = mailbox.isClosed
      let next = sort(mailbox, &backlog)
      if closing { return .end }
      if case .open = next { return next ?? .idle }
    }
  }

  /// The life of one socket, from making to closing.
  private static func work(
    _ plan: Plan, _ dial: Dial, connection: Int, _ mailbox: Mailbox<Order>,
    _ backlog: inout DealerBacklog
  ) throws(ZMQError) -> Next {
    let socket = try Socket(.dealer, in: plan.context)
    try EndpointSettings.applyClient(
      to: socket, plan.endpoint, keys: dial.keys, serverKey: dial.serverKey,
      reconnectMilliseconds: plan.reconnectMilliseconds)
    let monitored = try MonitoredSocket(
      socket, name: "\(plan.endpoint.rawValue)-\(connection)", in: plan.context)
    try monitored.socket.connect(dial.address)
    var link = LinkState()
    while true {
      Poller.wait(
        monitored.socket, sending: !backlog.isEmpty, monitor: monitored.channel,
        mailbox: mailbox.descriptor)
      let closing = mailbox.isClosed
      if let next = sort(mailbox, &backlog), !closing { return next }
      try backlog.flush(to: monitored.socket, mailbox, plan.meter)
      if closing {
        try monitored.socket.set(ZMQ_LINGER, plan.lingerMilliseconds, "LINGER")
        return .end
      }
      while let change = try monitored.next() {
        if let event = link.event(for: change, plan.endpoint) { plan.deliver(event) }
      }
      try receive(from: monitored.socket, plan)
    }
  }

  /// Takes the posted orders; an open or close gives up what was posted before it.
  private static func sort(
    _ mailbox: Mailbox<Order>, _ backlog: inout DealerBacklog
  ) -> Next? {
    var next: Next?
    for order in mailbox.take() {
      switch order {
      case .send(let outbound): backlog.append(outbound)
      case .open(let dial):
        backlog.giveUp(mailbox)
        mailbox.done(bytes: 0)
        next = .open(dial)
      case .close:
        backlog.giveUp(mailbox)
        mailbox.done(bytes: 0)
        next = .idle
      }
    }
    return next
  }

  private static func receive(from socket: borrowing Socket, _ plan: Plan) throws(ZMQError) {
    for _ in 0..<turnMessages {
      guard let inbound = try socket.receive(frameLimit: EndpointSettings.framesMax) else {
        return
      }
      plan.meter.addReceived(inbound.byteCount)
      if inbound.frameCount <= EndpointSettings.framesMax {
        plan.deliver(.received(plan.endpoint, frames: inbound.frames))
      } else {
        plan.deliver(.malformed(plan.endpoint, frameCount: inbound.frameCount))
      }
    }
  }
}
