/// Why the chip does not take a model or a training run.
package struct ChipRefusal: Error, Sendable, Equatable {
  /// What earlier updates left out is not of the model.
  package static let residualCode = "residual"
  /// What layers that stay here have learnt is not of the model.
  package static let localStateCode = "local-state"

  /// Stable code: `model-unreadable`, `chip`, `stream-shape`, `stream-labels`, `not-plastic`,
  /// `samples`, `residual`, `local-layers`, `local-state`.
  package let code: String
  /// What was found.
  package let detail: String
}
