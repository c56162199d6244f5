internal import SwiftProtobuf

extension TrustRoot {
  /// The root file that follows this one: its own root keys and this one's must have signed it.
  ///
  /// It may have expired: who was away for months passes through old ones to the newest.
  package func successor(_ envelope: [UInt8]) throws(TrustError) -> TrustRoot {
    let next = try TrustRoot(envelope: envelope)
    guard version < .max, next.version == version + 1 else {
      throw .rootVersion(found: next.version, expected: version < .max ? version + 1 : version)
    }
    try check(try SignedDocument.open(envelope, as: .root), role: .root)
    return next
  }

  /// The newest of these root files, reached version by version from this one.
  ///
  /// Files that are not newer than this one are passed over, for a chain may be repeated; the last
  /// one must be newer or the same, and must not have expired.
  package func following(
    _ chain: [[UInt8]], nowMicroseconds now: Int64
  ) throws(TrustError) -> TrustRoot {
    guard (1...Limits.rootChainMax).contains(chain.count) else {
      throw .root(detail: "a chain of \(chain.count) files, expected 1 to \(Limits.rootChainMax)")
    }
    var newest = self
    for (index, envelope) in chain.enumerated() {
      let isLast = index == chain.count - 1
      if let version = Self.unverifiedVersion(of: envelope), version <= self.version,
        !isLast || version == self.version
      {
        continue
      }
      newest = try newest.successor(envelope)
    }
    if newest.version > version { try newest.checkExpiry(nowMicroseconds: now) }
    return newest
  }

  /// Throws where the file is void at this time.
  package func checkExpiry(nowMicroseconds now: Int64) throws(TrustError) {
    guard expiresMicroseconds > now else {
      throw .expired(
        what: "the root file of version \(version)", expiredMicroseconds: expiresMicroseconds,
        nowMicroseconds: now)
    }
  }

  /// The version that a root file claims; nil where it is none.
  private static func unverifiedVersion(of envelope: [UInt8]) -> UInt64? {
    do {
      return try WireRoot(serializedBytes: SignedDocument.payload(of: envelope)).version
    } catch {
      return nil
    }
  }
}
