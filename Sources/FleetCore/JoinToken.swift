/// A secret that lets a node in without an operator: some number of times, for some time.
///
/// Only its hash is kept, so that a copy of the database lets nobody in.
package struct JoinToken: Sendable, Equatable, Codable {
  /// Tokens that may be kept at a time.
  package static let tokensMax = 1_000
  /// Nodes that one token may let in.
  package static let usesMax: UInt32 = 10_000
  /// Longest validity.
  package static let daysMax: UInt32 = 366

  /// What operators call it.
  package var name: String
  /// SHA-256 of its text, 64 hexadecimal digits.
  package var hash: String
  /// The only node that it lets in; nil for any.
  package var node: String?
  /// When it was made.
  package var createdAt: Instant
  /// When it stops to be good.
  package var expiresAt: Instant
  /// Nodes that it still lets in.
  package var usesLeft: UInt32

  /// A token with its facts.
  package init(
    name: String, hash: String, node: String?, createdAt: Instant, expiresAt: Instant,
    usesLeft: UInt32
  ) {
    self.name = name
    self.hash = hash
    self.node = node
    self.createdAt = createdAt
    self.expiresAt = expiresAt
    self.usesLeft = usesLeft
  }
}

/// What the enrolment process took in from a stranger: the key is proven, the rest is its word.
package struct EnrolmentRequest: Sendable, Equatable, Codable {
  /// SHA-256 of the token that was shown, 64 hexadecimal digits.
  package var tokenHash: String
  /// The CURVE public key that the connection was made with.
  package var publicKey: String
  /// The name that the node asks for.
  package var node: String

  /// A request with its facts.
  package init(tokenHash: String, publicKey: String, node: String) {
    self.tokenHash = tokenHash
    self.publicKey = publicKey
    self.node = node
  }
}
