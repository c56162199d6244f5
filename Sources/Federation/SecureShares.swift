/// A share of each of an owner's two secrets for one holder, sealed for it alone.
package struct SealedShare: Sendable, Equatable {
  /// ChaCha20-Poly1305 over the share of the mask key and that of the own mask: 80 bytes.
  package let sealed: [UInt8]
  /// Hash of the share of the mask key, 32 bytes.
  package let keyCommitment: [UInt8]
  /// Hash of the share of the seed of the own mask, 32 bytes.
  package let seedCommitment: [UInt8]

  static let sealedBytes = 80

  func append(to bytes: inout [UInt8]) { bytes += sealed + keyCommitment + seedCommitment }

  init(sealed: [UInt8], keyCommitment: [UInt8], seedCommitment: [UInt8]) {
    self.sealed = sealed
    self.keyCommitment = keyCommitment
    self.seedCommitment = seedCommitment
  }

  init(from reader: inout ByteReader) throws(FormatError) {
    self.init(
      sealed: try reader.take(Self.sealedBytes), keyCommitment: try reader.take(32),
      seedCommitment: try reader.take(32))
  }
}

/// Second phase: a node's shares of its secrets for every member, its own one included.
package struct SecureShares: Sendable, Equatable {
  /// SHA-256 of the cohort's list.
  package let roster: [UInt8]
  /// The owner's position in the list.
  package let owner: Int
  /// One for each member, in the list's order.
  package let shares: [SealedShare]

  /// The bytes that are stored and sent.
  package func encoded() -> [UInt8] { messageBytes }

  /// Reads one; any bytes at all either make one or throw `format`.
  package init(reading bytes: [UInt8]) throws(SecureError) { self = try Self.read(bytes) }

  init(roster: [UInt8], owner: Int, shares: [SealedShare]) {
    self.roster = roster
    self.owner = owner
    self.shares = shares
  }
}

extension SecureShares: SecureMessage {
  static let kind: UInt8 = 3

  func append(to bytes: inout [UInt8]) {
    bytes += roster
    bytes += [UInt8(owner), UInt8(shares.count)]
    for share in shares { share.append(to: &bytes) }
  }

  init(from reader: inout ByteReader) throws(FormatError) {
    roster = try reader.take(32)
    let (owner, count): (UInt8, UInt8) = (try reader.integer(), try reader.integer())
    self.owner = Int(owner)
    var shares: [SealedShare] = []
    for _ in 0..<count { shares.append(try SealedShare(from: &reader)) }
    self.shares = shares
  }
}

/// What the coordinator hands on to one holder: its share from each node that shared.
package struct SecureDelivery: Sendable, Equatable {
  /// SHA-256 of the cohort's list.
  package let roster: [UInt8]
  /// Positions of the nodes that shared, rising: the masks will be between these.
  package let owners: [Int]
  /// One for each of them.
  package let shares: [SealedShare]

  /// What `holder`, a position, gets out of all that was shared, which may come in any order.
  ///
  /// Throws `foreign` for shares of another cohort and `threshold` where too few have shared.
  package init(
    _ shared: [SecureShares], to holder: Int, roster: SecureRoster
  ) throws(SecureError) {
    let shared = shared.sorted { $0.owner < $1.owner }
    let (digest, count) = (roster.digest, roster.members.count)
    owners = shared.map(\.owner)
    guard shared.allSatisfy({ $0.roster == digest && $0.shares.count == count }),
      Set(owners).count == owners.count, owners.allSatisfy(roster.members.indices.contains)
    else { throw .foreign("shares of another cohort, or two of one node") }
    guard owners.count >= roster.threshold else {
      throw .threshold(found: owners.count, needed: roster.threshold, what: "nodes have shared")
    }
    precondition(roster.members.indices.contains(holder), "holder \(holder)")
    self.roster = digest
    shares = shared.map { $0.shares[holder] }
  }

  /// The bytes that are stored and sent.
  package func encoded() -> [UInt8] { messageBytes }

  /// Reads one; any bytes at all either make one or throw `format`.
  package init(reading bytes: [UInt8]) throws(SecureError) { self = try Self.read(bytes) }
}

extension SecureDelivery: SecureMessage {
  static let kind: UInt8 = 4

  func append(to bytes: inout [UInt8]) {
    bytes += roster
    bytes.append(positions: owners)
    for share in shares { share.append(to: &bytes) }
  }

  init(from reader: inout ByteReader) throws(FormatError) {
    roster = try reader.take(32)
    owners = try reader.positions()
    var shares: [SealedShare] = []
    for _ in owners { shares.append(try SealedShare(from: &reader)) }
    self.shares = shares
  }
}
