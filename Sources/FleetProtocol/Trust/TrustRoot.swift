internal import SwiftProtobuf

/// What a key may sign.
package enum TrustRole: String, Sendable, CaseIterable {
  /// The root file itself.
  case root
  /// Manifests of published models.
  case publisher
  /// Orders to nodes.
  case deploy
  /// Manifests of federated successors of a published model.
  case federation
}

/// The keys that a node believes, by role: read from the signed root file it was given.
package struct TrustRoot: Sendable, Equatable {
  /// Keys that one role may have.
  package static let keysMax = 16

  /// Rises with every rotation.
  package let version: UInt64
  /// Microseconds since 1970 UTC after which the file is void.
  package let expiresMicroseconds: UInt64
  private let roles: [TrustRole: Role]

  /// Who may sign for one role.
  package struct Role: Sendable, Equatable {
    /// How many different keys must have signed.
    package var threshold: Int
    /// Raw Ed25519 public keys, 32 bytes each.
    package var keys: [[UInt8]]

    /// A role that so many of these keys must sign.
    package init(threshold: Int, keys: [[UInt8]]) {
      self.threshold = threshold
      self.keys = keys
    }
  }

  /// Reads a signed root file; it must be signed by the root role that it names itself.
  package init(envelope bytes: [UInt8]) throws(TrustError) {
    guard bytes.count <= Limits.rootBytesMax else {
      throw .size(found: bytes.count, limit: Limits.rootBytesMax)
    }
    let envelope = try SignedDocument.open(bytes, as: .root)
    let wire: WireRoot
    do {
      wire = try WireRoot(serializedBytes: [UInt8](envelope.payload))
    } catch {
      throw .payload(.root)
    }
    var roles: [TrustRole: Role] = [:]
    for role in wire.roles {
      guard let name = TrustRole(rawValue: role.name) else { continue }
      guard roles[name] == nil, (1...Self.keysMax).contains(role.keys.count),
        role.keys.allSatisfy({ $0.count == 32 }), Set(role.keys).count == role.keys.count,
        role.threshold >= 1, Int(role.threshold) <= role.keys.count
      else { throw .root(detail: "role \(name.rawValue) has no usable keys or threshold") }
      roles[name] = Role(threshold: Int(role.threshold), keys: role.keys.map { [UInt8]($0) })
    }
    for name in TrustRole.allCases where roles[name] == nil {
      throw .root(detail: "role \(name.rawValue) is missing")
    }
    self.roles = roles
    version = wire.version
    expiresMicroseconds = wire.expiresUs
    try check(envelope, role: .root)
  }

  /// The keys and the threshold of a role.
  package subscript(_ role: TrustRole) -> Role {
    guard let entry = roles[role] else {
      preconditionFailure("a root file without the role \(role.rawValue) was refused")
    }
    return entry
  }

  /// The payload of a document that enough keys of a role signed; verified before it is parsed.
  package func payload(
    of bytes: [UInt8], as type: DocumentType, role: TrustRole
  ) throws(TrustError) -> [UInt8] {
    let envelope = try SignedDocument.open(bytes, as: type)
    try check(envelope, role: role)
    return [UInt8](envelope.payload)
  }

  /// A manifest signed by a publisher.
  package func publishedManifest(_ bytes: [UInt8]) throws(TrustError) -> WireManifest {
    try manifest(bytes, role: .publisher)
  }

  /// A successor's manifest signed by the federation key.
  package func successorManifest(_ bytes: [UInt8]) throws(TrustError) -> WireManifest {
    try manifest(bytes, role: .federation)
  }

  /// An order signed by a deploy key.
  package func order(_ bytes: [UInt8]) throws(TrustError) -> WireOrder {
    let payload = try payload(of: bytes, as: .order, role: .deploy)
    do {
      return try WireOrder(serializedBytes: payload)
    } catch {
      throw .payload(.order)
    }
  }

  /// A coordinator's sign of life, signed by a deploy key.
  package func timestamp(_ bytes: [UInt8]) throws(TrustError) -> WireTimestamp {
    let payload = try payload(of: bytes, as: .timestamp, role: .deploy)
    do {
      return try WireTimestamp(serializedBytes: payload)
    } catch {
      throw .payload(.timestamp)
    }
  }

  /// The keys of a role that really signed these bytes, by their public halves.
  package func signers(
    of bytes: [UInt8], as type: DocumentType, role: TrustRole
  ) throws(TrustError) -> [[UInt8]] {
    SignedDocument.signers(of: try SignedDocument.open(bytes, as: type), among: self[role].keys)
  }

  /// Makes and signs a root file from whole roles.
  package static func makeEnvelope(
    version: UInt64, expiresMicroseconds: UInt64, roles: [TrustRole: Role],
    signers: [SigningKey]
  ) -> [UInt8] {
    var wire = WireRoot()
    wire.version = version
    wire.expiresUs = expiresMicroseconds
    for role in TrustRole.allCases {
      var entry = WireRootRole()
      entry.name = role.rawValue
      entry.threshold = UInt32(clamping: roles[role]?.threshold ?? 0)
      entry.keys = (roles[role]?.keys ?? []).map { wireBytes($0) }
      wire.roles.append(entry)
    }
    return SignedDocument.sign(SignedDocument.encoded(wire), as: .root, with: signers)
  }

  /// Makes and signs a root file; `keys` are raw Ed25519 public keys by role, thresholds one.
  package static func makeEnvelope(
    version: UInt64, expiresMicroseconds: UInt64, keys: [TrustRole: [[UInt8]]],
    signers: [SigningKey]
  ) -> [UInt8] {
    makeEnvelope(
      version: version, expiresMicroseconds: expiresMicroseconds,
      roles: keys.mapValues { Role(threshold: 1, keys: $0) }, signers: signers)
  }

  private func manifest(_ bytes: [UInt8], role: TrustRole) throws(TrustError) -> WireManifest {
    let payload = try payload(of: bytes, as: .manifest, role: role)
    do {
      return try WireManifest(serializedBytes: payload)
    } catch {
      throw .payload(.manifest)
    }
  }

  func check(_ envelope: WireEnvelope, role: TrustRole) throws(TrustError) {
    guard let entry = roles[role] else { throw .root(detail: "role \(role.rawValue) is missing") }
    let found = SignedDocument.signers(of: envelope, among: entry.keys).count
    guard found >= entry.threshold else {
      throw .signers(role: role, found: found, needed: entry.threshold)
    }
  }
}
