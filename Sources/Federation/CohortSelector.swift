import Crypto

/// A round's cohort, with the reason for every candidate.
package struct CohortSelection: Sendable, Equatable {
  /// Whether one node is in, and why.
  package struct Decision: Sendable, Equatable {
    /// The node's name.
    package let node: String
    /// Why it is in the cohort or not.
    package let reason: SelectionReason
  }

  /// Every candidate, in byte order of names.
  package let decisions: [Decision]

  /// The nodes to ask, in byte order of their names.
  package var cohort: [String] { decisions.filter(\.reason.isPicked).map(\.node) }
}

/// Draws cohorts: the same candidates, seed and round give the same one, in whatever order.
///
/// A node's draw is SHA-256 over seed, round, attempt and its name, so that it depends on no other
/// node, and a list that comes in another order or is longer changes no draw.
package struct CohortSelector: Sendable, Equatable {
  /// How nodes are drawn.
  package var rule: SelectionRule
  /// How many.
  package var size: CohortSize
  /// Least state of charge in thousandths; nodes on mains always have enough.
  package var chargeLeastPerMille: UInt32
  /// Seed of the job; where privacy counts on the draw, 16 secret bytes or more.
  package var seed: [UInt8]

  /// A way to draw.
  package init(
    rule: SelectionRule, size: CohortSize, chargeLeastPerMille: UInt32 = 0,
    seed: [UInt8]
  ) {
    self.rule = rule
    self.size = size
    self.chargeLeastPerMille = chargeLeastPerMille
    self.seed = seed
  }

  /// The cohort of a round and attempt, both from 1 up.
  ///
  /// Throws `node-twice`, and `too-few-nodes` where those that may be asked are fewer than the
  /// quorum. Under `chance` those that were drawn may be: the attempt then fails like any other
  /// that lacks reports, and the next one draws anew.
  package func select(
    _ candidates: [SelectionCandidate], round: UInt32, attempt: UInt32
  ) throws(SelectionError) -> CohortSelection {
    let ordered = candidates.sorted { $0.node.utf8.lexicographicallyPrecedes($1.node.utf8) }
    for (left, right) in zip(ordered, ordered.dropFirst()) where left.node == right.node {
      throw .twice(node: left.node)
    }
    var reasons = ordered.map { obstacle($0) }
    let free = ordered.indices.filter { reasons[$0] == nil }
    guard free.count >= size.quorum else {
      throw .tooFew(found: free.count, quorum: size.quorum)
    }
    let draws = free.map { draw(ordered[$0].node, round: round, attempt: attempt) }
    switch rule {
    case .chance(let perMillion):
      for (index, draw) in zip(free, draws) {
        // The whole part of draw * 10^6 / 2^64.
        let isHit = draw.multipliedFullWidth(by: 1_000_000).high < UInt64(perMillion)
        reasons[index] = isHit ? .hit : .missed
      }
    case .uniform:
      place(free, scores: free.map { _ in 1 }, keys: draws, &reasons)
    case .weighted(let score):
      let scores = scores(free.map { ordered[$0] }, score, round: round)
      // The least of exponential times with these rates is each one's in proportion to its rate
      // (Efraimidis and Spirakis 2006).
      let times = zip(draws, scores).map { draw, score in
        -Logarithm.ln((Double(draw >> 11) + 0.5) * 0x1p-53) / Double(score)
      }
      place(free, scores: scores, keys: times, &reasons)
    }
    return CohortSelection(
      decisions: zip(ordered, reasons).map { candidate, reason in
        guard let reason else { preconditionFailure("no reason for \(candidate.node)") }
        return CohortSelection.Decision(node: candidate.node, reason: reason)
      })
  }
}

extension CohortSelector {
  private func obstacle(_ candidate: SelectionCandidate) -> SelectionReason? {
    if let hindrance = candidate.hindrance { return .hindered(hindrance) }
    if let charge = candidate.chargePerMille, charge < chargeLeastPerMille {
      return .lowCharge(found: charge, least: chargeLeastPerMille)
    }
    return candidate.energyLeftPerMille == 0 ? .energySpent : nil
  }

  /// Those with the smallest keys are in, ties by name.
  private func place<Key: Comparable>(
    _ free: [Int], scores: [UInt64], keys: [Key], _ reasons: inout [SelectionReason?]
  ) {
    guard free.count > size.asked else {
      for index in free { reasons[index] = .needed }
      return
    }
    let order = free.indices.sorted { (keys[$0], $0) < (keys[$1], $1) }
    for (place, index) in order.enumerated() {
      reasons[free[index]] =
        place < size.asked
        ? .drawn(place: place + 1, of: size.asked, score: scores[index])
        : .notDrawn(place: place + 1, of: size.asked, score: scores[index])
    }
  }

  /// A score of at least 1 each; who never reported counts as the highest that did.
  private func scores(
    _ candidates: [SelectionCandidate], _ score: SelectionScore, round: UInt32
  ) -> [UInt64] {
    let known = candidates.map { candidate -> UInt64? in
      switch score {
      case .charge: UInt64(candidate.chargePerMille ?? 1_000)
      case .energyLeft: UInt64(candidate.energyLeftPerMille ?? 1_000)
      case .staleness: UInt64(max(round, 1) - 1 - min(candidate.lastRound ?? 0, max(round, 1) - 1))
      case .loss: candidate.lossPerMille.map { UInt64($0) }
      case .firingRateChange: candidate.firingRateChangePerMille.map { UInt64($0) }
      }
    }
    let highest = known.reduce(0) { max($0, $1 ?? 0) }
    return known.map { ($0 ?? highest) + 1 }
  }

  private func draw(_ node: String, round: UInt32, attempt: UInt32) -> UInt64 {
    var bytes = Array("spikefleet cohort 1".utf8)
    bytes.append(integer: UInt32(seed.count))
    bytes += seed
    bytes.append(integer: round)
    bytes.append(integer: attempt)
    bytes += Array(node.utf8)
    return SHA256.hash(data: bytes).prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
  }
}
