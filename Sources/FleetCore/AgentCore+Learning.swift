import Crypto
import FleetProtocol

/// Learning while serving: a slot is a published model and, beside it, what it has learnt here.
///
/// The chip tells from time to time what the model that serves has learnt; each time it is stored
/// as a blob of its own and named in the slot. What was learnt after that is lost with the process.
/// A model that is reverted comes back with what it had learnt; one that is ordered anew begins as
/// it was published unless its order says `carriesLearning`.
extension AgentCore {
  /// What a wanted model begins with; nil where it begins as it was published.
  func inherited(by wanted: AcceptedModel) -> LearntState? {
    guard wanted.serving.carriesLearning else { return nil }
    let slots = [state.active, state.previous].compactMap(\.self)
    if let slot = slots.first(where: { $0.model == wanted.model }) { return slot.learnt }
    guard let good = goodModel, good.structure == wanted.structure else { return nil }
    return good.learnt
  }

  /// True where the chip already runs a wanted model as it is to begin.
  func goesOnLearnt(_ wanted: AcceptedModel) -> Bool {
    guard let active = state.active, active.model == wanted.model,
      active.generation != wanted.generation
    else { return true }
    return wanted.serving.carriesLearning || (!active.serving.learns && active.learnt == nil)
  }

  /// Refuses to let a model learn that its publisher does not permit to change.
  func checkLearning(
    _ verified: VerifiedModel, manifest: [UInt8], baseManifest: [UInt8]
  ) throws(ModelRefusal) {
    guard verified.serving.learns,
      TrainingPermit(manifest: manifest, baseManifest: baseManifest) == nil
    else { return }
    throw ModelRefusal(
      "permit",
      "the publisher does not permit that this model learns; sign it with a permit "
        + "(`spikefleet model sign --permit-layers`) or deploy it without learning")
  }

  /// Lets the model that serves learn where its order says so, while nothing is compared with it.
  mutating func pursueLearning(into directives: inout [AgentDirective]) {
    guard let active = state.active, serving == active.model, standIn == nil else {
      learning = nil
      return
    }
    // What is compared with a shadow, or with the model before it, keeps still.
    let learns = active.serving.learns && state.probeStarts == nil && wantedShadow == nil
    guard learns != (learning == active.model) else { return }
    guard learns,
      let permit = TrainingPermit(manifest: active.manifest, baseManifest: active.baseManifest)
    else {
      if learning != nil { directives.append(.learn(active.model, nil)) }
      learning = nil
      return
    }
    learning = active.model
    directives.append(
      .learn(
        active.model,
        ServingLearning(
          permit: permit, seed: settings.node.learningSeed, samples: active.learnt?.samples ?? 0)))
  }

  /// What a model has learnt is on the disk.
  mutating func note(
    _ learnt: LearntState, of model: ContentDigest, into directives: inout [AgentDirective]
  ) {
    guard let slot = state.slot(of: model), slot.serving.learns, slot.learnt != learnt else {
      // Of a model that is gone.
      if !state.neededBlobs.contains(learnt.digest) { directives.append(.dropBlob(learnt.digest)) }
      return
    }
    persist([.learnt(model, learnt)], into: &directives)
    learntBlobs.insert(learnt.digest)
    dropUnneeded(into: &directives)
  }

  /// What a model had learnt cannot be read: it begins as it was published, and somebody is told.
  mutating func loseLearning(
    of model: ContentDigest, _ detail: String, at now: Instant,
    into directives: inout [AgentDirective]
  ) {
    let text = "\(model.short) begins as it was published: \(detail)"
    var changes: [AgentChange] = [.noticed(notice(.learningLost, "", "learning", text, at: now))]
    for slot in [state.active, state.previous].compactMap(\.self)
    where slot.learnt != nil && (slot.model == model || slot.learnt == loadedLearnt) {
      changes.append(.learnt(slot.model, nil))
    }
    persist(changes, into: &directives)
    report("learning.lost", text, at: now, into: &directives)
  }
}

extension AgentState {
  /// The slot that a model is in, the one that serves before the one that is kept.
  package func slot(of model: ContentDigest) -> AcceptedModel? {
    [active, previous].compactMap(\.self).first { $0.model == model }
  }
}

extension AcceptedModel {
  /// What all models with the same layers and limits have in common.
  var structure: [UInt8] {
    CarriedManifest.unverified(manifest).map { [UInt8]($0.structureDigest) } ?? []
  }
}

extension Identifier {
  /// The node's own draws: the first eight bytes of a hash of its name.
  var learningSeed: UInt64 {
    SHA256.hash(data: Array("learning \(text)".utf8)).prefix(8)
      .reduce(0) { $0 << 8 | UInt64($1) }
  }
}
