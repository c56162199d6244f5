import FleetProtocol

extension AgentCore {
  /// The accepted model while it neither serves nor was given up.
  var wantedModel: AcceptedModel? {
    guard let accepted = state.accepted, state.active?.generation != accepted.generation else {
      return nil
    }
    if let observed = state.observed, observed.generation == accepted.generation,
      observed.phase.isTerminal
    {
      return nil
    }
    return wantedShadow == nil ? accepted : nil
  }

  /// Takes a desired state: stores and acknowledges it, or refuses it once and for all.
  mutating func obey(
    _ desired: WireDesiredState, at now: Instant, into directives: inout [AgentDirective]
  ) {
    let generation = Generation(desired.generation)
    let accepted = state.accepted?.generation ?? .none
    // Older than what is held: a late copy, or a coordinator that was put back in time.
    guard generation > .none, generation >= accepted else { return }
    if generation == accepted {
      acknowledge(generation, into: &directives)
      repeatObserved(into: &directives)
      return
    }
    if state.observed?.generation == generation {
      repeatObserved(into: &directives)
      return
    }
    let (manifest, baseManifest) = ([UInt8](desired.manifest), [UInt8](desired.baseManifest))
    do throws(ModelRefusal) {
      let verified = try verifier(at: now).verify(
        order: [UInt8](desired.order), generation: generation, manifest: manifest,
        baseManifest: baseManifest)
      let standIns = try verifiedStandIns(desired, verified, at: now)
      try checkQuota(for: verified.model, manifest, standIns)
      guard !verified.serving.isShadow || state.active != nil else {
        throw ModelRefusal(
          "nothing-serves", "a shadow runs beside a model, and this node has none yet")
      }
      try checkLearning(verified, manifest: manifest, baseManifest: baseManifest)
      let model = AcceptedModel(
        generation: generation, name: verified.name, releaseCounter: verified.releaseCounter,
        model: verified.model, manifest: manifest, baseManifest: baseManifest,
        isRollback: verified.isRollback, isTrial: verified.isTrial, serving: verified.serving,
        standIns: standIns)
      persist(changes(accepting: model, verified, at: now), into: &directives)
      acknowledge(generation, into: &directives)
      dropUnneeded(into: &directives)
      let detail = "'\(model.name)' release \(model.releaseCounter), \(model.model.short)"
      report(
        "model.accepted", "\(detail), generation \(generation)", at: now, into: &directives)
    } catch {
      let carried = CarriedManifest.unverified(manifest).flatMap { ContentDigest($0.modelDigest) }
      let model = carried ?? ContentDigest.none
      conclude(generation, .refused, model, error, at: now, into: &directives)
    }
  }

  /// Refuses a model for which there is no room beside what serves and what rounds start from.
  ///
  /// A model that was on its way gives way to it.
  func checkQuota(
    for model: ContentDigest, _ manifest: [UInt8], _ standIns: [StandIn] = []
  ) throws(ModelRefusal) {
    guard let wanted = CarriedManifest.unverified(manifest)?.size else { return }
    var sizes: [ContentDigest: UInt64] = [model: wanted]
    let trainings = state.trainings.values.map { ($0.base, $0.manifest) }
    let kept = [state.active, goodModel].compactMap(\.self)
    let slots = kept.map { ($0.model, $0.manifest) }
    let beside = (standIns + kept.flatMap(\.standIns)).map { ($0.model, $0.manifest) }
    for (digest, held) in trainings + slots + beside {
      sizes[digest] = CarriedManifest.unverified(held)?.size ?? 0
    }
    let total = sizes.values.reduce(UInt64(0)) { sum, size in
      let (total, overflow) = sum.addingReportingOverflow(size)
      return overflow ? .max : total
    }
    guard total <= settings.diskQuotaBytes else {
      throw ModelRefusal(
        "quota",
        "models would take \(total) bytes on this node, \(wanted) of them for this one; "
          + "`diskQuotaMebibytes` in the agent's settings allows \(settings.diskQuotaBytes)")
    }
  }

  /// The order with the time that its signature vouches for, and with a notice of a step back.
  private func changes(
    accepting model: AcceptedModel, _ verified: VerifiedModel, at now: Instant
  ) -> [AgentChange] {
    var changes: [AgentChange] = [.desiredAccepted(model)]
    // Two slots: what was kept beside the model that serves makes room for a third one. Where it is
    // ordered again, its slot holds what it had learnt.
    if let previous = state.previous, state.probeStarts == nil, previous.model != model.model,
      state.active?.model != model.model
    {
      changes.append(.previousKept(nil))
    }
    if verified.ordered > state.signedTime.latest {
      var time = state.signedTime
      time.latest = verified.ordered
      changes.append(.timestampSeen(time))
    }
    if verified.isRollback {
      let detail =
        "the order permits '\(model.name)' release \(model.releaseCounter) at generation "
        + "\(model.generation), this node has run \(state.releaseFloors[model.name] ?? 0)"
      changes.append(.noticed(notice(.rolledBack, "", "order", detail, at: now)))
    }
    return changes
  }

  private mutating func acknowledge(
    _ generation: Generation, into directives: inout [AgentDirective]
  ) {
    var accepted = WireDesiredAccepted()
    accepted.generation = generation.wire
    send(.desiredAccepted(accepted), into: &directives)
  }

  /// Stores the last word about a generation, then says it.
  mutating func conclude(
    _ generation: Generation, _ phase: ModelPhase, _ model: ContentDigest,
    _ refusal: ModelRefusal, at now: Instant, into directives: inout [AgentDirective]
  ) {
    let observed = ObservedModel(
      generation: generation, phase: phase, model: model,
      code: String(refusal.code.prefix(64)), detail: String(refusal.detail.prefix(500)))
    persist([.observed(observed)], into: &directives)
    repeatObserved(into: &directives)
    report(
      "model.\(phase.rawValue)", "\(refusal.code): \(observed.detail)", at: now,
      into: &directives)
  }

  /// Says again what is stored about the newest generation.
  mutating func repeatObserved(into directives: inout [AgentDirective]) {
    guard let observed = state.observed else { return }
    tell(observed, into: &directives)
  }

  mutating func tell(
    _ observed: ObservedModel, into directives: inout [AgentDirective]
  ) {
    var wire = WireObservedState()
    wire.generation = observed.generation.wire
    wire.state = observed.phase.wire
    wire.modelDigest = wireBytes(observed.model.bytes)
    wire.code = observed.code
    wire.detail = observed.detail
    send(.observedState(wire), into: &directives)
  }

  // MARK: loading

  /// Starts what the newest model still needs; the model that served goes on serving meanwhile.
  mutating func pursueModels(at now: Instant, into directives: inout [AgentDirective]) {
    if let active = state.active, serving == nil, !unloadable.contains(active.model) {
      if !lost.contains(active.model) {
        load(active.model, learnt: active.learnt, into: &directives)
      } else if download == nil {
        _ = fetch(active.model, active.manifest, at: now, into: &directives)
      }
    }
    pursueSlots(at: now, into: &directives)
    guard let wanted = wantedModel else { return }
    if serving == wanted.model, !wanted.serving.isShadow, goesOnLearnt(wanted) {
      begin(wanted, into: &directives)
    } else if stored.contains(wanted.model) {
      guard mayBegin(wanted),
        isPermitted(
          wanted.model, wanted.manifest, wanted.baseManifest, at: now, into: &directives)
      else { return }
      load(wanted.model, learnt: inherited(by: wanted), into: &directives)
    } else if download?.model != wanted.model {
      let progress = ObservedModel(
        generation: wanted.generation, phase: .downloading, model: wanted.model)
      guard fetch(wanted.model, wanted.manifest, at: now, into: &directives) else { return }
      tell(progress, into: &directives)
    }
  }

  mutating func load(
    _ model: ContentDigest, learnt: LearntState? = nil, into directives: inout [AgentDirective]
  ) {
    guard loading == nil else { return }
    loading = model
    loadedLearnt = learnt
    directives.append(.loadModel(model, learnt: learnt?.digest))
  }

  /// The chip has read a model, or refused it.
  mutating func loaded(
    _ model: ContentDigest, _ outcome: LoadOutcome, at now: Instant,
    into directives: inout [AgentDirective]
  ) {
    guard loading == model else { return }
    loading = nil
    switch outcome {
    case .ready:
      stored.insert(model)
      losses[model] = nil
      if let wanted = wantedModel, wanted.model == model, mayBegin(wanted) {
        // Else what it inherits has grown meanwhile: the same once more.
        if inherited(by: wanted) == loadedLearnt { begin(wanted, into: &directives) }
      } else if let shadow = wantedShadow, shadow.model == model, shadowing == nil, serving != nil {
        startShadow(shadow, into: &directives)
      } else if let active = state.active, active.model == model, active.learnt != loadedLearnt {
        // It has learnt more since: the same once more.
      } else if let active = state.active, active.model == model, serving == nil {
        serve(model, into: &directives)
      } else {
        substitute(model, into: &directives)
      }
    case .unreadable(let detail):
      lose(model, detail, at: now, into: &directives)
    case .learningLost(let detail):
      loseLearning(of: model, detail, at: now, into: &directives)
    case .refused(let code, let detail):
      unloadable.insert(model)
      if state.active?.model == model, serving == nil {
        report("model.failed", "\(code): \(detail)", at: now, into: &directives)
      }
      abandon(model, ModelRefusal(code, detail), at: now, into: &directives)
    }
  }

  /// A model's file is gone or damaged: it is fetched again, or given up with what is returned.
  ///
  /// Its chunks are those of the manifest, so a whole that is again and again another one was
  /// signed with a digest that it does not have.
  @discardableResult
  mutating func lose(
    _ model: ContentDigest, _ detail: String, at now: Instant,
    into directives: inout [AgentDirective]
  ) -> ModelRefusal? {
    stored.remove(model)
    lost.insert(model)
    postponed[model] = now.advanced(milliseconds: Self.patienceMilliseconds)
    losses[model, default: 0] += 1
    guard losses[model] == Self.lossesMax else {
      report(
        "model.lost", "\(model.short) is fetched again: \(detail)", at: now, into: &directives)
      return nil
    }
    losses[model] = nil
    let refusal = ModelRefusal("digest", "fetched \(Self.lossesMax) times, each time: \(detail)")
    report("model.failed", "\(model.short): \(refusal.detail)", at: now, into: &directives)
    abandon(model, refusal, at: now, into: &directives)
    return refusal
  }

  /// Times that a model's file may be lost before it is given up.
  package static let lossesMax = 4

  /// Gives a model up for everything that waits for it.
  mutating func abandon(
    _ model: ContentDigest, _ refusal: ModelRefusal, at now: Instant,
    into directives: inout [AgentDirective]
  ) {
    if download?.model == model { download = nil }
    if let wanted = wantedModel, wanted.model == model {
      conclude(wanted.generation, .failed, model, refusal, at: now, into: &directives)
    }
    for key in state.trainings.keys.sorted() {
      guard let training = state.trainings[key], training.base == model, training.result == nil
      else { continue }
      giveUp(key, refusal, at: now, into: &directives)
    }
  }

  /// Removes whole models that nothing needs any more.
  mutating func dropUnneeded(into directives: inout [AgentDirective]) {
    let needed = Set(state.neededBlobs)
    for digest in stored.sorted() where !needed.contains(digest) {
      stored.remove(digest)
      // Whatever the chip says of it now is about a blob that is gone.
      if loading == digest { loading = nil }
      directives.append(.dropBlob(digest))
    }
    for digest in learntBlobs.sorted()
    where !needed.contains(digest) && digest != loadedLearnt?.digest {
      learntBlobs.remove(digest)
      directives.append(.dropBlob(digest))
    }
  }
}

extension AgentState {
  /// Blobs that must stay on the disk, in order: models that serve, served last or are on their
  /// way, bases of rounds to train, the published models that permit any of them, and updates that
  /// are not acknowledged.
  package var neededBlobs: [ContentDigest] {
    var needed: Set<ContentDigest> = []
    for slot in [active, previous, accepted].compactMap(\.self) {
      needed.insert(slot.model)
      needed.formUnion(slot.standIns.map(\.model))
      if let learnt = slot.learnt { needed.insert(learnt.digest) }
    }
    for training in trainings.values {
      needed.formUnion(training.result?.blobs ?? [training.base])
    }
    needed.formUnion(residuals.map(\.digest))
    needed.formUnion(localLayers.map(\.digest))
    return needed.union(publishedModels).sorted()
  }
}

extension ContentDigest {
  /// Stands in a report for a model whose manifest could not be read: 32 zero bytes.
  static let none: ContentDigest = {
    guard let digest = ContentDigest([UInt8](repeating: 0, count: 32)) else {
      preconditionFailure("32 bytes are a digest")
    }
    return digest
  }()
}
