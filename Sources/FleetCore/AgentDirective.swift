package import Federation
package import FleetProtocol

/// What the agent's shell must do, in the order in which it must be done.
///
/// When `persist` fails, nothing after it may happen: the shell drops the rest of the list and
/// hands the core the state that the store still holds (`AgentCore.reload`).
package enum AgentDirective: Sendable, Equatable {
  /// One transaction.
  case persist([AgentChange])
  /// Dial an endpoint afresh; an old socket and what waits on it are given up.
  case open(WireEndpoint)
  /// Hang up an endpoint.
  case close(WireEndpoint)
  /// Send a message on the endpoint of its type.
  case send(Packet)
  /// Say which chunks of a model are on the disk; answer `chunksInspected`.
  case inspectChunks(model: ContentDigest, chunks: [ContentDigest], size: UInt64)
  /// Keep a verified chunk; answer `chunkFailed` only when it could not be stored.
  case storeChunk(model: ContentDigest, index: UInt32, digest: ContentDigest, bytes: [UInt8])
  /// All chunks are there: make the model durable; answer `assembled`.
  case assemble(model: ContentDigest, chunks: [ContentDigest])
  /// Hold a successor against the published model; answer `successorCompared`.
  case compareSuccessor(SuccessorCheck)
  /// Read a model and check it against the chip; answer `modelLoaded`. What serves goes on.
  ///
  /// `learnt` is the blob of what it has learnt; nil for a model as it was published.
  case loadModel(ContentDigest, learnt: ContentDigest? = nil)
  /// The loaded model serves from the next sample on.
  case serve(ContentDigest)
  /// The loaded model runs beside what serves, on so many of a thousand inferences.
  case shadow(ContentDigest, perMille: UInt32)
  /// Nothing runs beside what serves any more.
  case stopShadow
  /// The model that serves learns, or learns no longer; answer `learnt` from time to time.
  case learn(ContentDigest, ServingLearning?)
  /// Count what the model that serves does in its next inferences; answer `probed`.
  case probe(ContentDigest, inferences: UInt32)
  /// Make so many of a thousand inferences from now on, and learn or wait with learning.
  case pace(perMille: UInt32, learns: Bool)
  /// Train on the local stream; answer `trained`, `trainingFailed`, `residualLost` or
  /// `localLayersLost`.
  case train(TrainingOrder)
  /// Give up a training run; no answer follows.
  case stopTraining(RoundKey)
  /// Send update bytes within the credit given.
  case sendUpdate(UpdateOrder)
  /// Read the windows whose turn it is and send them as one batch; answer `outboxSent`.
  ///
  /// One that stands for several goes alone unless `mergedTogether`.
  case sendOutbox(version: UInt8, session: UInt64, sequence: UInt64, mergedTogether: Bool)
  /// Remove a blob that nothing needs any more.
  case dropBlob(ContentDigest)
  /// Make a key pair beside the present one, or find the one that was made; answer `nextKeyMade`.
  case makeNextKey
  /// Let the new key take the old one's place for good; answer `nextKeyAdopted`.
  case adoptNextKey(publicKey: String)
  /// Gather the newest log lines or test yourself; answer `queryAnswered`.
  case answerQuery(id: UInt64, WireAgentQueryKind, lines: UInt32)
  /// Tell the log.
  case report(FleetEvent)
}

/// How a model learns while it serves.
package struct ServingLearning: Sendable, Equatable {
  /// What the publisher lets learning change.
  package var permit: TrainingPermit
  /// Seed of the rounding noise: the same on all nodes would round alike.
  package var seed: UInt64
  /// Samples that it has learnt from: the ordinal of the next one.
  package var samples: UInt64

  /// Terms of learning.
  package init(permit: TrainingPermit, seed: UInt64, samples: UInt64) {
    self.permit = permit
    self.seed = seed
    self.samples = samples
  }
}

/// A training run on the chip.
package struct TrainingOrder: Sendable, Equatable {
  /// The round it is for.
  package var key: RoundKey
  /// The model to start from; its blob is on the disk.
  package var base: ContentDigest
  /// Samples to train.
  package var samples: UInt32
  /// Seed of the rounding noise.
  package var seed: UInt64
  /// Cursor of the local stream: ordinal of the first sample to train.
  package var firstOrdinal: UInt64
  /// What the publisher lets rounds change; nil for everything.
  package var permit: TrainingPermit?
  /// How the update is to travel.
  package var compression: UpdateCompression
  /// Seed of what compression draws, which is the node's own.
  package var compressionSeed: UInt64
  /// What earlier updates of the job left out, a blob; nil for nothing.
  package var residual: ContentDigest?
  /// What the job's strategy asks of the training.
  package var terms: TrainingTerms
  /// Names of the layers that stay on the node.
  package var localLayers: [String] = []
  /// What these have learnt in earlier rounds of the job, a blob; nil for nothing.
  package var localState: ContentDigest?

  /// A run with all its facts; without compression everything is sent as it is.
  package init(
    key: RoundKey, base: ContentDigest, samples: UInt32, seed: UInt64, firstOrdinal: UInt64,
    permit: TrainingPermit? = nil, compression: UpdateCompression = .dense,
    compressionSeed: UInt64 = 0, residual: ContentDigest? = nil, terms: TrainingTerms = .none
  ) {
    self.terms = terms
    self.key = key
    self.base = base
    self.samples = samples
    self.seed = seed
    self.firstOrdinal = firstOrdinal
    self.permit = permit
    self.compression = compression
    self.compressionSeed = compressionSeed
    self.residual = residual
  }
}

/// What the publisher of a model lets rounds of learning change.
package struct TrainingPermit: Sendable, Equatable, Codable {
  /// Numbers of the blocks of learned state that may change.
  package var blocks: [UInt32]
  /// How far a learned value may be: in training from the round's base, in a successor from the
  /// published model, in steps of 16 bits.
  package var driftMax: UInt32

  /// A permit with its terms.
  package init(blocks: [UInt32], driftMax: UInt32) {
    self.blocks = blocks
    self.driftMax = driftMax
  }
}

/// Bytes of a stored update on their way to the coordinator, in chunks of `Limits.chunkBytes`.
package struct UpdateOrder: Sendable, Equatable {
  /// Protocol version of the session.
  package var version: UInt8
  /// Session and first sequence for the frame headers.
  package var session: UInt64
  /// Sequence of the first of these messages.
  package var sequence: UInt64
  /// The round.
  package var key: RoundKey
  /// The update's digest.
  package var digest: ContentDigest
  /// First byte to send.
  package var offset: UInt64
  /// Bytes to send: at most the credit, at most what is left.
  package var count: UInt64

  /// An order with all its facts.
  package init(
    version: UInt8, session: UInt64, sequence: UInt64, key: RoundKey, digest: ContentDigest,
    offset: UInt64, count: UInt64
  ) {
    self.version = version
    self.session = session
    self.sequence = sequence
    self.key = key
    self.digest = digest
    self.offset = offset
    self.count = count
  }
}

/// Constants of an agent's behaviour.
package struct AgentSettings: Sendable {
  /// The node this agent runs on.
  package var node: Identifier
  /// The chip architecture it carries.
  package var chip: String
  /// Version text for HELLO.
  package var agentVersion: String
  /// This run of the process, 16 bytes.
  package var boot: [UInt8]
  /// Keys and roles that this node trusts.
  package var root: TrustRoot
  /// Interval of `tick` events.
  package var tickMilliseconds: UInt32
  /// First pause before dialling again; doubles up to `backoffMaxMilliseconds`, with full jitter.
  package var backoffMilliseconds: UInt32
  /// Longest pause before dialling again.
  package var backoffMaxMilliseconds: UInt32
  /// Silence on the data connection after which it is closed.
  package var dataIdleMilliseconds: UInt32
  /// Bytes of models that this node may hold at a time; more is refused.
  package var diskQuotaBytes: UInt64
  /// Time without a fresh timestamp after which the node raises an alarm.
  package var freezeMilliseconds: Int64
  /// Seed of the jitter.
  package var jitterSeed: UInt64
  /// Inferences a second when nothing holds them back.
  package var inferencesPerSecond = 50.0
  /// Nanojoules that the chip may use in a day by the node's own settings; nil for any.
  package var energyLimitNanojoules: UInt64?
  /// Inferences of a thousand that are made even where no energy is left.
  package var energyLeastPerMille: UInt32 = 0

  /// Settings with the defaults of a quiet node.
  package init(
    node: Identifier, chip: String, agentVersion: String, boot: [UInt8], root: TrustRoot,
    tickMilliseconds: UInt32 = 250, backoffMilliseconds: UInt32 = 500,
    backoffMaxMilliseconds: UInt32 = 30_000, dataIdleMilliseconds: UInt32 = 5_000,
    diskQuotaBytes: UInt64 = .max, freezeMilliseconds: Int64 = 86_400_000, jitterSeed: UInt64
  ) {
    self.diskQuotaBytes = diskQuotaBytes
    self.node = node
    self.chip = chip
    self.agentVersion = agentVersion
    self.boot = boot
    self.root = root
    self.tickMilliseconds = tickMilliseconds
    self.backoffMilliseconds = backoffMilliseconds
    self.backoffMaxMilliseconds = backoffMaxMilliseconds
    self.dataIdleMilliseconds = dataIdleMilliseconds
    self.freezeMilliseconds = freezeMilliseconds
    self.jitterSeed = jitterSeed
  }
}
