/// Why an update is refused; a refusal is final for that update.
package enum UpdateError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The bytes are not an update.
  case format(String)
  /// Trained from another model than the round's.
  case baseDigest
  /// Layers, element counts or exponents are not the model's.
  case shape(String)
  /// A delta is NaN or infinite.
  case nonFinite(layer: UInt32, index: Int)
  /// A delta is larger than the round allows.
  case weightRange(layer: UInt32, index: Int, found: Int32, limit: Int32)
  /// The whole update is longer, as a vector, than the round allows.
  case norm(found: Double, limit: Double)
  /// The sample count is not what was offered or announced, or there are more hits than samples.
  case sampleCount(found: UInt32, expected: String)
  /// What compression leaves behind does not fit 32 bits: far more is learnt than is ever sent.
  case residualRange(layer: UInt32, index: Int, found: Int64)

  /// Stable code, told to the node and counted.
  package var code: String {
    switch self {
    case .format: "format"
    case .baseDigest: "base-digest"
    case .shape: "shape"
    case .nonFinite: "non-finite"
    case .weightRange: "weight-range"
    case .norm: "norm"
    case .sampleCount: "sample-count"
    case .residualRange: "residual-range"
    }
  }

  package var description: String {
    switch self {
    case .format(let detail): "not an update: \(detail)"
    case .baseDigest: "the update was trained from another base than the round's"
    case .shape(let detail): "the update does not have the model's shape: \(detail)"
    case .nonFinite(let layer, let index):
      "layer \(layer), element \(index) is not a finite number"
    case .weightRange(let layer, let index, let found, let limit):
      "layer \(layer), element \(index): delta \(found), at most \(limit) either way"
    case .norm(let found, let limit): "norm \(found) steps, limit \(limit)"
    case .sampleCount(let found, let expected): "\(found) samples, expected \(expected)"
    case .residualRange(let layer, let index, let found):
      "layer \(layer), element \(index): a residual of \(found) steps does not fit 32 bits"
    }
  }
}
