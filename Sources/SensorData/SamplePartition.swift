import SpikingNetwork

/// How labelled samples are dealt to the nodes of a federation, each sample to exactly one node.
///
/// The seed decides to whom, by draws that are the same on every machine.
package enum SamplePartition: Sendable, Equatable {
  /// As many of all to each node, drawn by chance.
  case uniform
  /// Sorted by label and cut into pieces, so many of which each node gets (McMahan et al. 2017).
  case shards(Int)
  /// Each label in shares drawn from a symmetric Dirichlet distribution (Yurochkin et al. 2019).
  ///
  /// The smaller the parameter, the fewer nodes hold a label, and the more their numbers differ.
  case dirichlet(Double)
  /// Evenly to the nodes that own a label; one that nobody owns goes to all.
  ///
  /// Nodes take the lists in turn, so that there may be fewer lists than nodes.
  case labels([[Int]])
  /// Each speaker's samples to one node; nodes take the speakers in turn.
  ///
  /// The high half of a sample's id is the number of its speaker (`SpokenRecordings`).
  case speaker

  /// Most pieces of a node.
  package static let shardsMax = 1_000
  /// Parameters of a Dirichlet distribution.
  package static let dirichletRange = 0.001...1_000_000.0

  /// The positions of each node's samples, in the order of its stream; none is without a sample.
  ///
  /// Throws where there are fewer samples than nodes or pieces, or a node owns labels without any.
  package func deal(
    _ labels: [UInt8], ids: [UInt64] = [], to nodes: Int, seed: UInt64
  ) throws(SensorDataError) -> [[Int]] {
    precondition(nodes > 0, "samples for \(nodes) nodes")
    let wanted = pieces(of: nodes)
    guard labels.count >= wanted else {
      throw SensorDataError(
        .setting, place: "partition `\(self)`", field: "samples", found: "\(labels.count)",
        expected: "at least \(wanted) for \(nodes) nodes",
        cure: "name fewer nodes, or a folder with more samples")
    }
    let random = CounterRandom(seed: seed, purpose: .training)
    var hands = [[Int]](repeating: [], count: nodes)
    switch self {
    case .uniform:
      for (turn, position) in random.order(labels.count, Self.orderStream).enumerated() {
        hands[turn % nodes].append(position)
      }
    case .shards: dealShards(labels, random, &hands)
    case .dirichlet(let alpha):
      for (label, pile) in Self.piles(labels, random) {
        Self.deal(pile, by: alpha, random.stream(Self.shareStream, UInt64(label)), &hands)
      }
      Self.leaveNobodyWithout(&hands)
    case .labels(let owned): Self.deal(labels, owned, random, &hands)
    case .speaker: try Self.dealSpeakers(ids, &hands)
    }
    if let node = hands.firstIndex(where: \.isEmpty) {
      throw SensorDataError(
        .setting, place: "partition `\(self)`", field: "samples of node \(node + 1)",
        found: "none", expected: "at least one",
        cure: "let it own labels that the data have, or name fewer nodes")
    }
    return hands.enumerated().map { node, hand in
      random.order(hand.count, Self.handStream, UInt64(node)).map { hand[$0] }
    }
  }

  private func pieces(of nodes: Int) -> Int {
    if case .shards(let each) = self { nodes * each } else { nodes }
  }

  private func dealShards(
    _ labels: [UInt8], _ random: CounterRandom, _ hands: inout [[Int]]
  ) {
    let sorted = Self.piles(labels, random).flatMap(\.pile)
    let count = pieces(of: hands.count)
    for (turn, shard) in random.order(count, Self.shardStream).enumerated() {
      let range = sorted.count * shard / count..<sorted.count * (shard + 1) / count
      hands[turn % hands.count] += sorted[range]
    }
  }

  /// Each label's positions, shuffled, by rising label.
  private static func piles(
    _ labels: [UInt8], _ random: CounterRandom
  ) -> [(label: Int, pile: [Int])] {
    var piles = [[Int]](repeating: [], count: 256)
    for (position, label) in labels.enumerated() { piles[Int(label)].append(position) }
    return piles.enumerated().filter { !$0.element.isEmpty }.map { label, pile in
      (label, random.order(pile.count, orderStream, UInt64(label)).map { pile[$0] })
    }
  }

  private static func deal(
    _ pile: [Int], by alpha: Double, _ stream: UInt64, _ hands: inout [[Int]]
  ) {
    let shares = DirichletDraws(stream: stream).shares(alpha: alpha, count: hands.count)
    var (sum, start) = (0.0, 0)
    for (node, share) in shares.enumerated() {
      sum += share
      let end =
        node == hands.count - 1
        ? pile.count : min(pile.count, Int((sum * Double(pile.count)).rounded()))
      hands[node] += pile[start..<max(start, end)]
      start = max(start, end)
    }
  }

  /// Who has nothing takes one from whoever has most, the first of several.
  private static func leaveNobodyWithout(_ hands: inout [[Int]]) {
    for node in hands.indices where hands[node].isEmpty {
      var richest = 0
      for other in hands.indices where hands[other].count > hands[richest].count {
        richest = other
      }
      hands[node].append(hands[richest].removeLast())
    }
  }

  private static func deal(
    _ labels: [UInt8], _ owned: [[Int]], _ random: CounterRandom, _ hands: inout [[Int]]
  ) {
    for (label, pile) in piles(labels, random) {
      let owners = hands.indices.filter { owned[$0 % owned.count].contains(label) }
      let takers = owners.isEmpty ? Array(hands.indices) : owners
      // Turns start with another node for each label, so that remainders spread.
      for (turn, position) in pile.enumerated() {
        hands[takers[(turn + label) % takers.count]].append(position)
      }
    }
  }

  /// Keep these draws apart from others with the same seed.
  private static let orderStream: UInt64 = 8
  private static let shardStream: UInt64 = 9
  private static let shareStream: UInt64 = 10
  private static let handStream: UInt64 = 11
}

extension CounterRandom {
  /// A shuffled order of a stream of its own.
  fileprivate func order(_ count: Int, _ purpose: UInt64, _ number: UInt64 = 0) -> [Int] {
    Self.permutation(of: count, stream: stream(purpose, number))
  }
}
