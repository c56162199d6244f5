import Federation
import FleetCore
import FleetProtocol

/// What the imitated chips do between two windows: they answer, use energy, and learn.
extension ChaosRun {
  /// Inferences that a chip makes in a window at full speed.
  private static let inferencesPerWindow: UInt64 = 500
  /// Nanojoules that learning from a sample takes.
  private static let learningNanojoules: UInt64 = 400
  /// Samples learnt in a window.
  private static let samplesPerWindow: UInt64 = 50

  /// Nanojoules of an inference: each model has its own.
  private static func nanojoules(_ model: ContentDigest) -> UInt64 {
    UInt64(model.bytes[0]) + 50
  }

  /// The chip has worked for the length of a window.
  func work(_ agent: SimulatedAgent) {
    if let model = agent.standIn ?? agent.served {
      let inferences = Self.inferencesPerWindow * UInt64(agent.perMille) / 1_000
      agent.inferences += inferences
      agent.energy.inferenceNanojoules += inferences * Self.nanojoules(model)
    }
    guard agent.learns else { return }
    let learners: UInt64 = (agent.learning == nil ? 0 : 1) + (agent.training == nil ? 0 : 1)
    agent.energy.learningNanojoules +=
      learners * Self.samplesPerWindow * Self.learningNanojoules
    if agent.learning != nil { agent.learntSamples += Self.samplesPerWindow }
  }

  /// Whoever has used the day's energy does nothing more, and whoever has not goes on.
  func judgePace(of agent: SimulatedAgent) {
    guard let limit = agent.state.energyLimit, agent.served != nil else { return }
    let used = agent.state.energyDay.nanojoules
    ledger.require(
      used < limit || (agent.perMille == 0 && !agent.learns),
      "\(agent.node) has used \(used) of \(limit) nJ and goes on at \(agent.perMille) per mille")
  }

  /// Energy on the disk is what the chip has used, each joule once.
  func charge(_ agent: SimulatedAgent, _ day: EnergyDay, after before: EnergyDay) {
    let used = agent.energy.inferenceNanojoules + agent.energy.learningNanojoules
    let earlier = before.day == day.day ? before.nanojoules : 0
    ledger.require(
      day.nanojoules == earlier + used - agent.charged,
      "\(agent.node) books \(day.nanojoules) nJ after \(earlier), its chip has used "
        + "\(used - agent.charged)")
    agent.charged = used
  }

  /// What a model has learnt is stored from time to time, where the disk takes it.
  func snapshot(_ agent: SimulatedAgent) {
    guard let model = agent.learning, agent.core != nil, agent.learns, random.chance(0.3),
      !agent.condition.refuses(at: now)
    else { return }
    var bytes = SimulationRandom(
      seed: agent.learntSamples &+ UInt64(agent.index) << 32 &+ UInt64(agent.hardware) << 48
        &+ model.bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) })
    let digest = SimulatedTrust.digest(bytes.bytes(40))
    agent.blobs.insert(digest)
    tell(agent, .learnt(model, LearntState(digest: digest, samples: agent.learntSamples)))
  }

  /// A chip does what the job asks of its nodes, whatever was lost or repeated on the way.
  func checkTerms(_ order: TrainingOrder, of agent: SimulatedAgent) {
    // A restored coordinator may not know the job any more.
    guard let job = coordinator.state.jobs[order.key.job] else { return }
    ledger.require(
      order.terms == TrainingTerms(job.specification.strategy),
      "\(agent.node) trains \(order.key) under \(order.terms)")
  }

  /// What an update leaves out for the next one: it follows from what was left out before.
  func leave(_ order: TrainingOrder, on agent: SimulatedAgent) -> PendingResidual? {
    if let residual = order.residual {
      ledger.require(
        agent.blobs.contains(residual), "\(agent.node) has dropped what its updates left out")
    }
    guard order.compression != .dense else { return nil }
    let before = (order.residual?.bytes ?? []) + Array("\(order.key) \(agent.node)".utf8)
    let pending = PendingResidual(
      accepted: SimulatedTrust.digest(before + [1]), unused: SimulatedTrust.digest(before + [0]))
    let key = UploadKey(round: order.key, node: agent.node)
    ledger.residuals[pending.accepted] = .init(update: key, isCounted: true)
    ledger.residuals[pending.unused] = .init(update: key, isCounted: false)
    agent.blobs.formUnion([pending.accepted, pending.unused])
    return pending
  }

  func load(
    _ agent: SimulatedAgent, _ model: ContentDigest, _ learnt: ContentDigest?
  ) -> LoadOutcome {
    guard agent.blobs.contains(model) else { return .unreadable(detail: "no such blob") }
    if let learnt {
      ledger.require(
        agent.blobs.contains(learnt), "\(agent.node) has dropped what \(model) has learnt")
      if random.chance(faults.badSector) { return .learningLost(detail: "a bad sector") }
    }
    agent.loadedLearnt[model] = learnt
    return .ready
  }

  /// True where a smaller model is told to answer in place of the one that serves.
  func serveStandIn(_ agent: SimulatedAgent, _ model: ContentDigest) -> Bool {
    guard let active = agent.state.active, active.model != model,
      active.standIns.contains(where: { $0.model == model })
    else { return false }
    ledger.require(
      agent.state.energyLimit != nil && agent.state.probeStarts == nil,
      "\(agent.node) lets another model answer without need")
    agent.standIn = model
    agent.learning = nil
    return true
  }
}
