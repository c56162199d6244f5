import ArgumentParser

/// Labels as a person lists them: `0-4,7`.
struct LabelList: ExpressibleByArgument, Sendable {
  /// The labels, rising.
  let labels: [Int]

  init?(argument: String) {
    var labels: Set<Int> = []
    for part in argument.split(separator: ",", omittingEmptySubsequences: false) {
      let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
      guard let low = ends.first ?? nil, let high = ends.last ?? nil, ends.count <= 2,
        (0...255).contains(low), (low...255).contains(high)
      else { return nil }
      labels.formUnion(low...high)
    }
    self.labels = labels.sorted()
  }
}
