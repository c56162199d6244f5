/// What an operator can ask of the coordinator.
package enum Command: Sendable, Equatable {
  /// Bind a key to a node name.
  case acceptNode(publicKey: String, name: String)
  /// Turn a key away: it is not shown as pending any more.
  case rejectKey(publicKey: String)
  /// Change what holds for an accepted node.
  case node(String, NodeOrder)
  /// Keep the hash of a fresh join token.
  case createJoinToken(JoinToken)
  /// Forget a join token.
  case revokeJoinToken(String)
  /// Keep the hash of a fresh token of the admin endpoint.
  case createAdminToken(AdminToken)
  /// Make a token of the admin endpoint good no longer.
  case revokeAdminToken(String)
  /// Record a model whose blob is stored and whose manifest was verified.
  case addModel(ModelRecord)
  /// Forget a model that nothing needs.
  case removeModel(ContentDigest)
  /// Make these nodes run this model; an empty list means every node that takes work.
  case deploy(model: ContentDigest, nodes: [String], terms: DeploymentTerms = DeploymentTerms())
  /// Bring a model to nodes in waves, behind gates.
  case startRollout(RolloutSpecification)
  /// Say something to a rollout.
  case rollout(String, RolloutOrder)
  /// Say how much energy nodes may use in a day.
  case setBudget(EnergyBudget)
  /// Take such a limit away.
  case removeBudget(String)
  /// Follow the root file in force by its successor.
  case addRoot([UInt8])
  /// Start a federated job; one that draws in secret brings 32 bytes of a cryptographic generator.
  case startJob(JobSpecification, secret: JobSecret? = nil)
  /// Begin no more rounds of a job; the one under way ends as it does.
  case pauseJob(String)
  /// Begin its rounds again.
  case resumeJob(String)
  /// End a job now; cancel always wins.
  case cancelJob(String)
  /// Let a running job's next round grow from the model of an earlier one; 0 is before the first.
  case rollBackJob(String, to: UInt32)
}

/// What an order says about the floor of a model's name, beside naming the model.
package struct DeploymentTerms: Sendable, Equatable {
  /// Nodes may run this release although they have run a higher one.
  package var allowRollback: Bool
  /// The floor does not rise until a later order names the model without this.
  package var isTrial: Bool
  /// How the nodes run the model.
  package var serving: ServingTerms
  /// Smaller models of which one may answer when a node's energy is short, the best first.
  package var standIns: [ContentDigest]

  /// Terms of a deployment; by default the model is promoted and nothing goes back.
  package init(
    allowRollback: Bool = false, isTrial: Bool = false, serving: ServingTerms = .plain,
    standIns: [ContentDigest] = []
  ) {
    self.allowRollback = allowRollback
    self.standIns = standIns
    self.serving = serving
    self.isTrial = isTrial
  }
}

/// The outcome of a command.
package enum CommandResponse: Sendable, Equatable, Codable {
  /// Done; the text names what was made.
  case done(String)
  /// Refused with a stable code, the reason and what to do.
  case refused(code: String, detail: String)
}
