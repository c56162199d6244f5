package import FleetProtocol

/// Whom a connection's key stands for: what the ZAP handler answers as `User-Id`.
///
/// libzmq asks about a key once per connection, so the key itself rides along: a connection that
/// was made with a key replaced since is known by it.
package struct PeerIdentity: Sendable, Hashable {
  /// The node that the key belonged to when the connection was made.
  package let node: Identifier
  /// That key, as 40 Z85 characters.
  package let publicKey: String

  /// An identity by its parts.
  package init(node: Identifier, publicKey: String) {
    self.node = node
    self.publicKey = publicKey
  }

  /// Reads `User-Id`; nil for anything that `text` never gives.
  package init?(_ text: String) {
    let parts = text.split(separator: " ", omittingEmptySubsequences: false)
    guard parts.count == 2, let node = Identifier(String(parts[0])), parts[1].utf8.count == 40
    else { return nil }
    self.init(node: node, publicKey: String(parts[1]))
  }

  /// Node and key with a space in between, which is in neither.
  package var text: String { "\(node) \(publicKey)" }
}
