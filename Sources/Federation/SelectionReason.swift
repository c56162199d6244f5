/// Why a node is in a cohort or not; stored with the round, for `explain`.
package enum SelectionReason: Sendable, Equatable, CustomStringConvertible {
  /// All that may be asked are wanted.
  case needed
  /// Drawn at a place from 1 up; the score is 1 under a rule without one.
  case drawn(place: Int, of: Int, score: UInt64)
  /// Drawn behind the last place that was wanted.
  case notDrawn(place: Int, of: Int, score: UInt64)
  /// Its own draw was below the chance.
  case hit
  /// Its own draw was not below the chance.
  case missed
  /// Could not be asked.
  case hindered(SelectionCandidate.Hindrance)
  /// Too little charge, in thousandths.
  case lowCharge(found: UInt32, least: UInt32)
  /// Its energy for today is used up.
  case energySpent

  /// Whether the node is in the cohort.
  package var isPicked: Bool {
    switch self {
    case .needed, .drawn, .hit: true
    case .notDrawn, .missed, .hindered, .lowCharge, .energySpent: false
    }
  }

  /// Stable code.
  package var code: String {
    switch self {
    case .needed: "needed"
    case .drawn: "drawn"
    case .notDrawn: "not-drawn"
    case .hit: "hit"
    case .missed: "missed"
    case .hindered(let hindrance): hindrance.rawValue
    case .lowCharge: "low-charge"
    case .energySpent: "energy-spent"
    }
  }

  package var description: String {
    switch self {
    case .needed: "every node that may be asked is wanted"
    case .drawn(let place, let count, let score):
      "drawn at place \(place) of \(count), score \(score)"
    case .notDrawn(let place, let count, let score):
      "drawn at place \(place) where \(count) were wanted, score \(score)"
    case .hit: "its own draw was below the chance"
    case .missed: "its own draw was not below the chance"
    case .hindered(.offline): "no session"
    case .hindered(.busy): "in another round or deployment"
    case .hindered(.cordoned): "takes no new work"
    case .hindered(.quarantined): "kept out of rounds"
    case .hindered(.unfit): "its chip does not run the model"
    case .lowCharge(let found, let least): "charge \(found) thousandths, at least \(least)"
    case .energySpent: "its energy for today is used up"
    }
  }
}

/// Why no cohort can be drawn.
package enum SelectionError: Error, Sendable, Equatable, CustomStringConvertible {
  /// Sizes that do not fit each other.
  case size(target: Int, quorum: Int, askedPerMille: Int)
  /// Two candidates of one name.
  case twice(node: String)
  /// Fewer nodes than the quorum.
  case tooFew(found: Int, quorum: Int)

  /// Stable code.
  package var code: String {
    switch self {
    case .size: "cohort-size"
    case .twice: "node-twice"
    case .tooFew: "too-few-nodes"
    }
  }

  package var description: String {
    switch self {
    case .size(let target, let quorum, let asked):
      "target \(target), quorum \(quorum), \(asked) asked for each thousand; "
        + "1 <= quorum <= target <= 1,000,000 and 1,000 to 100,000 are expected"
    case .twice(let node): "\(node) is a candidate twice"
    case .tooFew(let found, let quorum): "\(found) nodes, the quorum is \(quorum)"
    }
  }
}
