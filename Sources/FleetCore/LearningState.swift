/// Words of a telemetry window for what its chip learns; any other one is the round being trained.
package enum LearningState {
  /// It does not learn.
  package static let idle = "idle"
  /// The model that serves learns from what it answers.
  package static let serving = "serving"
}
