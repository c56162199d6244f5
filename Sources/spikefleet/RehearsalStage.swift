import Foundation

/// Where a simulated fleet meets its coordinator.
protocol RehearsalStage: Sendable {
  /// Folder of the plan and of the processes' logs.
  var path: String { get }
  /// Digests of the models that are deployed, the later ones last; none where nothing is.
  var models: [String] { get }
  /// Whom a deployment to all names; empty for every node there is.
  var everyone: [String] { get }
  /// What a node is called.
  func name(_ node: Int) -> String
}

extension RehearsalStage {
  /// The file that the workers start from.
  var plan: String { path + "/plan.json" }
}
