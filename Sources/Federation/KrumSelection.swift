/// Chooses updates that lie close to many others, of which `byzantine` may be made to do harm.
///
/// Blanchard et al. 2017 (Krum, Multi-Krum); El Mhamdi et al. 2018 (Bulyan's repeated choice).
package struct KrumSelection: Sendable {
  /// Squared distances of all pairs.
  package let distances: DistanceMatrix
  /// Updates that may be made to do harm, f.
  package let byzantine: Int

  /// A selection from distances; `byzantine` is 0 or more.
  package init(distances: DistanceMatrix, byzantine: Int) {
    precondition(byzantine >= 0, "\(byzantine) harmful updates")
    self.distances = distances
    self.byzantine = byzantine
  }

  /// Sum of each candidate's squared distances to its nearest other candidates.
  ///
  /// Of m candidates those are m - f - 2, and one at least: the last choices of Bulyan are among
  /// fewer than Krum asks for.
  package func scores(among candidates: [Int]) -> [Double] {
    let nearest = min(max(candidates.count - byzantine - 2, 1), candidates.count - 1)
    return candidates.map { candidate in
      candidates.filter { $0 != candidate }.map { distances[candidate, $0] }.sorted()
        .prefix(max(nearest, 0)).reduce(0, +)
    }
  }

  /// The updates with the lowest scores, in node order; of equal scores the first in node order.
  package func lowest(_ count: Int) -> [Int] {
    let scores = scores(among: Array(0..<distances.count))
    return scores.indices.sorted { (scores[$0], $0) < (scores[$1], $1) }.prefix(count).sorted()
  }

  /// `count` updates, in node order: Krum's choice is taken out and Krum chooses again.
  package func repeated(_ count: Int) -> [Int] {
    var candidates = Array(0..<distances.count)
    var chosen: [Int] = []
    while chosen.count < count, !candidates.isEmpty {
      let scores = scores(among: candidates)
      let best = scores.indices.reduce(0) { scores[$1] < scores[$0] ? $1 : $0 }
      chosen.append(candidates.remove(at: best))
    }
    return chosen.sorted()
  }
}
