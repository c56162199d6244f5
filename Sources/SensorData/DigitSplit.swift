package import SpikingNetwork

/// How a corpus is dealt to the report, the coordinator, the training desk and the nodes.
///
/// Of each class, some samples are held out, some check, some train the base model, and the rest
/// goes to nodes: `ownShare` of it to the nodes that own the class, what is left evenly to the
/// others. Every sample is dealt exactly once, and the seed decides to whom.
package struct DigitSplit: Codable, Sendable, Equatable {
  /// Decides which samples go where, and in which order.
  package var seed: UInt64
  /// Samples of each class that nobody sees before the report.
  package var heldOutPerClass: Int
  /// Samples of each class with which the coordinator judges models.
  package var checkPerClass: Int
  /// Samples of each class that train the base model.
  package var basePerClass: Int
  /// The classes that each node owns.
  package var ownedClasses: [[Int]]
  /// Share of a class's remaining samples that goes to its owners, 0 to 1.
  package var ownShare: Double

  /// Three nodes that own four, three and three digits, unless told otherwise.
  package init(
    seed: UInt64 = 1, heldOutPerClass: Int = 100, checkPerClass: Int = 50, basePerClass: Int = 30,
    ownedClasses: [[Int]] = [[0, 1, 2, 3], [4, 5, 6], [7, 8, 9]], ownShare: Double = 0.8
  ) {
    self.seed = seed
    self.heldOutPerClass = heldOutPerClass
    self.checkPerClass = checkPerClass
    self.basePerClass = basePerClass
    self.ownedClasses = ownedClasses
    self.ownShare = ownShare
  }

  /// Who got which samples; a node's samples are in the order of its sensor stream.
  package struct Dealt: Sendable, Equatable {
    /// For the report only.
    package var heldOut: LabelledSamples
    /// For the coordinator's own judgement.
    package var check: LabelledSamples
    /// For the base model.
    package var base: LabelledSamples
    /// One stream for each node, in the order of `ownedClasses`.
    package var nodes: [LabelledSamples]
  }

  /// Deals all samples; throws for settings out of range and classes with too few samples.
  package func deal(_ corpus: LabelledSamples) throws(SensorDataError) -> Dealt {
    try validate()
    let random = CounterRandom(seed: seed, purpose: .training)
    var positions = [[Int]](repeating: [], count: 256)
    for (position, label) in corpus.labels.enumerated() { positions[Int(label)].append(position) }
    // Held out, check, base, then one hand for each node.
    var hands = [[Int]](repeating: [], count: 3 + ownedClasses.count)
    for label in positions.indices where !positions[label].isEmpty {
      let count = positions[label].count
      let order = CounterRandom.permutation(
        of: count, stream: random.stream(Self.classStream, UInt64(label)))
      var pile = order.map { positions[label][$0] }[...]
      for (hand, wanted) in [heldOutPerClass, checkPerClass, basePerClass].enumerated() {
        guard pile.count >= wanted else {
          throw SensorDataError(
            .setting, place: "digit split", field: "samples of class \(label)", found: "\(count)",
            expected: "at least \(heldOutPerClass + checkPerClass + basePerClass)",
            cure: "lower heldOutPerClass, checkPerClass or basePerClass")
        }
        hands[hand] += pile.prefix(wanted)
        pile = pile.dropFirst(wanted)
      }
      dealToNodes(Array(pile), label: label, hands: &hands)
    }
    let parts = hands.enumerated().map { index, hand in
      let order = CounterRandom.permutation(
        of: hand.count, stream: random.stream(Self.handStream, UInt64(index)))
      return corpus.selecting(order.map { hand[$0] })
    }
    return Dealt(
      heldOut: parts[0], check: parts[1], base: parts[2], nodes: Array(parts[3...]))
  }

  private func dealToNodes(_ pile: [Int], label: Int, hands: inout [[Int]]) {
    let nodes = ownedClasses.indices
    let owners = nodes.filter { ownedClasses[$0].contains(label) }
    let others = nodes.filter { !ownedClasses[$0].contains(label) }
    var own = Int((Double(pile.count) * ownShare).rounded())
    if owners.isEmpty { own = 0 }
    if others.isEmpty { own = pile.count }
    for (index, position) in pile.enumerated() {
      // Turns start with another node for each class, so that remainders spread.
      let takers = index < own ? owners : others
      hands[3 + takers[(index + label) % takers.count]].append(position)
    }
  }

  private func validate() throws(SensorDataError) {
    func bad(_ field: String, _ found: String, _ expected: String) -> SensorDataError {
      SensorDataError(
        .setting, place: "digit split", field: field, found: found, expected: expected,
        cure: "set it within this range")
    }
    for (field, count) in [
      ("heldOutPerClass", heldOutPerClass), ("checkPerClass", checkPerClass),
      ("basePerClass", basePerClass),
    ] {
      guard (0...1_000_000).contains(count) else { throw bad(field, "\(count)", "0 to 1000000") }
    }
    guard (1...100_000).contains(ownedClasses.count) else {
      throw bad("ownedClasses", "\(ownedClasses.count) nodes", "1 to 100000")
    }
    for (node, classes) in ownedClasses.enumerated() {
      guard classes.allSatisfy({ (0...255).contains($0) }) else {
        throw bad("ownedClasses[\(node)]", "\(classes)", "classes of 0 to 255")
      }
    }
    guard ownShare >= 0, ownShare <= 1 else { throw bad("ownShare", "\(ownShare)", "0 to 1") }
  }

  /// Keep these draws apart from others with the same seed.
  private static let classStream: UInt64 = 2
  private static let handStream: UInt64 = 3
}
