extension SamplePartition: CustomStringConvertible {
  /// The forms in which a person writes a partition.
  package static let forms = "uniform, shards:K, dirichlet:ALPHA, labels:0-4/5-9 or speaker"

  /// Reads one of `forms`; nil for anything else.
  package init?(_ text: String) {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    let value = parts.count == 2 ? String(parts[1]) : nil
    switch (parts.first, value) {
    case ("uniform", nil): self = .uniform
    case ("speaker", nil): self = .speaker
    case ("shards", let value?):
      guard let count = Int(value), (1...Self.shardsMax).contains(count) else { return nil }
      self = .shards(count)
    case ("dirichlet", let value?):
      guard let alpha = Double(value), Self.dirichletRange.contains(alpha) else { return nil }
      self = .dirichlet(alpha)
    case ("labels", let value?):
      let lists = value.split(separator: "/", omittingEmptySubsequences: false)
      let owned = lists.compactMap { Self.labels(String($0)) }
      guard owned.count == lists.count else { return nil }
      self = .labels(owned)
    default: return nil
    }
  }

  /// Labels as a person lists them, such as `0-4,7`, rising; nil for anything else.
  private static func labels(_ text: String) -> [Int]? {
    var labels: Set<Int> = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
      guard ends.count <= 2, let low = ends.first ?? nil, let high = ends.last ?? nil,
        (0...255).contains(low), (low...255).contains(high)
      else { return nil }
      labels.formUnion(low...high)
    }
    return labels.sorted()
  }

  package var description: String {
    switch self {
    case .uniform: "uniform"
    case .speaker: "speaker"
    case .shards(let count): "shards:\(count)"
    case .dirichlet(let alpha): "dirichlet:\(alpha)"
    case .labels(let owned):
      "labels:"
        + owned.map { $0.map { "\($0)" }.joined(separator: ",") }.joined(separator: "/")
    }
  }
}
