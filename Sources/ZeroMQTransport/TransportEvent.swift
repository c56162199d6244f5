package import FleetProtocol

/// A peer's reply address: only good on the connection that it came from, never an identity.
package struct PeerAddress: Sendable, Hashable {
  /// The door that the peer came through.
  package let endpoint: WireEndpoint
  /// Made by libzmq, new at every connection.
  package let routingID: [UInt8]

  /// An address by its two parts.
  package init(endpoint: WireEndpoint, routingID: [UInt8]) {
    self.endpoint = endpoint
    self.routingID = routingID
  }
}

/// What a coordinator's sockets report, in order per endpoint.
package enum TransportEvent: Sendable, Equatable {
  /// A message of one to three frames; the user id is the identity that its key stands for.
  case received(endpoint: WireEndpoint, peer: PeerAddress, userID: String, frames: [[UInt8]])
  /// A message of more frames than any type has; it was dropped unread.
  case malformed(peer: PeerAddress, userID: String, frameCount: Int)
  /// A message was given up.
  case undeliverable(peer: PeerAddress, reason: UndeliverableReason)
  /// A key that is not on the list knocked; at most once a minute for each key.
  case unknownKey(publicKeyZ85: String, address: String)
  /// A socket call failed that never should; the endpoint goes on.
  case failed(endpoint: WireEndpoint, error: ZMQError)
}

/// Why a message was given up.
package enum UndeliverableReason: String, Sendable {
  /// The connection is closed.
  case gone
  /// The peer does not read and its queue is full.
  case full
}

/// What an agent's sockets report, in order per endpoint.
package enum AgentTransportEvent: Sendable, Equatable {
  /// The handshake succeeded; frames sent from now on travel.
  case connected(WireEndpoint)
  /// There is no connection, and why.
  case disconnected(WireEndpoint, reason: DisconnectReason)
  /// A message of one to three frames from the coordinator whose key is pinned.
  case received(WireEndpoint, frames: [[UInt8]])
  /// A message of more frames than any type has; it was dropped unread.
  case malformed(WireEndpoint, frameCount: Int)
  /// A socket call failed that never should; `open` starts afresh.
  case failed(WireEndpoint, error: ZMQError)
}

/// Why an agent has no connection.
package enum DisconnectReason: String, Sendable, CaseIterable {
  /// The coordinator does not know this node's key: an operator must accept it.
  case refused
  /// The handshake broke, as with a wrong pinned coordinator key or a peer of another kind.
  case handshake
  /// The other side does not speak the protocol of libzmq.
  case protocolViolation = "protocol"
  /// An established connection ended.
  case lost
  /// Nobody listens at the address.
  case unreachable

  /// True where libzmq never tries again by itself: only `open` helps.
  package var needsOpen: Bool {
    switch self {
    case .refused, .protocolViolation, .handshake: true
    case .lost, .unreachable: false
    }
  }
}
