package import FleetProtocol

/// What the next round of a job grows from.
package struct JobBasis: Sendable, Equatable {
  /// The model that nodes train from.
  package var model: ContentDigest
  /// What the strategy keeps, a blob; nil where it keeps nothing yet.
  package var serverState: ContentDigest?
  /// The best accepted held-out accuracy in percent on the way there; nil before the first check.
  package var bestAccuracy: Double?

  /// A basis with all its parts.
  package init(model: ContentDigest, serverState: ContentDigest?, bestAccuracy: Double?) {
    self.model = model
    self.serverState = serverState
    self.bestAccuracy = bestAccuracy
  }
}

extension JobRecord {
  /// What its next round grows from.
  package var basis: JobBasis {
    get { JobBasis(model: current, serverState: serverState, bestAccuracy: bestAccuracy) }
    set {
      (current, serverState, bestAccuracy) = (
        newValue.model, newValue.serverState, newValue.bestAccuracy
      )
    }
  }
}

extension FleetState {
  /// Committed rounds of a job whose model was taken, in their order.
  package func acceptedRounds(of job: Identifier) -> [(round: RoundRecord, result: RoundResult)] {
    rounds.values.filter { $0.key.job == job }.sorted { $0.key < $1.key }.compactMap { round in
      guard case .committed(let result) = round.state, result.accepted else { return nil }
      return (round, result)
    }
  }

  /// What a job stood on after a round, where 0 is before the first; nil where it gave no model.
  package func basis(of job: JobRecord, after number: UInt32) -> JobBasis? {
    if number == 0 {
      return ContentDigest(hex: job.specification.model).map {
        JobBasis(model: $0, serverState: nil, bestAccuracy: nil)
      }
    }
    let accepted = acceptedRounds(of: job.id)
    guard let last = accepted.last(where: { $0.round.key.round == number }) else { return nil }
    // A job may have gone back before: only the rounds that this one grew from were the best then.
    var (measured, wanted) = ([last.result.accuracy, last.result.baseAccuracy], last.round.base)
    for (round, result) in accepted.reversed()
    where round.key < last.round.key && result.model == wanted {
      wanted = round.base
      measured += [result.accuracy, result.baseAccuracy]
    }
    return JobBasis(
      model: last.result.model, serverState: last.result.state,
      bestAccuracy: measured.compactMap(\.self).max())
  }
}
