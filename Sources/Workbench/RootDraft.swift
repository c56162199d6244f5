package import FleetProtocol

/// The next root file in the making: the last one with keys added, removed and thresholds set.
///
/// Nothing here needs a network, so that root keys can stay on a machine without one.
package struct RootDraft: Sendable, Equatable {
  /// The version that the file will have.
  package let version: UInt64
  /// Microseconds since 1970 UTC after which it is void.
  package var expiresMicroseconds: UInt64
  /// Keys and thresholds by role.
  package private(set) var roles: [TrustRole: TrustRoot.Role]

  /// A file that follows this one and names the same keys.
  package init(following root: TrustRoot, expiresMicroseconds: UInt64) {
    version = root.version + 1
    self.expiresMicroseconds = expiresMicroseconds
    roles = [:]
    for role in TrustRole.allCases { roles[role] = root[role] }
  }

  /// Names one more key, once.
  package mutating func add(_ publicKey: [UInt8], to role: TrustRole) {
    guard var entry = roles[role], !entry.keys.contains(publicKey) else { return }
    entry.keys.append(publicKey)
    roles[role] = entry
  }

  /// Takes the one key away whose id begins with these hexadecimal digits.
  package mutating func remove(
    idPrefix: String, from role: TrustRole
  ) throws(RootDraftError) {
    guard var entry = roles[role] else { return }
    let matches = entry.keys.filter {
      Hex.text(SigningKey.id(of: $0)).hasPrefix(idPrefix.lowercased())
    }
    guard matches.count == 1 else {
      throw .key(
        role: role, prefix: idPrefix, matches: matches.count,
        known: entry.keys.map { String(Hex.text(SigningKey.id(of: $0)).prefix(16)) })
    }
    entry.keys.removeAll { $0 == matches[0] }
    roles[role] = entry
  }

  /// Sets how many keys of a role must sign.
  package mutating func require(_ threshold: Int, of role: TrustRole) {
    roles[role]?.threshold = threshold
  }

  /// The signed file; whether enough keys signed is `missing`'s answer.
  package func signed(by keys: [SigningKey]) throws(RootDraftError) -> [UInt8] {
    for role in TrustRole.allCases {
      guard let entry = roles[role], (1...TrustRoot.keysMax).contains(entry.keys.count),
        (1...entry.keys.count).contains(entry.threshold)
      else {
        throw .threshold(
          role: role, threshold: roles[role]?.threshold ?? 0, keys: roles[role]?.keys.count ?? 0)
      }
    }
    return TrustRoot.makeEnvelope(
      version: version, expiresMicroseconds: expiresMicroseconds, roles: roles, signers: keys)
  }

  /// Why a file may not follow the last one yet; nil when it may.
  package static func missing(
    _ envelope: [UInt8], following root: TrustRoot
  ) -> TrustError? {
    do {
      _ = try root.successor(envelope)
      return nil
    } catch {
      return error
    }
  }
}

/// Why a root file cannot be made.
package enum RootDraftError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The digits name no key of the role, or several.
  case key(role: TrustRole, prefix: String, matches: Int, known: [String])
  /// The role could never be fulfilled.
  case threshold(role: TrustRole, threshold: Int, keys: Int)

  package var description: String {
    switch self {
    case .key(let role, let prefix, let matches, let known):
      "`\(prefix)` is the beginning of \(matches) key ids of \(role.rawValue), expected one of "
        + known.joined(separator: ", ")
    case .threshold(let role, let threshold, let keys):
      "role \(role.rawValue) would have \(keys) keys and a threshold of \(threshold), expected 1 "
        + "to \(TrustRoot.keysMax) keys and a threshold of 1 to that many; add keys or set another"
    }
  }
}
