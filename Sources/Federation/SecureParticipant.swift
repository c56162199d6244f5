import Crypto

/// A node's part in one round of secure aggregation: what the coordinator learns is a sum only.
///
/// Bonawitz et al. 2017: each two nodes share a mask that cancels in the sum, and each node has
/// one of its own on top, so that an input that comes late stays hidden although its pairwise
/// masks were opened when the node was thought dead. Secrets are shared out so that any
/// `threshold` nodes can open what dead nodes left in the sum.
///
/// It hides a node's update and its weight from the coordinator and from fewer than `threshold`
/// other nodes together, as long as the coordinator hands messages on as they are
/// (see `SecureAdvert`). It does not hide the sum, nor who took part, nor that an update is bad:
/// nobody can look into one. The sum of a few nodes may still tell much about each.
///
/// All secrets come from one stored secret by the round's name, so a node that dies and starts
/// again says the same bytes again. What was answered is in `record`, which is stored before an
/// answer is sent; the same question gets the same answer, another one is refused.
package struct SecureParticipant: Sendable {
  /// The round.
  package let round: SecureRound
  /// The node's name.
  package let node: String
  /// What was answered so far.
  package private(set) var record: SecureRecord
  private let root: [UInt8]

  /// A node's part, at its beginning or as it was stored.
  ///
  /// `root` are 32 random bytes or more that were drawn for this round alone and stored before
  /// the advert was sent. When the round is over they are deleted: its masks then stay closed for
  /// good, and a later job of the same name cannot bring them back.
  package init(
    round: SecureRound, node: String, root: [UInt8], record: SecureRecord = SecureRecord()
  ) {
    precondition(root.count >= 32, "a secret of \(root.count) bytes, at least 32")
    self.round = round
    self.node = node
    self.root = root
    self.record = record
  }

  /// First phase: the node's keys.
  package var advert: SecureAdvert {
    SecureAdvert(
      round: round, node: node, shareKey: [UInt8](shareKey.publicKey.rawRepresentation),
      maskKey: [UInt8](maskKey.publicKey.rawRepresentation),
      selfMask: SecureKeys.commitment(seed, "seed", round: round))
  }

  /// Second phase: shares of the node's secrets, sealed for each member.
  ///
  /// Throws `foreign` where the list is not of this round or does not have this node's own keys,
  /// `conflict` where another list was answered before, `public-key` for a member without a key.
  package mutating func share(_ roster: SecureRoster) throws(SecureError) -> SecureShares {
    let own = try position(in: roster)
    let digest = roster.digest
    let (holders, threshold) = (roster.members.count, roster.threshold)
    var coefficients = Keystream(
      key: derived("coefficients", context: digest))
    let keyShares = SecretSharing.split(
      derived("mask key"), threshold: threshold, holders: holders,
      coefficients: coefficients.take((threshold - 1) * 32))
    let seedShares = SecretSharing.split(
      seed, threshold: threshold, holders: holders,
      coefficients: coefficients.take((threshold - 1) * 32))
    var shares: [SealedShare] = []
    for (holder, member) in roster.members.enumerated() {
      let key = try SecureKeys.sealing(
        shareKey, member.advert, owner: node, holder: member.advert.node, roster: digest)
      shares.append(
        SealedShare(
          sealed: Self.seal(keyShares[holder] + seedShares[holder], key),
          keyCommitment: SecureKeys.commitment(keyShares[holder], "key share", round: round),
          seedCommitment: SecureKeys.commitment(seedShares[holder], "seed share", round: round)))
    }
    try record.note(.roster, digest)
    return SecureShares(roster: digest, owner: own, shares: shares)
  }

  /// Third phase: weight and weight * deltas under all masks.
  ///
  /// Nothing is sent unless every share delivered opens and is what its owner committed to.
  ///
  /// - Parameters:
  ///   - base: SHA-256 of the model that was trained from.
  ///   - weight: 1 to the member's largest weight.
  ///   - deltas: in steps of w16, by layer.
  /// - Throws: `contribution` for values the list does not allow; `share`, `foreign`, `threshold`
  ///   for a delivery that will not do; `conflict` where another delivery or other values were
  ///   answered before; `order` before the shares or after the last question.
  package mutating func mask(
    base: [UInt8], weight: UInt32, deltas: [[Int32]], roster: SecureRoster,
    delivery: SecureDelivery
  ) throws(SecureError) -> SecureInput {
    let own = try position(in: roster)
    try check(base, weight, deltas, roster, own)
    var record = record
    guard record.has(.roster) else { throw .order("shares before masks") }
    try record.note(.roster, roster.digest)
    guard !record.has(.request) || record.has(.input) else {
      throw .order("masks after the last question")
    }
    _ = try opened(delivery, roster)
    try record.note(.delivery, delivery.digest)
    var words = MaskedWords(
      width: roster.wordBytes,
      words: [UInt64(weight)]
        + deltas.flatMap { layer in
          layer.map { UInt64(bitPattern: Int64(weight) * Int64($0)) }
        })
    words.mask(key: SecureKeys.selfMask(seed: seed, roster: roster.digest), isAdded: true)
    for other in delivery.owners where other != own {
      let key = try SecureKeys.pairMask(
        maskKey, roster.members[other].advert, names: roster.names(own, other),
        roster: roster.digest)
      words.mask(key: key, isAdded: own < other)
    }
    let input = SecureInput(
      roster: roster.digest, node: own, sharers: delivery.owners, words: words.bytes)
    try record.note(.input, input.digest)
    self.record = record
    return input
  }

  /// Last phase: one share of each node, of its own mask if it lives, else of its mask key.
  ///
  /// Never both of one node, as only one question is ever answered.
  ///
  /// Throws `foreign` for a question about other nodes, or one that has this node alive although
  /// it sent nothing; `threshold` where too few live; `conflict` where another question was
  /// answered before; `order` before the shares.
  package mutating func answer(
    _ request: SecureRequest, roster: SecureRoster, delivery: SecureDelivery
  ) throws(SecureError) -> SecureAnswer {
    let own = try position(in: roster)
    var record = record
    guard record.has(.roster) else { throw .order("shares before answers") }
    try record.note(.roster, roster.digest)
    let opened = try opened(delivery, roster)
    guard request.roster == roster.digest, request.sharers == delivery.owners else {
      throw .foreign("a question about other nodes")
    }
    guard request.living.count >= roster.threshold else {
      throw .threshold(
        found: request.living.count, needed: roster.threshold, what: "living nodes")
    }
    guard record.has(.input) || !request.living.contains(own) else {
      throw .foreign("\(node) has sent no masked input")
    }
    try record.note(.delivery, delivery.digest)
    try record.note(.request, request.digest)
    let living = Set(request.living)
    let shares = zip(request.sharers, opened).map { living.contains($0) ? $1.seed : $1.key }
    self.record = record
    return SecureAnswer(request: request.digest, holder: own, shares: shares)
  }
}

extension SecureParticipant {
  private var shareKey: Curve25519.KeyAgreement.PrivateKey {
    SecureKeys.privateKey(derived("share key"))
  }

  private var maskKey: Curve25519.KeyAgreement.PrivateKey {
    SecureKeys.privateKey(derived("mask key"))
  }

  private var seed: [UInt8] { derived("seed") }

  private func derived(_ purpose: String, context: [UInt8] = []) -> [UInt8] {
    SecureKeys.derived(root, purpose, round: round, node: node, context: context)
  }

  private func position(in roster: SecureRoster) throws(SecureError) -> Int {
    guard roster.round == round else {
      throw .foreign("a list of \(roster.round), not of \(round)")
    }
    guard let own = roster.position(of: node), roster.members[own].advert == advert else {
      throw .foreign("the list does not have \(node) with its own keys")
    }
    return own
  }

  private func check(
    _ base: [UInt8], _ weight: UInt32, _ deltas: [[Int32]], _ roster: SecureRoster, _ own: Int
  ) throws(SecureError) {
    guard base == roster.base else { throw .contribution("trained from another base") }
    let limit = roster.members[own].weightMax
    guard (1...limit).contains(weight) else {
      throw .contribution("a weight of \(weight), 1 to \(limit)")
    }
    guard deltas.map({ UInt32(clamping: $0.count) }) == roster.layerCounts else {
      throw .contribution("layers of \(deltas.map(\.count)), expected \(roster.layerCounts)")
    }
    for layer in deltas {
      for delta in layer where delta.magnitude > roster.deltaMax {
        throw .contribution("a delta of \(delta), at most \(roster.deltaMax) either way")
      }
    }
  }

  private func opened(
    _ delivery: SecureDelivery, _ roster: SecureRoster
  ) throws(SecureError) -> [(key: [UInt8], seed: [UInt8])] {
    guard delivery.roster == roster.digest,
      delivery.owners.allSatisfy(roster.members.indices.contains),
      delivery.owners.contains(where: { roster.members[$0].advert.node == node })
    else { throw .foreign("a delivery of another cohort, or without \(node) itself") }
    guard delivery.owners.count >= roster.threshold else {
      throw .threshold(
        found: delivery.owners.count, needed: roster.threshold, what: "nodes have shared")
    }
    var opened: [(key: [UInt8], seed: [UInt8])] = []
    for (position, share) in zip(delivery.owners, delivery.shares) {
      let owner = roster.members[position].advert
      let key = try SecureKeys.sealing(
        shareKey, owner, owner: owner.node, holder: node, roster: roster.digest)
      guard let both = Self.open(share.sealed, key) else {
        throw .share(owner: owner.node, holder: node)
      }
      let (own, seed) = (Array(both[..<32]), Array(both[32...]))
      guard SecureKeys.commitment(own, "key share", round: round) == share.keyCommitment,
        SecureKeys.commitment(seed, "seed share", round: round) == share.seedCommitment
      else { throw .share(owner: owner.node, holder: node) }
      opened.append((own, seed))
    }
    return opened
  }

  /// The key is good for this one message, and names round, cohort, owner and holder.
  private static func seal(_ shares: [UInt8], _ key: SymmetricKey) -> [UInt8] {
    do {
      let box = try ChaChaPoly.seal(shares, using: key, nonce: try nonce())
      return [UInt8](box.ciphertext) + [UInt8](box.tag)
    } catch {
      preconditionFailure("\(shares.count) bytes were not sealed: \(error)")
    }
  }

  private static func open(_ sealed: [UInt8], _ key: SymmetricKey) -> [UInt8]? {
    do {
      let box = try ChaChaPoly.SealedBox(
        nonce: try nonce(), ciphertext: sealed.dropLast(16), tag: sealed.suffix(16))
      return [UInt8](try ChaChaPoly.open(box, using: key))
    } catch {
      return nil
    }
  }

  private static func nonce() throws -> ChaChaPoly.Nonce {
    try ChaChaPoly.Nonce(data: [UInt8](repeating: 0, count: 12))
  }
}
