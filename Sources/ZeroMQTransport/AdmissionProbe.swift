package import FleetProtocol

/// The start-up self-test: a key that nobody accepted must be refused at the door.
///
/// libzmq without a working authentication handler admits every key, silently.
package struct AdmissionProbe: Sendable {
  /// How long an endpoint of this machine may take to refuse.
  package static let patienceMilliseconds = 5_000

  let keys: CurveKeyPair

  /// A probe with a fresh random key.
  package init() throws(TransportError) {
    do throws(ZMQError) {
      keys = try CurveKeyPair.generate()
    } catch {
      throw .socket(error)
    }
  }

  /// Connects and returns when it was refused; throws when it was let in or got no answer.
  ///
  /// The sockets are made, used and closed on the calling thread.
  package func run(
    _ endpoint: WireEndpoint, address: String, serverKey: CurvePublicKey, context: Context,
    patienceMilliseconds: Int = AdmissionProbe.patienceMilliseconds
  ) throws(TransportError) {
    let outcome: Bool?
    do throws(ZMQError) {
      outcome = try isRefused(
        endpoint, address: address, serverKey: serverKey, context: context,
        milliseconds: patienceMilliseconds)
    } catch {
      throw .socket(error)
    }
    guard let outcome else {
      throw .selfTestUndecided(address: address, milliseconds: patienceMilliseconds)
    }
    guard outcome else { throw .strangerAdmitted(address: address) }
  }

  /// Nil when the door said neither yes nor no in time.
  private func isRefused(
    _ endpoint: WireEndpoint, address: String, serverKey: CurvePublicKey, context: Context,
    milliseconds: Int
  ) throws(ZMQError) -> Bool? {
    let socket = try Socket(.dealer, in: context)
    try EndpointSettings.applyClient(
      to: socket, endpoint, keys: keys, serverKey: serverKey, reconnectMilliseconds: 100)
    let monitored = try MonitoredSocket(
      socket, name: "probe-\(endpoint.rawValue)", in: context)
    try monitored.socket.connect(address)
    let deadline = SteadyClock.milliseconds() + Int64(milliseconds)
    while SteadyClock.milliseconds() < deadline {
      Poller.wait(monitored.channel, milliseconds: 100)
      while let change = try monitored.next() {
        switch change {
        case .refused: return true
        case .succeeded: return false
        case .brokenHandshake, .protocolViolation, .disconnected, .retrying: continue
        }
      }
    }
    return nil
  }
}
