import FleetProtocol
import Testing

/// A node's root file is followed version by version, and only by what both old and new keys sign.
@Suite struct RootRotationTests {
  private let keys = FleetKeys()
  private let second = SigningKey()
  private let third = SigningKey()

  private func file(
    _ version: UInt64, expires: UInt64 = 1_000, roots: [SigningKey], threshold: Int = 1,
    signers: [SigningKey]
  ) -> [UInt8] {
    var roles: [TrustRole: TrustRoot.Role] = [:]
    for role in TrustRole.allCases {
      roles[role] = TrustRoot.Role(threshold: 1, keys: keys.byRole[role] ?? [])
    }
    roles[.root] = TrustRoot.Role(threshold: threshold, keys: roots.map(\.publicKey))
    return TrustRoot.makeEnvelope(
      version: version, expiresMicroseconds: expires, roles: roles, signers: signers)
  }

  private func first(roots: [SigningKey]? = nil, threshold: Int = 1) throws -> TrustRoot {
    let roots = roots ?? [keys.rootKey]
    return try TrustRoot(
      envelope: file(1, roots: roots, threshold: threshold, signers: roots))
  }

  @Test func `a successor is signed by the old keys and by the new ones`() throws {
    let root = try first()
    let good = file(2, roots: [second], signers: [keys.rootKey, second])
    #expect(try root.successor(good).version == 2)
    #expect(throws: TrustError.signers(role: .root, found: 0, needed: 1)) {
      try root.successor(file(2, roots: [second], signers: [second]))
    }
    #expect(throws: TrustError.signers(role: .root, found: 0, needed: 1)) {
      try root.successor(file(2, roots: [second], signers: [keys.rootKey]))
    }
  }

  @Test func `both thresholds must be reached by different keys`() throws {
    let root = try first(roots: [keys.rootKey, second], threshold: 2)
    let next = { (signers: [SigningKey]) in
      file(2, roots: [second, third], threshold: 2, signers: signers)
    }
    #expect(try root.successor(next([keys.rootKey, second, third])).version == 2)
    // `second` is of both files; alone it reaches neither threshold.
    for signers in [[second, third], [keys.rootKey, second], [second, second, third]] {
      #expect(throws: TrustError.signers(role: .root, found: 1, needed: 2)) {
        try root.successor(next(signers))
      }
    }
  }

  @Test func `a version that skips, stays or goes back is refused`() throws {
    let root = try TrustRoot(
      envelope: file(5, roots: [keys.rootKey], signers: [keys.rootKey]))
    for version: UInt64 in [0, 1, 4, 5, 7, .max] {
      #expect(throws: TrustError.rootVersion(found: version, expected: 6)) {
        try root.successor(file(version, roots: [keys.rootKey], signers: [keys.rootKey]))
      }
    }
    let last = try TrustRoot(
      envelope: file(.max, roots: [keys.rootKey], signers: [keys.rootKey]))
    #expect(throws: TrustError.rootVersion(found: 0, expected: .max)) {
      try last.successor(file(0, roots: [keys.rootKey], signers: [keys.rootKey]))
    }
  }

  @Test func `a chain leads through expired files to one that holds`() throws {
    let root = try first()
    let chain = [
      file(2, expires: 10, roots: [second], signers: [keys.rootKey, second]),
      file(3, expires: 20, roots: [third], signers: [second, third]),
      file(4, expires: 900, roots: [third], signers: [third]),
    ]
    #expect(try root.following(chain, nowMicroseconds: 500).version == 4)
    #expect(throws: TrustError.rootVersion(found: 3, expected: 2)) {
      try root.following(Array(chain.dropFirst()), nowMicroseconds: 5)
    }
    #expect(
      throws: TrustError.expired(
        what: "the root file of version 3", expiredMicroseconds: 20, nowMicroseconds: 500)
    ) { try root.following(Array(chain.dropLast()), nowMicroseconds: 500) }
  }

  @Test func `a chain that was followed before changes nothing`() throws {
    let root = try first()
    let chain = [
      file(2, roots: [second], signers: [keys.rootKey, second]),
      file(3, roots: [third], signers: [second, third]),
    ]
    let newest = try root.following(chain, nowMicroseconds: 5)
    #expect(try newest.following(chain, nowMicroseconds: 5) == newest)
    #expect(throws: TrustError.rootVersion(found: 2, expected: 4)) {
      try newest.following([chain[0]], nowMicroseconds: 5)
    }
  }

  @Test func `a chain of no file, or of one too many, is refused`() throws {
    let root = try first()
    for count in [0, Limits.rootChainMax + 1] {
      #expect(throws: TrustError.self) {
        try root.following([[UInt8]](repeating: [], count: count), nowMicroseconds: 5)
      }
    }
  }

  @Test func `a root file one byte too large is refused unread`() {
    let bytes = [UInt8](repeating: 0, count: Limits.rootBytesMax + 1)
    #expect(throws: TrustError.size(found: bytes.count, limit: Limits.rootBytesMax)) {
      try TrustRoot(envelope: bytes)
    }
  }

  @Test func `the fullest root file fits its limit`() throws {
    let many = (0..<TrustRoot.keysMax).map { _ in SigningKey() }
    let roles = Dictionary(
      uniqueKeysWithValues: TrustRole.allCases.map {
        ($0, TrustRoot.Role(threshold: TrustRoot.keysMax, keys: many.map(\.publicKey)))
      })
    let envelope = TrustRoot.makeEnvelope(
      version: .max, expiresMicroseconds: .max, roles: roles, signers: many)
    #expect(try TrustRoot(envelope: envelope)[.deploy].keys.count == TrustRoot.keysMax)
  }

  @Test func `a second publisher signs what the first has signed`() throws {
    let manifest = WireManifest()
    let one = SignedDocument.sign(
      SignedDocument.encoded(manifest), as: .manifest, with: [keys.publisher])
    let both = try SignedDocument.countersign(one, as: .manifest, with: [second])
    #expect(SignedDocument.claimedSigners(of: both) == [keys.publisher.id, second.id])
    #expect(SignedDocument.payload(of: both) == SignedDocument.payload(of: one))
    // Again, and each still counts once.
    let again = try SignedDocument.countersign(both, as: .manifest, with: [keys.publisher])
    #expect(SignedDocument.claimedSigners(of: again) == [second.id, keys.publisher.id])
    let root = try keys.root()
    let signers = try root.signers(of: again, as: .manifest, role: .publisher)
    #expect(signers == [keys.publisher.publicKey])
    let many = (0..<SignedDocument.signaturesMax).map { _ in SigningKey() }
    #expect(throws: TrustError.signatureCount(found: 17, limit: 16)) {
      try SignedDocument.countersign(one, as: .manifest, with: many)
    }
  }
}
