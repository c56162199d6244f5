package import FleetProtocol

/// A coordinator's doors: two encrypted ROUTER endpoints behind one allow-list of keys.
///
/// Reports come through one callback, on the thread of the endpoint that they are about, in order
/// per endpoint: all that was read before the thread would have waited, so that one transaction
/// can serve many. The callback must not block and must not call `stop`: while it runs that
/// endpoint neither reads nor writes, and peers are held back by their high-water mark and then by
/// TCP. Nothing is buffered on this side of it.
package final class CoordinatorTransport: Sendable {
  /// Where the control endpoint really listens, as `tcp://HOST:PORT`.
  package let controlAddress: String
  /// Where the data endpoint really listens, as `tcp://HOST:PORT`.
  package let dataAddress: String

  private let list: AdmissionList
  private let admission: AdmissionThread
  private let control: RouterEndpoint
  private let data: RouterEndpoint

  /// Binds both endpoints and proves that a random key is refused at each of them.
  ///
  /// - Parameters:
  ///   - keys: the coordinator's own pair, whose public half the agents pin.
  ///   - control: `tcp://HOST:PORT`, with `*` for a free port.
  ///   - data: likewise.
  ///   - allowed: node id by accepted key; `setAllowed` replaces it later.
  ///   - deliver: see the type.
  package init(
    keys: CurveKeyPair, control: String, data: String, allowed: [CurvePublicKey: String] = [:],
    deliver: @escaping @Sendable ([TransportEvent]) -> Void
  ) throws(TransportError) {
    // Held by the threads alone: the last one to end waits until libzmq has closed the ports.
    let context = try Context(ioThreads: 2)
    let list = AdmissionList(allowed)
    let probe = try AdmissionProbe()
    list.expectProbe(probe.keys.publicKey)
    let admission = try AdmissionThread(context: context, list: list, deliver: { deliver([$0]) })
    var opened: [RouterEndpoint] = []
    do throws(TransportError) {
      for (endpoint, address) in [(WireEndpoint.control, control), (.data, data)] {
        let router = try RouterEndpoint(
          endpoint, address: address, keys: keys, context: context, deliver: deliver)
        opened.append(router)
        try probe.run(
          endpoint, address: router.address, serverKey: keys.publicKey, context: context)
      }
    } catch {
      for router in opened { router.stop() }
      admission.stop()
      throw error
    }
    self.list = list
    self.admission = admission
    self.control = opened[0]
    self.data = opened[1]
    controlAddress = opened[0].address
    dataAddress = opened[1].address
  }

  deinit { stop() }

  /// Replaces the allow-list: node id by key.
  ///
  /// Good from the next handshake on.
  ///
  /// libzmq asks only once per connection: the caller cuts live ones with `disconnect`.
  package func setAllowed(_ allowed: [CurvePublicKey: String]) { list.replace(with: allowed) }

  /// Adds a key to the allow-list, or gives it another node id.
  package func allow(_ key: CurvePublicKey, as nodeID: String) { list.allow(key, as: nodeID) }

  /// Posts a message to a peer from any thread, in order per endpoint.
  ///
  /// False when it was dropped at once because 8,192 messages or 64 MiB wait on that endpoint, or
  /// it is stopped. A message that libzmq gives up later is reported as `undeliverable`.
  @discardableResult
  package func send(_ frames: [[UInt8]], to peer: PeerAddress) -> Bool {
    switch peer.endpoint {
    case .control: control.send(frames, to: peer)
    case .data: data.send(frames, to: peer)
    }
  }

  /// Cuts a peer's connection from any thread, after what was posted before.
  ///
  /// What libzmq holds for it is lost; its own libzmq dials again, and its key is then looked up
  /// anew. Nothing happens where the connection is gone already.
  package func disconnect(_ peer: PeerAddress) {
    switch peer.endpoint {
    case .control: control.disconnect(peer)
    case .data: data.disconnect(peer)
    }
  }

  /// Messages dropped at once by `send` since the start.
  package var droppedSends: Int { control.dropped + data.dropped }

  /// Bytes that one endpoint has moved since the start, over all peers.
  package func bytes(_ endpoint: WireEndpoint) -> TransferredBytes {
    switch endpoint {
    case .control: control.bytes
    case .data: data.bytes
    }
  }

  /// Closes everything and returns when no callback runs any more and both ports are free again.
  ///
  /// May be called again.
  ///
  /// What libzmq has not put on the wire by then is lost.
  package func stop() {
    control.stop()
    data.stop()
    admission.stop()
  }
}
