/// The cohort of one round as every node of it has to see it.
///
/// It fixes what is summed: weight * delta and the weight itself, modulo 2^(8 * wordBytes). That
/// is exact, for the sum of honest values stays below half of the modulus: no weight is above the
/// member's `weightMax`, no delta above `deltaMax`, and `wordBytes` holds their products' sum with
/// its sign. All weights together are at most 2^46, so 8 bytes are always enough.
package struct SecureRoster: Sendable, Equatable {
  /// A node of the cohort.
  package struct Member: Sendable, Equatable {
    /// Its keys and its name.
    package let advert: SecureAdvert
    /// Largest weight it may use, 1 at least: the samples it was offered, or 1 for equal weights.
    package let weightMax: UInt32

    /// A node with its limit.
    package init(advert: SecureAdvert, weightMax: UInt32) {
      self.advert = advert
      self.weightMax = weightMax
    }
  }

  /// The round.
  package let round: SecureRound
  /// SHA-256 of the round's base model, 32 bytes.
  package let base: [UInt8]
  /// Elements of each layer, in the order of an update.
  package let layerCounts: [UInt32]
  /// Largest delta in steps of w16 either way, 1 to 65,535.
  package let deltaMax: UInt32
  /// Nodes whose shares open a secret: more than half of the members.
  package let threshold: Int
  /// 2 to 255 nodes in byte order of their names.
  package let members: [Member]

  /// A cohort, whose members may come in any order.
  ///
  /// Throws `roster` where there are too few or too many members, two of a name or a key, limits
  /// out of range, or a threshold that is not above half: from half on, a coordinator could ask
  /// one half for a node's own mask and the other for its key, and have its update.
  /// With c nodes that work with the coordinator, take 2 * threshold > members + c.
  package init(
    round: SecureRound, base: [UInt8], layerCounts: [UInt32], deltaMax: UInt32, threshold: Int,
    members: [Member]
  ) throws(SecureError) {
    precondition(base.count == 32, "base digest of \(base.count) bytes, expected 32")
    self.round = round
    self.base = base
    self.layerCounts = layerCounts
    self.deltaMax = deltaMax
    self.threshold = threshold
    self.members = members.sorted {
      $0.advert.node.utf8.lexicographicallyPrecedes($1.advert.node.utf8)
    }
    if let detail = fault { throw .roster(detail) }
  }

  /// The bytes that are stored and sent.
  package func encoded() -> [UInt8] { messageBytes }

  /// Reads one; any bytes at all either make one or throw `format`.
  package init(reading bytes: [UInt8]) throws(SecureError) { self = try Self.read(bytes) }

  /// Bytes of each masked word, 1 to 8.
  package var wordBytes: Int { (65 - (weightMax * UInt64(deltaMax)).leadingZeroBitCount + 7) / 8 }

  /// Words of a masked input: one for each element, and the weight in front.
  package var words: Int { layerCounts.reduce(1) { $0 + Int($1) } }

  /// Sum of the members' largest weights.
  var weightMax: UInt64 { members.reduce(0) { $0 + UInt64($1.weightMax) } }

  /// Where a node stands in the list, from 0 up; nil where it is not in the cohort.
  package func position(of node: String) -> Int? {
    members.firstIndex { $0.advert.node == node }
  }

  /// The names at two positions, the lower position first.
  func names(_ one: Int, _ other: Int) -> [String] {
    [min(one, other), max(one, other)].map { members[$0].advert.node }
  }

  private var fault: String? {
    guard (2...SecretSharing.holdersMax).contains(members.count) else {
      return "\(members.count) members, 2 to \(SecretSharing.holdersMax)"
    }
    guard threshold * 2 > members.count, threshold <= members.count else {
      return "threshold \(threshold) of \(members.count) members, more than half is needed"
    }
    guard (1...UInt32(FederatedAverage.deltaMax)).contains(deltaMax) else {
      return "largest delta \(deltaMax)"
    }
    guard members.allSatisfy({ $0.weightMax >= 1 }), weightMax <= FederatedAverage.samplesMax
    else {
      return "largest weights of 1 or more and at most \(FederatedAverage.samplesMax) in all"
    }
    guard layerCounts.count <= ModelUpdate.layersMax, words <= ModelUpdate.elementsMax else {
      return "\(layerCounts.count) layers, \(words) words"
    }
    for (left, right) in zip(members, members.dropFirst())
    where !left.advert.node.utf8.lexicographicallyPrecedes(right.advert.node.utf8) {
      return "\(left.advert.node) before \(right.advert.node)"
    }
    guard members.allSatisfy({ $0.advert.round == round }) else {
      return "keys of another round than \(round)"
    }
    // A key that two members have would give one mask twice, and so away.
    guard Set(members.map(\.advert.maskKey)).count == members.count,
      Set(members.map(\.advert.shareKey)).count == members.count
    else { return "two members have the same key" }
    return nil
  }
}

extension SecureRoster: SecureMessage {
  static let kind: UInt8 = 2

  func append(to bytes: inout [UInt8]) {
    round.append(to: &bytes)
    bytes += base
    bytes.append(integer: UInt32(layerCounts.count))
    for count in layerCounts { bytes.append(integer: count) }
    bytes.append(integer: deltaMax)
    bytes += [UInt8(threshold), UInt8(members.count)]
    for member in members {
      member.advert.append(to: &bytes)
      bytes.append(integer: member.weightMax)
    }
  }

  init(from reader: inout ByteReader) throws(FormatError) {
    round = try SecureRound(from: &reader)
    base = try reader.take(32)
    let layers: UInt32 = try reader.integer()
    layerCounts = try reader.integers(Int(layers))
    deltaMax = try reader.integer()
    let (threshold, count): (UInt8, UInt8) = (try reader.integer(), try reader.integer())
    self.threshold = Int(threshold)
    var members: [Member] = []
    for _ in 0..<count {
      members.append(
        Member(advert: try SecureAdvert(from: &reader), weightMax: try reader.integer()))
    }
    self.members = members
    if let fault { throw FormatError(fault) }
  }
}
