internal import FleetProtocol

/// Messages that the owner thread has taken and libzmq not yet; the mailbox bounds it.
struct DealerBacklog {
  struct Outbound: Sendable {
    var frames: [[UInt8]]
    var bytes: Int
  }

  private var waiting: [Outbound] = []
  private var head = 0

  var isEmpty: Bool { head == waiting.count }

  mutating func append(_ outbound: Outbound) { waiting.append(outbound) }

  /// Hands over as much as libzmq takes, in order.
  mutating func flush(
    to socket: borrowing Socket, _ mailbox: Mailbox<DealerEndpoint.Order>, _ meter: ByteMeter
  ) throws(ZMQError) {
    while head < waiting.count {
      switch socket.send(waiting[head].frames) {
      case .full: return compact()
      case .sent:
        meter.addSent(waiting[head].bytes)
        mailbox.done(bytes: waiting[head].bytes)
      case .unreachable: mailbox.done(bytes: waiting[head].bytes, dropped: true)
      case .failed(let error): throw error
      }
      // The frames are freed now, not when the whole backlog is through.
      waiting[head].frames = []
      head += 1
    }
    compact()
  }

  /// Drops and counts everything.
  mutating func giveUp(_ mailbox: Mailbox<DealerEndpoint.Order>) {
    for outbound in waiting[head...] { mailbox.done(bytes: outbound.bytes, dropped: true) }
    waiting = []
    head = 0
  }

  private mutating func compact() {
    guard head == waiting.count || head >= 1_024 else { return }
    waiting.removeFirst(head)
    head = 0
  }
}

/// Turns libzmq's connection events into one report per change.
struct LinkState {
  private enum State {
    case dialling
    case connected
    case down
  }

  private var state = State.dialling

  /// The report that a change is worth, nil for one already made.
  mutating func event(
    for change: MonitoredSocket.Change, _ endpoint: WireEndpoint
  ) -> AgentTransportEvent? {
    let before = state
    switch change {
    case .succeeded:
      state = .connected
      return .connected(endpoint)
    case .refused:
      state = .down
      return .disconnected(endpoint, reason: .refused)
    case .brokenHandshake:
      state = .down
      return before == .down ? nil : .disconnected(endpoint, reason: .handshake)
    case .protocolViolation:
      state = .down
      return before == .down ? nil : .disconnected(endpoint, reason: .protocolViolation)
    case .disconnected:
      state = .down
      switch before {
      case .connected: return .disconnected(endpoint, reason: .lost)
      case .dialling: return .disconnected(endpoint, reason: .handshake)
      case .down: return nil
      }
    case .retrying:
      state = .down
      return before == .dialling ? .disconnected(endpoint, reason: .unreachable) : nil
    }
  }
}
