import Federation
import FleetProtocol

extension AgentCore {
  /// Takes a round offer: stores the promise, then gives it; or declines with a code.
  mutating func consider(
    _ offer: WireRoundOffer, at now: Instant, into directives: inout [AgentDirective]
  ) {
    guard let key = RoundKey(offer.key) else {
      count("round-key")
      return
    }
    // Nothing older than the newest coordinator process is obeyed.
    guard offer.epoch >= state.epoch else { return }
    if let refusal = declined[key] {
      answer(key, refusal, into: &directives)
      return
    }
    if state.trainings[key] != nil {
      answer(key, nil, into: &directives)
      return
    }
    // A late copy of an offer whose round has had its verdict.
    if let newest = closed[key.job], key <= newest { return }
    do throws(ModelRefusal) {
      let training = try promise(key, offer, at: now)
      persist([.offerAccepted(training)], into: &directives)
      answer(key, nil, into: &directives)
      let detail = "\(key): \(training.samples) samples from \(training.base.short)"
      report("round.accepted", detail, at: now, into: &directives)
      dropUnneeded(into: &directives)
    } catch {
      answer(key, error, into: &directives)
      report("round.declined", "\(key): \(error.code), \(error.detail)", at: now, into: &directives)
    }
  }

  private func promise(
    _ key: RoundKey, _ offer: WireRoundOffer, at now: Instant
  ) throws(ModelRefusal) -> TrainingRecord {
    guard state.trainings.count < Limits.openRoundsMax else {
      throw ModelRefusal("open-rounds", "\(state.trainings.count) rounds are open already")
    }
    guard offer.samples >= 1, offer.samples <= UInt32(Limits.roundSamplesMax) else {
      throw ModelRefusal(
        "samples", "\(offer.samples) samples, expected 1 to \(Limits.roundSamplesMax)")
    }
    let (manifest, baseManifest) = ([UInt8](offer.manifest), [UInt8](offer.baseManifest))
    let verified = try verifier(at: now).verify(manifest: manifest, baseManifest: baseManifest)
    try checkQuota(for: verified.model, manifest)
    let text = offer.compression.isEmpty ? "dense" : offer.compression
    guard let compression = UpdateCompression(text) else {
      throw ModelRefusal(
        "compression", "'\(text.prefix(40))', this agent knows \(UpdateCompression.forms)")
    }
    var record = TrainingRecord(
      key: key, base: verified.model, manifest: manifest, baseManifest: baseManifest,
      samples: offer.samples, seed: offer.seed, compression: compression,
      terms: try TrainingTerms(offer))
    record.localLayers = try JobLocalLayers.names(in: offer)
    return record
  }

  private mutating func answer(
    _ key: RoundKey, _ refusal: ModelRefusal?, into directives: inout [AgentDirective]
  ) {
    var answer = WireRoundAnswer()
    answer.key = key.wire
    answer.accepted = refusal == nil
    answer.code = String((refusal?.code ?? "").prefix(64))
    answer.detail = String((refusal?.detail ?? "").prefix(500))
    send(.roundAnswer(answer), into: &directives)
  }

  // MARK: training

  /// Trains one round at a time in key order, so that a repeat consumes the same samples.
  mutating func pursueTraining(at now: Instant, into directives: inout [AgentDirective]) {
    guard training == nil,
      let key = state.trainings.keys.sorted().first(where: {
        state.trainings[$0]?.result == nil && !waitsForVerdict($0)
      }), let record = state.trainings[key]
    else { return }
    guard stored.contains(record.base) else {
      if download == nil {
        _ = fetch(record.base, record.manifest, at: now, into: &directives)
      }
      return
    }
    guard
      isPermitted(record.base, record.manifest, record.baseManifest, at: now, into: &directives)
    else { return }
    training = key
    hasJustTrained = true
    var order = TrainingOrder(
      key: key, base: record.base, samples: record.samples, seed: record.seed,
      firstOrdinal: state.trainingOrdinal,
      permit: TrainingPermit(manifest: record.manifest, baseManifest: record.baseManifest),
      compression: record.compression, compressionSeed: settings.node.learningSeed ^ record.seed,
      residual: record.compression == .dense ? nil : residual(of: key.job), terms: record.terms)
    order.localLayers = record.localLayers
    order.localState = record.localLayers.isEmpty ? nil : state.localState(of: key.job)
    directives.append(.train(order))
  }

  /// What an update leaves here is known with its verdict; the next round of the job begins there.
  private func waitsForVerdict(_ key: RoundKey) -> Bool {
    state.trainings.contains { other, record in
      other.job == key.job && other < key && record.result?.leavesSomething == true
    }
  }

  private func residual(of job: Identifier) -> ContentDigest? {
    state.residuals.first { $0.job == job }?.digest
  }

  /// What a job's updates have left out cannot be read: its next update begins without it.
  mutating func loseResidual(
    of key: RoundKey, _ detail: String, at now: Instant, into directives: inout [AgentDirective]
  ) {
    guard training == key else { return }
    training = nil
    let text = "what updates of job \(key.job) have left out is lost: \(detail)"
    persist(
      [
        .residualKept(key.job, nil),
        .noticed(notice(.learningLost, "", "round", text, at: now)),
      ], into: &directives)
    report("learning.lost", text, at: now, into: &directives)
  }

  /// Stores a result and the stream's cursor together; from then on only these bytes are sent.
  mutating func finish(
    _ key: RoundKey, _ result: TrainingResult, nextOrdinal: UInt64,
    into directives: inout [AgentDirective]
  ) {
    // Nothing is trained while the shell holds a result that the disk did not take.
    guard training ?? key == key, let record = state.trainings[key], record.result == nil else {
      // The round was closed while its last sample was trained.
      drop(result.blobs, into: &directives)
      return
    }
    training = nil
    justFinished = key
    persist([.trained(key, result, nextOrdinal: nextOrdinal)], into: &directives)
  }

  private func drop(_ blobs: [ContentDigest], into directives: inout [AgentDirective]) {
    let needed = state.neededBlobs
    for blob in blobs where !needed.contains(blob) { directives.append(.dropBlob(blob)) }
  }

  /// Ends a promise that cannot be kept and tells why.
  mutating func giveUp(
    _ key: RoundKey, _ refusal: ModelRefusal, at now: Instant,
    into directives: inout [AgentDirective]
  ) {
    guard let record = state.trainings[key], record.result == nil else { return }
    if training == key { training = nil }
    declined[key] = refusal
    remember(key)
    persist([.roundClosed(key)], into: &directives)
    answer(key, refusal, into: &directives)
    report(
      "round.declined", "\(key): \(refusal.code), \(refusal.detail)", at: now, into: &directives)
  }

  private mutating func remember(_ key: RoundKey) {
    closed[key.job] = max(closed[key.job] ?? key, key)
    // Only the newest round of a job can be offered again.
    for old in declined.keys where old.job == key.job && old < key { declined[old] = nil }
  }

  // MARK: updates

  /// Announces every stored result until the coordinator has given its verdict.
  mutating func pursueUpdates(at now: Instant, into directives: inout [AgentDirective]) {
    guard isDataReady(at: now) else { return }
    for key in state.trainings.keys.sorted() {
      guard let result = state.trainings[key]?.result else { continue }
      if let last = announced[key], now.milliseconds(since: last) <= Self.patienceMilliseconds {
        continue
      }
      announced[key] = now
      var announce = WireUpdateAnnounce()
      announce.key = key.wire
      announce.digest = wireBytes(result.digest.bytes)
      announce.size = result.size
      announce.samples = result.samples
      announce.counts = result.counts
      announce.correct = result.correct
      announce.trainingMilliseconds = result.milliseconds
      announce.lossMillionths = result.lossMillionths
      send(.updateAnnounce(announce), into: &directives)
    }
  }

  /// Sends what the coordinator asked for; a credit of zero asks for the announcement.
  mutating func give(
    _ wanted: WireUpdateWanted, at now: Instant, into directives: inout [AgentDirective]
  ) {
    guard let key = RoundKey(wanted.key), let result = state.trainings[key]?.result,
      result.digest.bytes.elementsEqual(wanted.digest), wanted.offset < result.size
    else { return }
    guard wanted.creditBytes > 0 else {
      announced[key] = nil
      return
    }
    guard var session else { return }
    let chunk = UInt64(Limits.chunkBytes)
    let count = min(
      UInt64(wanted.creditBytes), result.size - wanted.offset,
      UInt64(Limits.chunkCreditMax) * chunk)
    let order = UpdateOrder(
      version: session.version, session: session.number,
      sequence: session.reserve((count + chunk - 1) / chunk), key: key,
      digest: result.digest, offset: wanted.offset, count: count)
    conversation = .talking(session)
    announced[key] = now
    directives.append(.sendUpdate(order))
  }

  /// Any verdict closes the round; what is kept of it goes into the next update of its job.
  mutating func close(
    _ wire: WireRoundVerdict, at now: Instant, into directives: inout [AgentDirective]
  ) {
    guard let key = RoundKey(wire.key) else {
      count("round-key")
      return
    }
    let verdict: String
    switch wire.verdict {
    case .acknowledged: verdict = "acknowledged"
    case .refused: verdict = "refused"
    case .late: verdict = "late"
    case .gone: verdict = "gone"
    case .unspecified, .UNRECOGNIZED: return
    }
    guard let record = state.trainings[key] else { return }
    if training == key {
      training = nil
      directives.append(.stopTraining(key))
    }
    announced[key] = nil
    remember(key)
    var changes: [AgentChange] = [.roundClosed(key)]
    var freed = record.result?.blobs ?? []
    if let pending = record.result?.residual {
      let left = wire.verdict == .acknowledged ? pending.accepted : pending.unused
      changes.append(.residualKept(key.job, left))
      freed += state.residuals.map(\.digest)
    }
    if let learnt = record.result?.localLayers, wire.verdict == .acknowledged {
      changes.append(.localLayersKept(key.job, learnt))
      freed += state.localLayers.map(\.digest)
    }
    persist(changes, into: &directives)
    drop(freed, into: &directives)
    let code = wire.code.isEmpty ? "" : ", \(wire.code.prefix(64))"
    report("round.closed", "\(key): \(verdict)\(code)", at: now, into: &directives)
  }
}

extension TrainingResult {
  /// Everything that was stored with it.
  var blobs: [ContentDigest] {
    [digest] + (residual.map { [$0.accepted, $0.unused] } ?? [])
      + (localLayers.map { [$0] } ?? [])
  }

  /// Whether the next round of the job begins with what this one leaves.
  var leavesSomething: Bool { residual != nil || localLayers != nil }
}

extension TrainingPermit {
  /// The publisher's terms, from manifests as carried that were verified when they came.
  ///
  /// Nil where there are none. They are not held against the root file again: the publisher's key
  /// may have been rotated since, and the terms stay those of the promise.
  init?(manifest: [UInt8], baseManifest: [UInt8]) {
    let published = baseManifest.isEmpty ? manifest : baseManifest
    guard let facts = CarriedManifest.unverified(published), facts.hasPermit else { return nil }
    self.init(blocks: facts.permit.layers, driftMax: facts.permit.maxDrift)
  }
}
