package import FleetCore
import FleetProtocol

/// What can be asked about one accepted node, by its word in the body.
package enum NodeVerb: String, Codable, Sendable, CaseIterable {
  case revoke, label, cordon, uncordon, drain, rotateKey, resetLearning, quarantine, pardon
  case replace
}

/// Body of `POST /v1/nodes/NAME`.
package struct NodeRequest: Codable, Sendable, Equatable {
  /// What is asked.
  package var verb: NodeVerb
  /// For `label`: names and values to set.
  package var labels: [String: String]?
  /// For `label`: names to take away.
  package var remove: [String]?
  /// For `drain`: give open rounds back instead of finishing them.
  package var giveBack: Bool?
  /// For `quarantine`: why.
  package var reason: String?
  /// For `replace`: the new hardware's key, or nil to look its fingerprint up.
  package var publicKey: String?
  /// For `replace`: fingerprint of a pending key.
  package var fingerprint: String?

  /// A request for a verb; what belongs to it is set after.
  package init(_ verb: NodeVerb) { self.verb = verb }
}

/// Body of `POST /v1/pending/reject`: exactly one of key and fingerprint.
package struct KeyRequest: Codable, Sendable, Equatable {
  /// The CURVE public key, 40 Z85 characters.
  package var publicKey: String?
  /// Fingerprint of a pending key.
  package var fingerprint: String?

  /// A request with its facts.
  package init(publicKey: String? = nil, fingerprint: String? = nil) {
    self.publicKey = publicKey
    self.fingerprint = fingerprint
  }
}

/// Body of `POST /v1/join-tokens`: a fresh token's hash, never the token.
package struct JoinTokenRequest: Codable, Sendable, Equatable {
  /// What it is called.
  package var name: String
  /// SHA-256 of its text, 64 hexadecimal digits.
  package var hash: String
  /// The only node that it lets in; nil for any.
  package var node: String?
  /// Nodes that it lets in.
  package var uses: UInt32
  /// Hours until it expires.
  package var hours: UInt32

  /// A request with its facts.
  package init(name: String, hash: String, node: String?, uses: UInt32, hours: UInt32) {
    self.name = name
    self.hash = hash
    self.node = node
    self.uses = uses
    self.hours = hours
  }
}

/// A join token as operators see it: without its hash.
package struct JoinTokenView: Codable, Sendable, Equatable {
  /// What it is called.
  package var name: String
  /// The only node that it lets in; nil for any.
  package var node: String?
  /// Nodes that it still lets in.
  package var usesLeft: UInt32
  /// Microseconds since 1970 UTC.
  package var expiresMicroseconds: Int64

  /// A value with its facts.
  package init(name: String, node: String?, usesLeft: UInt32, expiresMicroseconds: Int64) {
    self.name = name
    self.node = node
    self.usesLeft = usesLeft
    self.expiresMicroseconds = expiresMicroseconds
  }
}

/// Body of `POST /v1/tokens`: a fresh token's hash, never the token.
package struct TokenRequest: Codable, Sendable, Equatable {
  /// What it is called.
  package var name: String
  /// SHA-256 of its text, 64 hexadecimal digits.
  package var hash: String
  /// What it lets its holder do.
  package var scopes: [AdminScope]
  /// Hours until it expires; nil for never.
  package var hours: UInt32?

  /// A request with its facts.
  package init(name: String, hash: String, scopes: [AdminScope], hours: UInt32?) {
    self.name = name
    self.hash = hash
    self.scopes = scopes
    self.hours = hours
  }
}

/// A token of the admin endpoint as its administrators see it: without its hash.
package struct TokenView: Codable, Sendable, Equatable {
  /// What it is called.
  package var name: String
  /// What it lets its holder do.
  package var scopes: [AdminScope]
  /// good, expired or revoked.
  package var state: String
  /// Microseconds since 1970 UTC.
  package var createdMicroseconds: Int64
  /// Likewise; nil for never.
  package var expiresMicroseconds: Int64?
  /// When it was revoked; nil where it was not.
  package var revokedMicroseconds: Int64?
  /// When it was last good for a request, to a minute; nil where it never was.
  package var usedMicroseconds: Int64?

  /// A token as it stands at an instant.
  package init(_ token: AdminToken, at now: Instant) {
    name = token.name.text
    scopes = token.scopes
    state = token.isGood(at: now) ? "good" : token.revokedAt == nil ? "expired" : "revoked"
    createdMicroseconds = token.createdAt.microseconds
    expiresMicroseconds = token.expiresAt?.microseconds
    revokedMicroseconds = token.revokedAt?.microseconds
    usedMicroseconds = token.usedAt?.microseconds
  }
}

/// One check that an agent made of itself.
package struct CheckView: Codable, Sendable, Equatable {
  /// What was checked.
  package var name: String
  /// ok, warning or failed.
  package var result: String
  /// What was found, and what to do.
  package var detail: String

  /// A check with its facts.
  package init(name: String, result: String, detail: String) {
    self.name = name
    self.result = result
    self.detail = detail
  }
}
