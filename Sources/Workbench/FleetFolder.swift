/// The files of a fleet on one machine, as `spikefleet init` lays them out.
package struct FleetFolder: Sendable, Equatable {
  /// The folder that holds `operator`, `coordinator` and `agents`.
  package let path: String

  /// Names a folder; nothing is opened yet.
  package init(path: String) {
    self.path = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
  }

  /// The parts that belong to different people, and go to different machines in earnest.
  package static let parts = ["operator", "coordinator", "agents"]

  /// Signs root files; keep it offline.
  package var rootKey: String { path + "/operator/root.key" }
  /// Signs manifests of models.
  package var publisherKey: String { path + "/operator/publisher.key" }
  /// Tells the command-line tool where the coordinator is.
  package var context: String { path + "/operator/context.yaml" }
  /// Settings of the coordinator.
  package var coordinatorSettings: String { path + "/coordinator/coordinator.yaml" }
  /// CURVE key pair of the coordinator.
  package var coordinatorCurveKey: String { path + "/coordinator/curve.key" }
  /// Signs orders to nodes.
  package var deployKey: String { path + "/coordinator/deploy.key" }
  /// Signs manifests of federated successors.
  package var federationKey: String { path + "/coordinator/federation.key" }
  /// The root file that the coordinator believes.
  package var coordinatorRoot: String { path + "/coordinator/root.signed" }
  /// Samples with which the coordinator judges merged models.
  package var check: String { path + "/coordinator/check" }
  /// Samples for the base model.
  package var base: String { path + "/operator/base" }
  /// Samples that nobody sees before the report.
  package var heldOut: String { path + "/operator/held-out" }
  /// The trained network.
  package var network: String { path + "/operator/network.json" }
  /// The compiled base model.
  package var model: String { path + "/operator/model.snn" }
  /// The model that the nodes have learnt together.
  package var federatedModel: String { path + "/operator/federated.snn" }

  /// Settings of a node's agent.
  package func agentSettings(_ node: String) -> String { agent(node) + "/agent.yaml" }
  /// CURVE key pair of a node.
  package func agentCurveKey(_ node: String) -> String { agent(node) + "/curve.key" }

  /// The public half of a node's CURVE key, for the operator who accepts it.
  package func agentPublicKey(_ node: String) -> String { agent(node) + "/curve.pub" }
  /// The root file that a node believes.
  package func agentRoot(_ node: String) -> String { agent(node) + "/root.signed" }
  /// The sensor stream of a node.
  package func stream(_ node: String) -> String { agent(node) + "/stream" }
  /// Everything of one node.
  package func agent(_ node: String) -> String { path + "/agents/" + node }
}
