package import Federation
package import FleetProtocol

/// Everything an agent must not forget, as a value; equal to what its database would load.
package struct AgentState: Sendable, Equatable {
  /// Newest desired state that was verified and stored; nil before the first.
  package var accepted: AcceptedModel?
  /// The model that serves, with the manifest it came under; nil before the first.
  package var active: AcceptedModel?
  /// The good model before it, kept on the disk; what serves again when a probe fails.
  package var previous: AcceptedModel?
  /// How often the model that serves was started on probation; nil where it is kept.
  package var probeStarts: UInt32?
  /// The last word about `accepted`, repeated at every HELLO.
  package var observed: ObservedModel?
  /// Per model name, the lowest release counter that is still obeyed.
  package var releaseFloors: [Identifier: UInt64]
  /// Rounds that are not closed, by key.
  package var trainings: [RoundKey: TrainingRecord]
  /// What compression has left out of updates, by job, the one taken up last at the end.
  package var residuals: [JobResidual]
  /// What layers that jobs leave on the node have learnt, the one taken up last at the end.
  package var localLayers: [JobLocalLayers] = []
  /// Training samples consumed so far: the cursor of the local stream, never reused.
  package var trainingOrdinal: UInt64
  /// Highest coordinator epoch seen.
  package var epoch: UInt64
  /// The newest root file that came over the wire; nil while the installed one is in force.
  package var root: RootRecord?
  /// What deploy keys have said of the time.
  package var signedTime: SignedTime
  /// What the coordinator has not acknowledged, oldest first.
  package var notices: [NodeNotice]
  /// The newest number that a notice got.
  package var lastNotice: UInt64
  /// Nanojoules that the chip may use in a day, by the coordinator's word; nil for any.
  package var energyLimit: UInt64?
  /// What it has used on the newest day.
  package var energyDay: EnergyDay

  /// An agent that has never heard of a model.
  package init() {
    releaseFloors = [:]
    trainings = [:]
    residuals = []
    trainingOrdinal = 0
    epoch = 0
    signedTime = SignedTime()
    notices = []
    lastNotice = 0
    energyDay = EnergyDay()
  }

  /// Applies the changes of one transaction in order.
  package mutating func apply(_ changes: [AgentChange]) {
    for change in changes { apply(change) }
  }

  /// Applies one change.
  package mutating func apply(_ change: AgentChange) {
    switch change {
    case .desiredAccepted(let model):
      accepted = model
      observed = nil
    case .probing(let model, let starts):
      active = model
      probeStarts = starts
    case .reverted(let model):
      active = model
      previous = nil
      probeStarts = nil
    case .previousKept(let model): previous = model
    case .learnt(let model, let learnt):
      if active?.model == model {
        active?.learnt = learnt
      } else if previous?.model == model {
        previous?.learnt = learnt
      }
    case .activated(let model):
      active = model
      probeStarts = nil
      releaseFloors[model.name] = model.floor(before: releaseFloors[model.name])
    case .observed(let report): observed = report
    case .offerAccepted(let training): trainings[training.key] = training
    case .trained(let key, let result, let nextOrdinal):
      guard var training = trainings.removeValue(forKey: key) else {
        preconditionFailure("a result for the unknown round \(key)")
      }
      training.result = result
      trainings[key] = training
      trainingOrdinal = nextOrdinal
    case .roundClosed(let key): trainings[key] = nil
    case .residualKept(let job, let digest):
      residuals.removeAll { $0.job == job }
      if let digest { residuals.append(JobResidual(job: job, digest: digest)) }
      if residuals.count > JobResidual.countMax { residuals.removeFirst() }
    case .localLayersKept(let job, let digest): keepLocalLayers(digest, of: job)
    case .runBegan, .runEnded, .windowQueued, .windowsAcknowledged: break
    case .epochSeen(let epoch): self.epoch = epoch
    case .rootAccepted(let record, let forgetsTime):
      root = record
      if forgetsTime { signedTime.forget() }
    case .timestampSeen(let time): signedTime = time
    case .noticed(let notice):
      lastNotice = notice.sequence
      notices.append(notice)
      if notices.count > Limits.noticesMax { notices.removeFirst() }
    case .noticesAcknowledged(let through): notices.removeAll { $0.sequence <= through }
    case .energyLimited(let limit): energyLimit = limit
    case .energyUsed(let day): energyDay = day
    }
  }
}

/// A model that passed every check of its signatures and facts.
package struct AcceptedModel: Sendable, Equatable {
  /// The generation that named it.
  package var generation: Generation
  /// Name from its manifest.
  package var name: Identifier
  /// Release counter from its manifest.
  package var releaseCounter: UInt64
  /// SHA-256 of the compiled model's bytes.
  package var model: ContentDigest
  /// The signed manifest as carried.
  package var manifest: [UInt8]
  /// For a federated successor, the published manifest as carried; empty otherwise.
  package var baseManifest: [UInt8]
  /// The order permitted a release below the floor; the floor comes down with it.
  package var isRollback: Bool
  /// The order only tries the model: the floor stays until a later order promotes it.
  package var isTrial: Bool
  /// How the order has it run.
  package var serving: ServingTerms
  /// Smaller models of which one may answer when energy is short, the best first.
  package var standIns: [StandIn]
  /// What it has learnt while it served; nil where it runs as it was published.
  package var learnt: LearntState?

  /// A model with its manifests.
  package init(
    generation: Generation, name: Identifier, releaseCounter: UInt64, model: ContentDigest,
    manifest: [UInt8], baseManifest: [UInt8], isRollback: Bool = false, isTrial: Bool = false,
    serving: ServingTerms = .plain, standIns: [StandIn] = [], learnt: LearntState? = nil
  ) {
    self.learnt = learnt
    self.generation = generation
    self.serving = serving
    self.standIns = standIns
    self.name = name
    self.releaseCounter = releaseCounter
    self.model = model
    self.manifest = manifest
    self.baseManifest = baseManifest
    self.isRollback = isRollback
    self.isTrial = isTrial
  }

  /// The floor of its name once it serves.
  package func floor(before: UInt64?) -> UInt64? {
    if isTrial { return before }
    return isRollback ? releaseCounter : max(before ?? 0, releaseCounter)
  }
}

/// What a model has learnt on a node, kept beside its published bytes.
package struct LearntState: Sendable, Equatable {
  /// SHA-256 of the learned state: a blob of its own.
  package var digest: ContentDigest
  /// Samples that it was learnt from.
  package var samples: UInt64

  /// A learned state with its facts.
  package init(digest: ContentDigest, samples: UInt64) {
    self.digest = digest
    self.samples = samples
  }
}

/// A published model that may answer in place of another.
package struct StandIn: Sendable, Equatable {
  /// Most of them that one order may list.
  package static let countMax = 3

  /// SHA-256 of the compiled model's bytes.
  package var model: ContentDigest
  /// The signed manifest as carried.
  package var manifest: [UInt8]

  /// A model with its manifest.
  package init(model: ContentDigest, manifest: [UInt8]) {
    self.model = model
    self.manifest = manifest
  }
}

/// A round this node has promised to train.
package struct TrainingRecord: Sendable, Equatable {
  /// The round.
  package var key: RoundKey
  /// The model to start from.
  package var base: ContentDigest
  /// The base's signed manifest as carried.
  package var manifest: [UInt8]
  /// For a federated successor, the published manifest as carried; empty otherwise.
  package var baseManifest: [UInt8]
  /// Samples to train.
  package var samples: UInt32
  /// Seed of the rounding noise.
  package var seed: UInt64
  /// How the update is to travel.
  package var compression: UpdateCompression
  /// What the job's strategy asks of the training.
  package var terms: TrainingTerms
  /// Names of the layers that stay on the node.
  package var localLayers: [String] = []
  /// The trained update; nil while there is none.
  ///
  /// Only these bytes are ever sent.
  package var result: TrainingResult?

  /// A promise without a result.
  package init(
    key: RoundKey, base: ContentDigest, manifest: [UInt8], baseManifest: [UInt8],
    samples: UInt32, seed: UInt64, compression: UpdateCompression = .dense,
    terms: TrainingTerms = .none
  ) {
    self.terms = terms
    self.key = key
    self.base = base
    self.manifest = manifest
    self.baseManifest = baseManifest
    self.samples = samples
    self.seed = seed
    self.compression = compression
  }
}

/// What compression leaves out of an update, for the next one: both ends are on the disk with it.
package struct PendingResidual: Sendable, Equatable {
  /// What is left where the update counts, a blob.
  package var accepted: ContentDigest
  /// What is left where it does not: all that was learnt.
  package var unused: ContentDigest

  /// Both ends.
  package init(accepted: ContentDigest, unused: ContentDigest) {
    self.accepted = accepted
    self.unused = unused
  }
}

/// What a job's updates have left out so far.
package struct JobResidual: Sendable, Equatable {
  /// Most jobs of which something is kept; the one that was taken up least recently goes first.
  package static let countMax = 8

  /// The job.
  package var job: Identifier
  /// An encoded `UpdateResidual`, a blob.
  package var digest: ContentDigest

  /// A job with what is left.
  package init(job: Identifier, digest: ContentDigest) {
    self.job = job
    self.digest = digest
  }
}

/// What a training run left on the disk.
package struct TrainingResult: Sendable, Equatable {
  /// SHA-256 of the update's bytes.
  package var digest: ContentDigest
  /// Size of the update in bytes.
  package var size: UInt64
  /// Samples trained.
  package var samples: UInt32
  /// Test-then-train hits among them.
  package var correct: UInt32
  /// Chip events by event kind.
  package var counts: [UInt64]
  /// Host milliseconds the run took.
  package var milliseconds: UInt32
  /// What compression left out; nil where everything is sent.
  package var residual: PendingResidual?
  /// Loss of the base on the samples, in millionths of a nat; 0 where it was not measured.
  package var lossMillionths: UInt32
  /// What layers that stay on the node have learnt, a blob; nil where none do.
  package var localLayers: ContentDigest?

  /// A result with all its facts.
  package init(
    digest: ContentDigest, size: UInt64, samples: UInt32, correct: UInt32, counts: [UInt64],
    milliseconds: UInt32, residual: PendingResidual? = nil, lossMillionths: UInt32 = 0
  ) {
    self.lossMillionths = lossMillionths
    self.digest = digest
    self.size = size
    self.samples = samples
    self.correct = correct
    self.counts = counts
    self.milliseconds = milliseconds
    self.residual = residual
  }
}

/// One durable fact of an agent.
///
/// A list of them is one transaction.
package enum AgentChange: Sendable, Equatable {
  /// A run of the agent began; the window in which one before it was killed counts as lost.
  case runBegan(boot: [UInt8])
  /// The run ended in order: its last window is queued.
  case runEnded
  /// A desired state passed every check.
  case desiredAccepted(AcceptedModel)
  /// The model serves on probation, started so many times.
  case probing(AcceptedModel, starts: UInt32)
  /// The model serves, for good; the floor of its name rises with it.
  case activated(AcceptedModel)
  /// The good model before the one on probation serves again.
  case reverted(to: AcceptedModel)
  /// What is kept beside the model that serves; nil for nothing.
  case previousKept(AcceptedModel?)
  /// What the model in a slot has learnt so far; nil where that is lost.
  case learnt(ContentDigest, LearntState?)
  /// What the coordinator is told about the accepted model.
  case observed(ObservedModel)
  /// A round offer was taken.
  case offerAccepted(TrainingRecord)
  /// A run ended; the stream's cursor moves in the same transaction.
  case trained(RoundKey, TrainingResult, nextOrdinal: UInt64)
  /// The coordinator gave its verdict; nothing of the round is kept.
  case roundClosed(RoundKey)
  /// What the updates of a job have left out so far; nil for nothing.
  case residualKept(Identifier, ContentDigest?)
  /// What the layers that a job leaves on the node have learnt; nil for nothing.
  case localLayersKept(Identifier, ContentDigest?)
  /// A telemetry window waits to be acknowledged.
  case windowQueued(boot: [UInt8], WireTelemetryWindow)
  /// Windows up to this sequence are stored at the coordinator.
  case windowsAcknowledged(boot: [UInt8], through: UInt64)
  /// A higher coordinator epoch was seen.
  case epochSeen(UInt64)
  /// A root file follows; what keys that are gone said of the time is forgotten with them.
  case rootAccepted(RootRecord, forgetsTime: Bool)
  /// A deploy key signed a later time.
  case timestampSeen(SignedTime)
  /// The node refused or noticed something; the oldest notice beyond the limit is dropped.
  case noticed(NodeNotice)
  /// The coordinator has stored the notices up to this number.
  case noticesAcknowledged(through: UInt64)
  /// The coordinator told what the chip may use in a day; nil for any.
  case energyLimited(UInt64?)
  /// What the chip has used on the newest day.
  case energyUsed(EnergyDay)
}
