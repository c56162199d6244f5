/// Why a round may not go on under differential privacy; nothing was spent.
package enum PrivacyError: Error, Sendable, Equatable, CustomStringConvertible {
  /// An update that does not count exactly once.
  case weights(update: Int, found: UInt32)
  /// Settings without a meaning, or without privacy.
  case parameters(String)
  /// The round would take the job past its budget.
  case budget(epsilon: Double, limit: Double)
  /// The ledger's rows do not add up.
  case ledger(String)

  /// Stable code.
  package var code: String {
    switch self {
    case .weights: "weights"
    case .parameters: "parameters"
    case .budget: "privacy-budget"
    case .ledger: "ledger"
    }
  }

  package var description: String {
    switch self {
    case .weights(let update, let found):
      "update \(update) has weight \(found); under privacy each counts once"
    case .parameters(let detail): "privacy settings: \(detail)"
    case .budget(let epsilon, let limit):
      "the round would take epsilon to \(epsilon), the job's limit is \(limit)"
    case .ledger(let detail): "privacy ledger: \(detail)"
    }
  }
}
