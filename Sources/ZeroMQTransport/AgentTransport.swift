package import FleetProtocol
internal import Synchronization

/// An agent's connections to its coordinator: control, and data while it is wanted.
///
/// libzmq never tries again after a refusal, so the caller owns the back-off: on
/// `disconnected` with a reason that `needsOpen` it waits and calls `open`, which destroys the
/// socket and makes a new one. Every report comes through one callback, on the thread of its
/// endpoint and in order; the callback must not block and must not call `stop`.
package final class AgentTransport: Sendable {
  private let controlAddress: String
  private let dataAddress: String
  private let keys: Mutex<CurveKeyPair>
  private let pinned: PinnedKeys
  private let control: DealerEndpoint
  private let data: DealerEndpoint

  /// Starts the threads; nothing connects before `open`.
  ///
  /// - Parameters:
  ///   - keys: this node's own pair.
  ///   - coordinatorKeys: the pinned public keys; after a broken handshake the next has its turn.
  ///   - control: `tcp://HOST:PORT` of the control endpoint.
  ///   - data: likewise of the data endpoint.
  ///   - reconnectMilliseconds: pause before libzmq dials a lost peer again; drawn at random
  ///     between 1,000 and 4,000 it keeps a fleet from coming back all at once.
  ///   - lingerMilliseconds: how long `stop` may spend on a last message, such as a goodbye.
  ///   - deliver: see the type.
  package init(
    keys: CurveKeyPair, coordinatorKeys: [CurvePublicKey], control: String, data: String,
    reconnectMilliseconds: Int32 = .random(in: 1_000...4_000), lingerMilliseconds: Int32 = 0,
    deliver: @escaping @Sendable (AgentTransportEvent) -> Void
  ) throws(TransportError) {
    let context = try Context()
    let pinned = PinnedKeys(coordinatorKeys)
    var plan = DealerEndpoint.Plan(
      endpoint: .control, reconnectMilliseconds: reconnectMilliseconds,
      lingerMilliseconds: lingerMilliseconds, context: context,
      deliver: { event in
        pinned.note(event)
        deliver(event)
      })
    let first = try DealerEndpoint(plan)
    plan.endpoint = .data
    plan.meter = ByteMeter()
    do throws(TransportError) {
      self.data = try DealerEndpoint(plan)
    } catch {
      first.stop()
      throw error
    }
    self.control = first
    self.keys = Mutex(keys)
    self.pinned = pinned
    controlAddress = control
    dataAddress = data
  }

  deinit { stop() }

  /// Dials afresh: an old socket and everything posted before are given up.
  package func open(_ endpoint: WireEndpoint) {
    let address = endpoint == .control ? controlAddress : dataAddress
    dealer(endpoint).open(
      DealerEndpoint.Dial(
        address: address, keys: keys.withLock { $0 }, serverKey: pinned.current))
  }

  /// Dials with another pair from the next `open` on.
  package func setKeys(_ pair: CurveKeyPair) { keys.withLock { $0 = pair } }

  /// Hangs up and stays down until `open`; what waits is given up.
  package func close(_ endpoint: WireEndpoint) { dealer(endpoint).close() }

  /// Posts a message from any thread; it waits while the endpoint is dialling.
  ///
  /// False when it was dropped at once because 8,192 messages or 64 MiB wait. Without an open
  /// endpoint, and at every open or close, what waits is dropped and counted.
  @discardableResult
  package func send(_ endpoint: WireEndpoint, _ frames: [[UInt8]]) -> Bool {
    dealer(endpoint).send(frames)
  }

  /// Messages given up since the start.
  package var droppedSends: Int { control.dropped + data.dropped }

  /// Bytes that one endpoint has moved since the start, over all its connections.
  package func bytes(_ endpoint: WireEndpoint) -> TransferredBytes { dealer(endpoint).bytes }

  /// Bytes of frames sent since the start, both endpoints together; see `TransferredBytes`.
  package var sentBytes: UInt64 { control.bytes.sent + data.bytes.sent }

  /// Bytes of frames received since the start, both endpoints together.
  package var receivedBytes: UInt64 { control.bytes.received + data.bytes.received }

  /// Closes everything and returns when no callback runs any more; may be called again.
  package func stop() {
    control.stop()
    data.stop()
  }

  private func dealer(_ endpoint: WireEndpoint) -> DealerEndpoint {
    switch endpoint {
    case .control: control
    case .data: data
    }
  }
}
