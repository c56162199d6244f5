/// How many nodes a round asks, hopes for and needs.
package struct CohortSize: Sendable, Equatable {
  /// Updates at which the round need not wait for more, at least `quorum`.
  package let target: Int
  /// Updates without which it fails, at least 1.
  package let quorum: Int
  /// Nodes asked for each thousand of the target, at least 1,000.
  ///
  /// Some will not answer in time: Bonawitz et al. 2019 ask 1,300.
  package let askedPerMille: Int

  /// Sizes in that order: 1 <= quorum <= target; throws `size` otherwise.
  package init(target: Int, quorum: Int, askedPerMille: Int = 1_000) throws(SelectionError) {
    guard quorum >= 1, quorum <= target, target <= 1_000_000,
      (1_000...100_000).contains(askedPerMille)
    else { throw .size(target: target, quorum: quorum, askedPerMille: askedPerMille) }
    self.target = target
    self.quorum = quorum
    self.askedPerMille = askedPerMille
  }

  /// Nodes to ask, rounded up.
  package var asked: Int { (target * askedPerMille + 999) / 1_000 }
}
