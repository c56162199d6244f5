/// Last question: whose own masks and whose keys the coordinator needs to open the sum.
package struct SecureRequest: Sendable, Equatable {
  /// SHA-256 of the cohort's list.
  package let roster: [UInt8]
  /// Positions of the nodes that shared, rising.
  package let sharers: [Int]
  /// Positions of those of them whose masked inputs arrived, rising; the others count as dead.
  package let living: [Int]

  /// The question after the inputs that arrived, which may come in any order.
  ///
  /// Throws `foreign` where inputs are of another cohort or masked for other nodes, `threshold`
  /// where fewer than the threshold arrived: the sum then stays hidden.
  package init(inputs: [SecureInput], roster: SecureRoster) throws(SecureError) {
    let digest = roster.digest
    self.roster = digest
    living = inputs.map(\.node).sorted()
    guard living.count >= roster.threshold, let first = inputs.first else {
      throw .threshold(found: living.count, needed: roster.threshold, what: "masked inputs")
    }
    sharers = first.sharers
    guard inputs.allSatisfy({ $0.roster == digest && $0.sharers == first.sharers }),
      Set(living).count == living.count, Set(living).isSubset(of: sharers),
      sharers.allSatisfy(roster.members.indices.contains)
    else { throw .foreign("inputs of another cohort, for other nodes, or two of one node") }
  }

  /// The bytes that are stored and sent.
  package func encoded() -> [UInt8] { messageBytes }

  /// Reads one; any bytes at all either make one or throw `format`.
  package init(reading bytes: [UInt8]) throws(SecureError) { self = try Self.read(bytes) }
}

extension SecureRequest: SecureMessage {
  static let kind: UInt8 = 6

  func append(to bytes: inout [UInt8]) {
    bytes += roster
    bytes.append(positions: sharers)
    bytes.append(positions: living)
  }

  init(from reader: inout ByteReader) throws(FormatError) {
    roster = try reader.take(32)
    sharers = try reader.positions()
    living = try reader.positions()
    guard Set(living).isSubset(of: sharers) else {
      throw FormatError("a node is alive that never shared")
    }
  }
}

/// Last phase: of each node one share, of its own mask if it lives, of its mask key if not.
package struct SecureAnswer: Sendable, Equatable {
  /// SHA-256 of the request.
  package let request: [UInt8]
  /// The holder's position in the cohort's list.
  package let holder: Int
  /// 32 bytes for each of the request's sharers.
  package let shares: [[UInt8]]

  /// The bytes that are stored and sent.
  package func encoded() -> [UInt8] { messageBytes }

  /// Reads one; any bytes at all either make one or throw `format`.
  package init(reading bytes: [UInt8]) throws(SecureError) { self = try Self.read(bytes) }

  init(request: [UInt8], holder: Int, shares: [[UInt8]]) {
    self.request = request
    self.holder = holder
    self.shares = shares
  }
}

extension SecureAnswer: SecureMessage {
  static let kind: UInt8 = 7

  func append(to bytes: inout [UInt8]) {
    bytes += request
    bytes += [UInt8(holder), UInt8(shares.count)]
    for share in shares { bytes += share }
  }

  init(from reader: inout ByteReader) throws(FormatError) {
    request = try reader.take(32)
    let (holder, count): (UInt8, UInt8) = (try reader.integer(), try reader.integer())
    self.holder = Int(holder)
    var shares: [[UInt8]] = []
    for _ in 0..<count { shares.append(try reader.take(32)) }
    self.shares = shares
  }
}
