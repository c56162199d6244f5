import Crypto

/// The coordinator's part of secure aggregation: it opens the sum and nothing else.
///
/// A pure function of stored messages, so that a repeat after a crash gives the same total.
package struct SecureSum: Sendable {
  private let roster: SecureRoster
  private let request: SecureRequest
  private let inputs: [MaskedWords]
  /// What each of the request's sharers told of its shares, by holder.
  private let shared: [SecureShares]

  /// A sum that waits to be opened.
  ///
  /// `shared` and `inputs` are all that arrived, in any order. Throws `foreign` for messages of
  /// another cohort, `threshold` where too few inputs arrived, `format` for inputs of another
  /// length than the list's.
  package init(
    roster: SecureRoster, shared: [SecureShares], inputs: [SecureInput]
  ) throws(SecureError) {
    self.roster = roster
    request = try SecureRequest(inputs: inputs, roster: roster)
    var words: [MaskedWords] = []
    for input in inputs.sorted(by: { $0.node < $1.node }) {
      guard
        let masked = MaskedWords(
          width: roster.wordBytes, count: roster.words, bytes: input.words)
      else {
        throw .format(
          "\(input.words.count) bytes from \(roster.members[input.node].advert.node), expected "
            + "\(roster.words) words of \(roster.wordBytes)")
      }
      words.append(masked)
    }
    self.inputs = words
    var ordered: [SecureShares] = []
    for sharer in request.sharers {
      guard let own = shared.first(where: { $0.owner == sharer }),
        own.roster == request.roster, own.shares.count == roster.members.count
      else { throw .foreign("no shares of \(roster.members[sharer].advert.node)") }
      ordered.append(own)
    }
    self.shared = ordered
  }

  /// What to ask the nodes.
  package var question: SecureRequest { request }

  /// Holds an answer against what the owners committed to, before it counts.
  ///
  /// Throws `foreign` for an answer to another question and `share` with owner and holder for a
  /// share that is not the owner's. The holder is then out, the other answers still do.
  package func check(_ answer: SecureAnswer) throws(SecureError) {
    guard answer.request == request.digest, request.sharers.contains(answer.holder),
      answer.shares.count == request.sharers.count
    else { throw .foreign("an answer to another question") }
    for (own, share) in zip(shared, answer.shares) {
      let told = own.shares[answer.holder]
      let isLiving = request.living.contains(own.owner)
      let commitment = SecureKeys.commitment(
        share, isLiving ? "seed share" : "key share", round: roster.round)
      guard commitment == (isLiving ? told.seedCommitment : told.keyCommitment) else {
        throw .share(owner: name(own.owner), holder: name(answer.holder))
      }
    }
  }

  /// The sum over the living, exactly.
  ///
  /// The answers, in any order, have to pass `check`, one a node. Throws `threshold` where fewer
  /// than the threshold came, `secret` where an owner shared something else than what it
  /// committed to, `sum` where the total is beyond all limits.
  package func open(_ answers: [SecureAnswer]) throws(SecureError) -> UpdateTotal {
    for answer in answers { try check(answer) }
    guard Set(answers.map(\.holder)).count == answers.count else {
      throw .foreign("two answers of one node")
    }
    guard answers.count >= roster.threshold else {
      throw .threshold(found: answers.count, needed: roster.threshold, what: "answers")
    }
    let used = answers.sorted { $0.holder < $1.holder }.prefix(roster.threshold)
    var total = MaskedWords(
      width: roster.wordBytes, words: [UInt64](repeating: 0, count: roster.words))
    for input in inputs { total.add(input) }
    for (place, owner) in request.sharers.enumerated() {
      let secret = SecretSharing.combine(
        used.map { (holder: $0.holder, share: $0.shares[place]) })
      if request.living.contains(owner) {
        try unmask(&total, living: owner, seed: secret)
      } else {
        try unmask(&total, dead: owner, key: secret)
      }
    }
    return try decode(total.signed)
  }

  private func unmask(
    _ total: inout MaskedWords, living owner: Int, seed: [UInt8]
  ) throws(SecureError) {
    let commitment = SecureKeys.commitment(seed, "seed", round: roster.round)
    guard commitment == roster.members[owner].advert.selfMask else {
      throw .secret(owner: name(owner))
    }
    total.mask(
      key: SecureKeys.selfMask(seed: seed, roster: request.roster), isAdded: false)
  }

  /// Takes out what the living added for a node that never sent the other half.
  private func unmask(
    _ total: inout MaskedWords, dead owner: Int, key: [UInt8]
  ) throws(SecureError) {
    let key = SecureKeys.privateKey(key)
    guard [UInt8](key.publicKey.rawRepresentation) == roster.members[owner].advert.maskKey else {
      throw .secret(owner: name(owner))
    }
    for living in request.living {
      let mask = try SecureKeys.pairMask(
        key, roster.members[living].advert, names: roster.names(owner, living),
        roster: request.roster)
      total.mask(key: mask, isAdded: living > owner)
    }
  }

  private func decode(_ words: [Int64]) throws(SecureError) -> UpdateTotal {
    let weightMax = request.living.reduce(0) { $0 + Int64(roster.members[$1].weightMax) }
    let weight = words[0]
    guard weight >= Int64(request.living.count), weight <= weightMax else {
      throw .sum("a weight of \(weight), \(request.living.count) to \(weightMax)")
    }
    let limit = weight * Int64(roster.deltaMax)
    guard words[1...].allSatisfy({ $0.magnitude <= limit.magnitude }) else {
      throw .sum("an element beyond \(limit) either way")
    }
    var sums: [[Int64]] = []
    var next = 1
    for count in roster.layerCounts {
      sums.append(Array(words[next..<(next + Int(count))]))
      next += Int(count)
    }
    return UpdateTotal(weight: weight, sums: sums)
  }

  private func name(_ position: Int) -> String { roster.members[position].advert.node }
}
