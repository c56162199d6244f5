/// Two slots: the model that serves, and beside it one that only runs along, or the last good one.
///
/// A model enters in one of four ways, as its order says: it serves at once; it is only brought and
/// checked (`staged`), or runs beside what serves (`shadowing`), until another order comes; or it
/// serves on probation (`probing`) and is then kept (`active`) or replaced by the last good one
/// (`reverted`), without asking anybody.
extension AgentCore {
  /// Starts of the agent on one probation, after which the model that it was on is given up.
  package static let probeStartsMax: UInt32 = 3

  /// The model that serves, or would if the one on probation failed.
  var goodModel: AcceptedModel? {
    state.probeStarts == nil ? state.active : state.previous
  }

  /// The accepted model where it runs beside what serves, as far as is known.
  ///
  /// The last word may be about a newer order that was refused: then this one goes on.
  var wantedShadow: AcceptedModel? {
    guard let accepted = state.accepted, accepted.serving.isShadow, let observed = state.observed,
      observed.generation > accepted.generation || observed.phase == .shadowing
    else { return nil }
    return accepted
  }

  /// A shadow waits until there is something to run beside.
  func mayBegin(_ wanted: AcceptedModel) -> Bool { !wanted.serving.isShadow || serving != nil }

  /// The chip can run the wanted model: it takes the place that its order names.
  mutating func begin(_ wanted: AcceptedModel, into directives: inout [AgentDirective]) {
    if wanted.serving.isStaged {
      persist([.observed(ObservedModel(wanted, .staged))], into: &directives)
      repeatObserved(into: &directives)
    } else if wanted.serving.isShadow {
      runBeside(wanted, into: &directives)
    } else if wanted.serving.probeInferences > 0, let good = goodModel, good.model != wanted.model {
      putOnProbation(wanted, after: good, into: &directives)
    } else {
      activate(wanted, into: &directives)
    }
  }

  private mutating func runBeside(
    _ wanted: AcceptedModel, into directives: inout [AgentDirective]
  ) {
    persist(
      [.observed(ObservedModel(wanted, .shadowing))], into: &directives)
    startShadow(wanted, into: &directives)
    repeatObserved(into: &directives)
  }

  mutating func startShadow(_ model: AcceptedModel, into directives: inout [AgentDirective]) {
    shadowing = model.model
    directives.append(.shadow(model.model, perMille: model.serving.shadowPerMille))
  }

  private mutating func putOnProbation(
    _ wanted: AcceptedModel, after good: AcceptedModel, into directives: inout [AgentDirective]
  ) {
    persist(
      [
        .previousKept(good), .probing(beginning(wanted), starts: 1),
        .observed(ObservedModel(wanted, .probing)),
      ], into: &directives)
    serve(wanted.model, into: &directives)
    startProbe(wanted, into: &directives)
    repeatObserved(into: &directives)
    dropUnneeded(into: &directives)
  }

  private mutating func activate(
    _ wanted: AcceptedModel, into directives: inout [AgentDirective]
  ) {
    var changes: [AgentChange] = []
    if let good = goodModel, good.model != wanted.model { changes.append(.previousKept(good)) }
    probing = nil
    let begun = beginning(wanted)
    changes.append(.activated(begun))
    // An order that came since has its own last word.
    let isNewest = state.accepted?.generation == wanted.generation
    if isNewest { changes.append(.observed(ObservedModel(wanted, .active))) }
    persist(changes, into: &directives)
    serve(wanted.model, into: &directives)
    if isNewest { repeatObserved(into: &directives) }
    dropUnneeded(into: &directives)
  }

  /// A wanted model with what it begins with: what the chip has loaded, or goes on with.
  private mutating func beginning(_ wanted: AcceptedModel) -> AcceptedModel {
    var model = wanted
    if serving == wanted.model, goesOnLearnt(wanted) {
      model.learnt = state.active?.learnt
    } else {
      model.learnt = loadedLearnt
      // The chip has loaded it afresh, maybe beside the same model that has learnt.
      serving = nil
    }
    return model
  }

  mutating func serve(_ model: ContentDigest, into directives: inout [AgentDirective]) {
    guard serving != model else { return }
    serving = model
    standIn = nil
    learning = nil
    directives.append(.serve(model))
  }

  // MARK: probation

  private mutating func startProbe(
    _ model: AcceptedModel, into directives: inout [AgentDirective]
  ) {
    probing = model.model
    directives.append(.probe(model.model, inferences: model.serving.probeInferences))
  }

  /// The process began while a model was on probation: once more, or once too often.
  mutating func resumeProbe(at now: Instant, into directives: inout [AgentDirective]) {
    guard let starts = state.probeStarts, let active = state.active else { return }
    guard starts >= Self.probeStartsMax else {
      persist([.probing(active, starts: starts + 1)], into: &directives)
      return
    }
    let refusal = ModelRefusal(
      "restarts", "the agent ended \(starts) times before the probe of this model did")
    revert(active, refusal, at: now, into: &directives)
  }

  /// The chip has counted the first inferences of the model on probation.
  mutating func probed(
    _ model: ContentDigest, _ figures: ProbeFigures, at now: Instant,
    into directives: inout [AgentDirective]
  ) {
    guard probing == model, state.probeStarts != nil, let active = state.active,
      active.model == model
    else { return }
    probing = nil
    if let refusal = figures.refusal() {
      revert(active, refusal, at: now, into: &directives)
    } else if wantedModel == nil {
      activate(active, into: &directives)
    }
    // Else another model was ordered meanwhile and is on its way: were this one kept now, its
    // floor could shut that one out. The probe is made again until that one is there or given up.
  }

  private mutating func revert(
    _ failed: AcceptedModel, _ refusal: ModelRefusal, at now: Instant,
    into directives: inout [AgentDirective]
  ) {
    guard let good = state.previous else {
      preconditionFailure("a model is on probation and none is kept beside it")
    }
    var changes: [AgentChange] = [.reverted(to: good)]
    // An order that came since has its own last word.
    let isNewest = state.accepted?.generation == failed.generation
    if isNewest {
      var observed = ObservedModel(failed, .reverted)
      (observed.code, observed.detail) = (refusal.code, refusal.detail)
      changes.append(.observed(observed))
    }
    persist(changes, into: &directives)
    probing = nil
    serving = nil
    if isNewest { repeatObserved(into: &directives) }
    report(
      "model.reverted",
      "\(failed.model.short) gave way to \(good.model.short): \(refusal.code), \(refusal.detail)",
      at: now, into: &directives)
    dropUnneeded(into: &directives)
  }

  // MARK: what the chip must be told again

  /// Probe and shadow follow from the state, also after a restart.
  mutating func pursueSlots(at now: Instant, into directives: inout [AgentDirective]) {
    if state.probeStarts != nil, probing == nil, let active = state.active,
      serving == active.model
    {
      startProbe(active, into: &directives)
    }
    if mustStopShadow || (shadowing != nil && wantedShadow == nil) {
      directives.append(.stopShadow)
      shadowing = nil
      mustStopShadow = false
    }
    guard let shadow = wantedShadow else { return }
    guard shadowing != shadow.model, serving != nil else { return }
    if unloadable.contains(shadow.model) {
      conclude(
        shadow.generation, .failed, shadow.model,
        ModelRefusal("unloadable", "the chip took this model once and does so no longer"), at: now,
        into: &directives)
    } else if !lost.contains(shadow.model) {
      load(shadow.model, learnt: inherited(by: shadow), into: &directives)
    } else if download == nil {
      _ = fetch(shadow.model, shadow.manifest, at: now, into: &directives)
    }
  }
}

extension ObservedModel {
  /// A report that a model is where it is.
  fileprivate init(_ model: AcceptedModel, _ phase: ModelPhase) {
    self.init(generation: model.generation, phase: phase, model: model.model)
  }
}
