extension FleetState {
  /// Rounds through which a model came about: the one that made it first, back to a published one.
  ///
  /// Empty for a published model. Where several rounds gave the same bytes, the first of them made
  /// the model. Follows rounds of other jobs too, and models that were removed since.
  package func lineage(of model: ContentDigest) -> [RoundRecord] {
    var makers: [ContentDigest: (round: RoundRecord, at: Instant)] = [:]
    for round in rounds.values {
      guard case .committed(let result) = round.state, result.accepted else { continue }
      if let known = makers[result.model],
        (known.at, known.round.key) <= (result.committedAt, round.key)
      {
        continue
      }
      makers[result.model] = (round, result.committedAt)
    }
    var line: [RoundRecord] = []
    var (next, seen) = (model, Set<ContentDigest>())
    while seen.insert(next).inserted {
      // Updates that cancel out give the bytes of a model that was published.
      if let known = models[next], known.published == nil { break }
      guard let maker = makers[next]?.round else { break }
      line.append(maker)
      next = maker.base
    }
    return line
  }
}
