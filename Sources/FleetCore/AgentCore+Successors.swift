import FleetProtocol

/// A successor beside the published model that permits it, for the shell to compare.
package struct SuccessorCheck: Sendable, Equatable {
  /// The successor; its blob is on the disk.
  package var model: ContentDigest
  /// The published model it stems from; its blob is on the disk.
  package var published: ContentDigest
  /// What the publisher lets rounds change.
  package var permit: TrainingPermit

  /// A comparison of two stored models.
  package init(model: ContentDigest, published: ContentDigest, permit: TrainingPermit) {
    self.model = model
    self.published = published
    self.permit = permit
  }
}

/// What came of comparing a successor with its published model.
package enum SuccessorOutcome: Sendable, Equatable {
  /// It differs in learned values alone, where and as far as the publisher permits.
  case within
  /// It differs in more.
  case beyond(detail: String)
  /// One of the two is not on the disk as it was stored.
  case unreadable(ContentDigest, detail: String)
}

extension AgentCore {
  /// Whether a stored model may be used; for a successor, what it takes to know is asked for.
  ///
  /// A federation key alone does not make a model: each weight has to lie within what the
  /// publisher's manifest permits, and only the published model's bytes can tell.
  mutating func isPermitted(
    _ model: ContentDigest, _ manifest: [UInt8], _ baseManifest: [UInt8], at now: Instant,
    into directives: inout [AgentDirective]
  ) -> Bool {
    guard !baseManifest.isEmpty, !permitted.contains(model) else { return true }
    guard let facts = CarriedManifest.unverified(baseManifest),
      let published = ContentDigest(facts.modelDigest)
    else {
      preconditionFailure("the stored manifest of \(model) was readable when it was verified")
    }
    guard stored.contains(published) else {
      if download == nil {
        _ = fetch(published, baseManifest, at: now, into: &directives)
      }
      return false
    }
    guard comparing == nil else { return false }
    comparing = model
    directives.append(
      .compareSuccessor(
        SuccessorCheck(
          model: model, published: published,
          permit: TrainingPermit(
            blocks: facts.permit.layers, driftMax: facts.permit.maxDrift))))
    return false
  }

  /// The shell has compared a successor with its published model.
  mutating func compared(
    _ model: ContentDigest, _ outcome: SuccessorOutcome, at now: Instant,
    into directives: inout [AgentDirective]
  ) {
    guard comparing == model else { return }
    comparing = nil
    switch outcome {
    case .within: permitted.insert(model)
    case .unreadable(let damaged, let detail):
      let refusal = lose(damaged, detail, at: now, into: &directives)
      if let refusal, damaged != model { abandon(model, refusal, at: now, into: &directives) }
    case .beyond(let detail):
      abandon(model, ModelRefusal("permit", detail), at: now, into: &directives)
    }
  }
}

extension AgentState {
  /// The published models that successors in use stem from.
  var publishedModels: [ContentDigest] {
    let manifests =
      [accepted?.baseManifest, active?.baseManifest].compactMap { $0 }
      + trainings.values.map(\.baseManifest)
    return manifests.filter { !$0.isEmpty }.compactMap {
      CarriedManifest.unverified($0).flatMap { ContentDigest($0.modelDigest) }
    }
  }
}
