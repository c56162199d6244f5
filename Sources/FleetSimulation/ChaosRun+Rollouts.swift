import FleetCore
import FleetProtocol
import RolloutGates

/// Rollouts in a run: started, disturbed and taken back at random, and one at the end that must
/// reach every node.
extension ChaosRun {
  /// Starts a rollout, or says something to one that there is.
  func rollOut() {
    let holding = coordinator.state.rollouts.values.filter(\.progress.state.holdsNodes)
      .map(\.id).sorted()
    if let id = holding.first ?? script.rollouts.last, random.chance(0.7) {
      let orders: [RolloutOrder] = [
        .pause, .resume, .resume, .promote, .abort, .undo, .retry([]),
      ]
      return script.wish("rollout", .rollout(id.text, orders[random.index(below: orders.count)]))
    }
    startRollout(of: makeRelease(), isWorse: random.chance(0.3), toAll: false)
  }

  func startRollout(of model: SimulatedModel, isWorse: Bool, toAll: Bool) {
    if isWorse { script.worse.insert(model.record.digest) }
    let name = SimulatedTrust.identifier("rollout-\(script.rollouts.count + 1)")
    script.rollouts.append(name)
    var rollout = RolloutSpecification(
      name: name.text, model: model.record.digest.hex,
      waves: [.nodes(1), .percent(Int(random.number(10...60)))],
      maxParallel: Int(random.number(1...5)),
      shadow: random.chance(0.5)
        ? .init(perMille: 250, waves: Int(random.number(1...2))) : nil,
      probeInferences: random.chance(0.5) ? 100 : 0)
    rollout.bakeSeconds = UInt32(random.number(0...20))
    rollout.gateSeconds = UInt32(random.number(20...90))
    rollout.stepSeconds = UInt32(random.number(15...90))
    rollout.failuresMax = toAll ? agents.count : Int(random.number(0...2))
    let policies = RolloutSpecification.Insufficient.allCases
    rollout.onInsufficient = toAll ? .promote : policies[random.index(below: policies.count)]
    rollout.learns = random.chance(0.5)
    rollout.carriesLearning = random.chance(0.5)
    rollout.standIns = someStandIns().map(\.hex)
    rollout.autoRevert = random.chance(0.8)
    rollout.autoPromote = toAll || random.chance(0.8)
    if !toAll { rollout.selector.nodes = someNodes() }
    script.wish("start-rollout", .startRollout(rollout))
  }

  /// What a look finds: the truth about the model, or nothing yet.
  func assess(_ order: AssessmentOrder) -> CoordinatorEvent {
    if random.chance(faults.badSector) {
      return .assessed(order.key, .unavailable(detail: "disk full"))
    }
    var evidence = GateEvidence()
    if random.chance(0.6) {
      let lost: UInt64 = script.worse.contains(order.model) ? 10_000 : 0
      evidence.samples = 100_000
      evidence.accuracy = .paired(
        PairedProportions(onlyFirst: lost, onlySecond: 0, alike: 100_000 - lost))
      let cost = WindowCost(inferences: 100, joules: 1, spikes: 100, microseconds: 100)
      evidence.pairs = Array(repeating: WindowPair(present: cost, new: cost), count: 500)
    }
    return .assessed(order.key, .made(GateAssessment(evidence, bounds: order.bounds)))
  }

  /// Ends whatever holds nodes, so that the last release can reach all of them.
  func endRollouts() {
    for rollout in script.rollouts {
      script.wish("rollout", .rollout(rollout.text, .abort))
    }
  }
}
