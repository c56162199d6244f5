package import Federation
package import FleetProtocol

/// What the coordinator's shell must do, in the order in which it must be done.
///
/// When `persist` fails, nothing after it may happen: the shell drops the rest of the list and
/// hands the core the state that the store still holds (`CoordinatorCore.reload`).
package enum CoordinatorDirective: Sendable, Equatable {
  /// One transaction.
  case persist([FleetChange])
  /// Send a message.
  case send(ReplyAddress, Packet)
  /// Sign an order for the node now and send it with the model's manifests.
  case sendDesired(ReplyAddress, DesiredOrder)
  /// Cut a connection; what waits on it is given up.
  case disconnect(ReplyAddress)
  /// Another root file is in force: choose the keys that it names before anything more is signed.
  case rootChanged
  /// Sign a timestamp document; answer `timestampSigned`.
  case signTimestamp(WireTimestamp)
  /// Admit this key from now on, as this node.
  case allowKey(publicKey: String, node: Identifier)
  /// Admit this key no longer.
  case denyKey(publicKey: String)
  /// Send the chunks first ..< first + count of a stored blob.
  case sendChunks(ReplyAddress, ChunkOrder)
  /// Write update bytes at an offset of the upload's staging file; offset 0 starts it afresh.
  case appendUpload(UploadKey, offset: UInt64, bytes: [UInt8])
  /// Make the staged bytes durable under their digest, validate them, answer `uploadChecked`.
  case checkUpload(UploadKey, UploadCheck)
  /// Throw away the staged bytes of an upload.
  case dropUpload(UploadKey)
  /// Aggregate the sealed set, store, sign and check the result, answer `aggregated`.
  case aggregate(AggregationOrder)
  /// Hold a wave's telemetry against its bounds; answer `assessed`.
  case assess(AssessmentOrder)
  /// Answer a command.
  case answer(requestID: String, CommandResponse)
  /// Answer a query about an agent: what it said, or why it was not asked.
  case answerQuery(id: UInt64, QueryOutcome)
  /// Tell the log.
  case report(FleetEvent)
}

/// What came of asking an agent about itself.
package enum QueryOutcome: Sendable, Equatable {
  /// The agent's own words: lines of its log, or checks it made.
  case answered(lines: [String], checks: [WireSelfCheck])
  /// Not asked, with a stable code and what to do.
  case refused(code: String, detail: String)
}

/// A desired state on its way to a node: everything but the signature.
package struct DesiredOrder: Sendable, Equatable {
  /// The node that must obey.
  package var node: Identifier
  /// Protocol version of the session.
  package var version: UInt8
  /// Session and sequence for the frame header.
  package var session: UInt64
  /// Position in the session's stream.
  package var sequence: UInt64
  /// The number of this desired state.
  package var generation: Generation
  /// The model to run.
  package var model: ModelRecord
  /// For a federated successor, the published manifest as carried; empty otherwise.
  package var baseManifest: [UInt8]
  /// Lowest release that the node may run although it has run a higher one.
  package var allowRollbackTo: UInt64?
  /// The floor of the model's name does not rise.
  package var isTrial: Bool
  /// How the node runs it.
  package var serving: ServingTerms
  /// Models that may stand in for it.
  package var standIns: [ModelRecord]

  /// The message, with an order of that time signed by these keys.
  package func packet(
    issuedMicroseconds: UInt64 = 0, expiresMicroseconds: UInt64, signers: [SigningKey]
  ) -> Packet {
    var document = WireOrder()
    document.nodeID = node.text
    document.generation = generation.wire
    document.manifestDigest = wireBytes(model.manifestDigest.bytes)
    document.issuedUs = issuedMicroseconds
    document.expiresUs = expiresMicroseconds
    if let allowRollbackTo { document.allowRollbackTo = allowRollbackTo }
    document.trial = isTrial
    document.shadowPerMille = serving.shadowPerMille
    document.probeInferences = serving.probeInferences
    document.stageOnly = serving.isStaged
    document.learns = serving.learns
    document.carryLearning = serving.carriesLearning
    document.standIns = standIns.map { wireBytes($0.manifestDigest.bytes) }
    var desired = WireDesiredState()
    desired.generation = generation.wire
    desired.order = wireBytes(
      SignedDocument.sign(SignedDocument.encoded(document), as: .order, with: signers))
    desired.manifest = wireBytes(model.manifest)
    desired.baseManifest = wireBytes(baseManifest)
    desired.standIns = standIns.map { wireBytes($0.manifest) }
    return Packet(
      .desiredState(desired), version: version, session: session, sequence: sequence)
  }
}

/// Chunks to send to one node.
package struct ChunkOrder: Sendable, Equatable {
  /// Protocol version of the session.
  package var version: UInt8
  /// The session of the node.
  package var session: UInt64
  /// Sequence of the first of these messages.
  package var sequence: UInt64
  /// Sequence of the request.
  package var correlation: UInt64
  /// The blob.
  package var digest: ContentDigest
  /// Index of the first chunk.
  package var first: UInt32
  /// Number of chunks, already bounded by the credit limit.
  package var count: UInt32
}

/// What a complete upload is held against.
package struct UploadCheck: Sendable, Equatable {
  /// The announced digest.
  package var digest: ContentDigest
  /// The announced size in bytes.
  package var size: UInt64
  /// The announced sample count, which the update's own header must repeat.
  package var samples: UInt32
  /// The round's base model.
  package var base: ContentDigest
  /// Layers that stay on the nodes, of which an update must have nothing.
  package var localLayers: [String]

  /// What an upload of a round is held against.
  package init(
    digest: ContentDigest, size: UInt64, samples: UInt32, base: ContentDigest,
    localLayers: [String] = []
  ) {
    self.digest = digest
    self.size = size
    self.samples = samples
    self.base = base
    self.localLayers = localLayers
  }
}

/// A sealed set on its way to becoming a model.
package struct AggregationOrder: Sendable, Equatable {
  /// The round.
  package var key: RoundKey
  /// Hash of the sealed set.
  package var sealedHash: ContentDigest
  /// The model the updates are deltas of.
  package var base: ModelRecord
  /// The published model whose manifest permits the successor.
  package var published: ContentDigest
  /// Updates in node order.
  package var updates: [SealedEntry]
  /// How they become the model.
  package var strategy: Strategy
  /// What the strategy kept of the rounds before, a blob; nil where there is nothing.
  package var state: ContentDigest?
  /// Rules by the layer's name, in place of those that what trains the layer asks for.
  package var merge: [String: MergeRule]
  /// Whether the base is held against the coordinator's own data too: nothing was accepted yet.
  package var measuresBase: Bool
  /// How the sum is made private; nil where it is not.
  package var privacy: PrivacyOrder?

  /// An order with all its facts.
  package init(
    key: RoundKey, sealedHash: ContentDigest, base: ModelRecord, published: ContentDigest,
    updates: [SealedEntry], strategy: Strategy = .fedAvg, state: ContentDigest? = nil,
    merge: [String: MergeRule] = [:], measuresBase: Bool = false, privacy: PrivacyOrder? = nil
  ) {
    self.measuresBase = measuresBase
    self.privacy = privacy
    self.merge = merge
    self.key = key
    self.sealedHash = sealedHash
    self.base = base
    self.published = published
    self.updates = updates
    self.strategy = strategy
    self.state = state
  }
}

/// One update of a sealed set.
package struct SealedEntry: Sendable, Equatable {
  /// The node.
  package var node: Identifier
  /// Digest of its update.
  package var digest: ContentDigest
  /// Its weight in the average.
  package var samples: UInt32
  /// Loss of the base on its samples, in millionths of a nat; 0 where it was not measured.
  package var lossMillionths: UInt32

  /// An entry with all its facts.
  package init(
    node: Identifier, digest: ContentDigest, samples: UInt32, lossMillionths: UInt32 = 0
  ) {
    self.lossMillionths = lossMillionths
    self.node = node
    self.digest = digest
    self.samples = samples
  }
}

/// Constants of a coordinator's behaviour.
package struct CoordinatorSettings: Sendable, Equatable {
  /// Interval at which agents beat.
  package var heartbeatMilliseconds: UInt32
  /// Silent intervals until a node counts as offline; two make it suspect.
  package var liveness: UInt32
  /// Interval of `tick` events.
  package var tickMilliseconds: UInt32
  /// How far an open round's deadline moves after a restart, at most.
  package var restartGraceMilliseconds: UInt32
  /// How often a timestamp document is signed; agents get each once.
  package var timestampMilliseconds: UInt32 = 300_000
  /// How long a timestamp document is fresh.
  package var timestampValidMilliseconds: Int64 = 86_400_000
  /// How much is taken from one node and from all of them.
  package var limits = TrafficLimits()

  /// Settings with the defaults of a quiet fleet.
  package init(
    heartbeatMilliseconds: UInt32 = 10_000, liveness: UInt32 = 3,
    tickMilliseconds: UInt32 = 250, restartGraceMilliseconds: UInt32 = 60_000
  ) {
    self.heartbeatMilliseconds = heartbeatMilliseconds
    self.liveness = liveness
    self.tickMilliseconds = tickMilliseconds
    self.restartGraceMilliseconds = restartGraceMilliseconds
  }
}
