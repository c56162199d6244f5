/// What a round of federated learning does to weights at the end of each sample, beside their rule.
package struct Steering: Sendable, Equatable {
  /// What random numbers are drawn for, so that no two share theirs.
  enum Kind: UInt64, Sendable {
    case correction = 0
    case pull = 1
  }

  /// The largest share.
  package static let pullMax: UInt32 = 65_535

  /// Share of its distance from the loaded model that each weight loses, in 65,536ths.
  package var pull: UInt32
  /// What is added to each weight, in 65,536ths of its step, by learned block of weights in order;
  /// empty for nothing.
  package var corrections: [[Int32]]

  /// Pulls and corrections as they are given.
  package init(pull: UInt32 = 0, corrections: [[Int32]] = []) {
    precondition(pull <= Self.pullMax, "a pull of \(pull) 65,536ths")
    self.pull = pull
    self.corrections = corrections
  }
}
