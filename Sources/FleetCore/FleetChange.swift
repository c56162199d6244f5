package import FleetProtocol

/// One durable fact.
///
/// A list of them is one transaction; the store and `FleetState` apply the same list, so that
/// memory is never more than a copy of the database.
package enum FleetChange: Sendable, Equatable {
  /// A node's key was accepted, or an accepted node's key was replaced.
  case nodeAccepted(NodeRecord)
  /// A node reported which chip it carries.
  case nodeChip(Identifier, chip: String)
  /// The terms on which a node belongs to the fleet changed.
  case nodeTerms(Identifier, NodeTerms)
  /// Nobody may come in with this key.
  case keyBarred(BarredKey)
  /// This key is like any unknown one again.
  case keyFreed(String)
  /// A join token is new, or let somebody in.
  case joinTokenChanged(JoinToken)
  /// A join token is good no longer.
  case joinTokenRemoved(Identifier)
  /// A token of the admin endpoint is new.
  case adminTokenCreated(AdminToken)
  /// A token of the admin endpoint is good no longer.
  case adminTokenRevoked(Identifier, at: Instant)
  /// A token of the admin endpoint was good for a request.
  case adminTokenUsed(Identifier, at: Instant)
  /// An ended token of the admin endpoint is listed no longer.
  case adminTokenForgotten(Identifier)
  /// A model's blob and manifest are stored.
  case modelAdded(ModelRecord)
  /// A model is served no longer; its bytes go.
  case modelRemoved(ContentDigest, at: Instant)
  /// A deployment named this model for this node.
  case desiredSet(Identifier, DesiredAssignment)
  /// The node holds the generation on its disk.
  case desiredAccepted(Identifier, Generation)
  /// The node reported what it runs.
  case observed(Identifier, ObservedModel)
  /// Telemetry windows in sequence order, none of them stored before.
  case telemetryStored(Identifier, boot: [UInt8], windows: [WireTelemetryWindow], at: Instant)
  /// A job was started.
  case jobCreated(JobRecord)
  /// A job ended.
  case jobEnded(Identifier, JobState, detail: String)
  /// No round of the job is begun from then on; nil where it goes on.
  case jobPaused(Identifier, since: Instant?)
  /// A round's whole cohort, base and seed, and why who is asked.
  case roundPlanned(RoundRecord, notes: [CohortNote] = [])
  /// A job's next round grows from what it stood on after an earlier round.
  case jobRolledBack(Identifier, to: JobBasis)
  /// Offers may go out.
  case roundOpened(RoundKey, at: Instant, deadline: Instant)
  /// The deadline moved: later after a restart, or back with the clock.
  case roundDeadlineMoved(RoundKey, deadline: Instant)
  /// An update's blob is stored and valid: it counts.
  case updateAccepted(RoundKey, Identifier, UpdateRecord)
  /// A participant ended without an update that counts.
  case participantClosed(RoundKey, Identifier, ParticipantState)
  /// The set is frozen; participants still pending are closed as late in the same transaction.
  case roundSealed(RoundKey, hash: ContentDigest)
  /// The aggregate is stored and checked. `model` is nil when the check refused it.
  case roundCommitted(RoundKey, RoundResult, model: ModelRecord?)
  /// The round ended without a model.
  case roundFailed(RoundKey, code: String, detail: String)
  /// The operator ended the round.
  case roundCancelled(RoundKey)
  /// A rollout begins, with all its nodes.
  case rolloutCreated(RolloutRecord)
  /// A rollout came further, or stopped.
  case rolloutMoved(Identifier, RolloutProgress)
  /// A node's part in a rollout changed, or it joined.
  case rolloutMember(Identifier, Identifier, RolloutMember)
  /// A gate, or an operator in its place, decided.
  case rolloutDecided(Identifier, RolloutDecision)
  /// Nodes may use so much energy in a day.
  case budgetSet(EnergyBudget)
  /// A budget holds no longer.
  case budgetRemoved(Identifier)
  /// A root file follows the last one; the first is the one that the coordinator was given.
  case rootAdded(RootRecord, at: Instant)
  /// What a node noticed is stored up to this number; `alarm` is empty when nothing is amiss.
  case noticesStored(Identifier, through: UInt64, alarm: String)
  /// A command's answer, so that a retry of the command returns it instead of acting twice.
  case requestAnswered(id: String, response: CommandResponse, at: Instant)
  /// Somebody asked for something: a row of the journal, in the transaction of what follows.
  case audited(AuditEntry)
  /// Something an operator will want to read later: a row of the journal.
  case event(FleetEvent)
}

extension FleetChange {
  /// True where a node may match a selector, or be free for a rollout, that did not before.
  var mayMatchSelectors: Bool {
    switch self {
    case .nodeAccepted, .nodeTerms, .rolloutMoved: true
    default: false
    }
  }

  /// True where the energy that some node may use may be another one.
  var mayMoveEnergyLimits: Bool {
    switch self {
    case .nodeAccepted, .nodeTerms, .budgetSet, .budgetRemoved: true
    default: false
    }
  }
}

/// Something that happened, as the journal keeps it for good.
package struct FleetEvent: Sendable, Equatable {
  /// When it happened.
  package var at: Instant
  /// Stable name, such as `node.offline` or `update.refused`.
  package var kind: String
  /// The node, round, model or job it is about, empty when there is none.
  package var subject: String
  /// What happened, in words.
  package var detail: String

  /// An event with all its facts.
  package init(at: Instant, kind: String, subject: String, detail: String) {
    self.at = at
    self.kind = kind
    self.subject = subject
    self.detail = detail
  }
}
