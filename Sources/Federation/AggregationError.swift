/// Why a set of updates cannot be merged; no weight has moved.
package enum AggregationError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The set is empty, or all of it is too stale.
  case noUpdates
  /// A node is in the set twice.
  case duplicate(node: String)
  /// No samples, or more in all than exact sums hold.
  case sampleCount(update: Int, found: UInt32, limit: UInt64)
  /// An update has another number of layers.
  case layerCount(update: Int, found: Int, expected: Int)
  /// A layer has another number of elements.
  case elementCount(update: Int, layer: Int, found: Int, expected: Int)
  /// A delta is wider than a weight.
  case deltaRange(update: Int, layer: Int, found: Int32)
  /// A delta is NaN or infinite.
  case nonFinite(update: Int, layer: Int, index: Int)
  /// The rule needs more updates than there are.
  case tooFew(rule: String, found: Int, needed: Int, precondition: String)
  /// The set has more updates than the rule bears.
  case tooMany(found: Int, limit: Int)
  /// The rule needs each node's loss before training, finite and not negative.
  case loss(update: Int, found: Double?)
  /// A parameter is not within its range, or not known.
  case parameter(name: String, found: String, expected: String)
  /// The state is another rule's or another model's.
  case state(found: String, expected: String)
  /// The bytes are not a state.
  case stateFormat(String)
  /// The source cannot hand out the elements of an update.
  case unreadable(update: Int, detail: String)
  /// Exponents are too far apart for an exact sum.
  case exponentSpan(found: Int, limit: Int)
  /// A weight that must be one of two values is neither.
  case notBinary(update: Int, index: Int, found: Int32)
  /// Some nodes leak and others do not, so that there is no mean time constant.
  case mixedLeak
  /// A rule does not fit the layer that it is to merge.
  case mergeRule(layer: String, rule: String, reason: String)
}

extension AggregationError {
  /// Stable code of the refusal.
  package var code: String {
    switch self {
    case .noUpdates: "no-updates"
    case .duplicate: "duplicate-node"
    case .sampleCount: "sample-count"
    case .layerCount, .elementCount: "shape"
    case .deltaRange: "weight-range"
    case .nonFinite: "non-finite"
    case .tooFew: "too-few-updates"
    case .tooMany: "too-many-updates"
    case .loss: "loss"
    case .parameter: "strategy-parameter"
    case .state: "strategy-state"
    case .stateFormat: "state-format"
    case .unreadable: "update-unreadable"
    case .exponentSpan: "exponent-span"
    case .notBinary: "not-binary"
    case .mixedLeak: "mixed-leak"
    case .mergeRule: "merge-rule"
    }
  }

  package var description: String {
    switch self {
    case .noUpdates: "there is no update to merge"
    case .duplicate(let node): "node \(node) is in the set twice"
    case .sampleCount(let update, let found, let limit):
      "update \(update): \(found) samples; 1 or more, and at most \(limit) in all"
    case .layerCount(let update, let found, let expected):
      "update \(update): \(found) layers, expected \(expected)"
    case .elementCount(let update, let layer, let found, let expected):
      "update \(update), layer \(layer): \(found) elements, expected \(expected)"
    case .deltaRange(let update, let layer, let found):
      "update \(update), layer \(layer): delta \(found), at most "
        + "\(FederatedAverage.deltaMax) either way"
    case .nonFinite(let update, let layer, let index):
      "update \(update), layer \(layer), element \(index) is not a finite number"
    case .tooFew(let rule, let found, let needed, let precondition):
      "\(rule) has \(found) updates and needs \(needed) (\(precondition))"
    case .tooMany(let found, let limit): "\(found) updates, at most \(limit)"
    case .loss(let update, let found):
      "update \(update): loss before training "
        + (found.map { "\($0)" } ?? "not told") + ", expected a finite one of 0 or more"
    case .parameter(let name, let found, let expected):
      "parameter \(name): \(found), expected \(expected)"
    case .state(let found, let expected): "the state is \(found), expected \(expected)"
    case .stateFormat(let detail): "not a strategy's state: \(detail)"
    case .unreadable(let update, let detail): "update \(update) cannot be read: \(detail)"
    case .exponentSpan(let found, let limit):
      "exponents span \(found) bits, exact sums of these samples hold \(limit)"
    case .notBinary(let update, let index, let found):
      "update \(update), weight \(index) would be \(found), neither of its two values"
    case .mixedLeak: "some nodes leak and others do not: they have no mean time constant"
    case .mergeRule(let layer, let rule, let reason): "layer `\(layer)` by \(rule): \(reason)"
    }
  }
}
