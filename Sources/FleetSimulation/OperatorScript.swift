import Federation
import FleetCore
import FleetProtocol

/// What an operator does in a run: releases, orders of every kind, and learning jobs.
///
/// Each wish is asked with the same request id until it is answered, then the next one.
struct OperatorScript {
  struct Wish {
    let id: String
    let command: Command
    var tries = 0
    var answer: CommandResponse?
  }

  static let name = SimulatedTrust.identifier("digits")
  var wishes: [Wish] = []
  /// Published models by release, those without a flaw.
  var releases: [SimulatedModel] = []
  /// Models of which no neuron fires.
  var silent: Set<ContentDigest> = []
  /// Small models that may stand in, under a name of their own.
  var standIns: [ContentDigest] = []
  static let smallName = SimulatedTrust.identifier("digits-small")
  /// Models that are worse than what they are to replace.
  var worse: Set<ContentDigest> = []
  var rollouts: [Identifier] = []
  /// Wishes from that one on are asked when no rollout holds a node.
  var waitsForRolloutsFrom = Int.max
  private(set) var jobs: [Identifier] = []
  /// Nodes that were revoked and have no new machine yet, and nodes that take no work.
  var revoked: [Int] = []
  var cordoned: [Int] = []
  var everCordoned: Set<Int> = []
  var everQuarantined: Set<Int> = []
  /// Jobs that were told to pause and not yet to go on.
  var paused: [Identifier] = []
  var everPaused: Set<Identifier> = []
  var rootVersion: UInt64 = 1

  /// The oldest wish that has no answer.
  var current: Int? { wishes.firstIndex { $0.answer == nil } }

  mutating func wish(_ kind: String, _ command: Command) {
    wishes.append(Wish(id: "\(kind)-\(wishes.count)", command: command))
  }

  mutating func nextJob() -> Identifier {
    let job = SimulatedTrust.identifier("job-\(jobs.count + 1)")
    jobs.append(job)
    return job
  }
}

extension ChaosRun {
  /// One step of the operator, drawn from the seed.
  func takeOperatorStep() {
    switch random.index(below: backup == nil ? 18 : 21) {
    case 12, 13, 14: rollOut()
    case 15, 16: changeBudget()
    case 0, 1, 2: release(flaw: nil)
    case 3: release(flaw: SimulatedModel.Flaw.allCases.randomElement(using: &random))
    case 4: deployOlder()
    case 5: startJob()
    case 6: startJob()
    case 7: deployLearnt()
    case 8 where backup == nil: rotateKeys()
    case 9 where backup == nil: changeMachine()
    case 10 where backup == nil: rotateRoot()
    case 17...: backUpOrRestore()
    default: changeDuty()
    }
    if !script.jobs.isEmpty, random.chance(0.1), let job = script.jobs.last {
      script.wish("cancel", .cancelJob(job.text))
    }
    if random.chance(0.1), let job = script.jobs.last {
      script.wish("back", .rollBackJob(job.text, to: UInt32(random.number(0...2))))
    }
    if random.chance(0.5) { resumeJobs() }
    if random.chance(0.15), let job = script.jobs.last {
      script.paused.append(job)
      script.everPaused.insert(job)
      script.wish("pause", .pauseJob(job.text))
    }
  }

  /// Every job that was told to pause goes on.
  func resumeJobs() {
    for job in script.paused { script.wish("resume", .resumeJob(job.text)) }
    script.paused = []
  }

  /// Pushes a model and orders it.
  private func release(flaw: SimulatedModel.Flaw?) {
    let model = makeRelease(flaw: flaw)
    if random.chance(0.2) { script.silent.insert(model.record.digest) }
    let terms = someTerms()
    script.wish(
      "deploy", .deploy(model: model.record.digest, nodes: someNodes(), terms: terms))
  }

  /// Pushes a model.
  func makeRelease(flaw: SimulatedModel.Flaw? = nil) -> SimulatedModel {
    let size = [500, 66_000, 140_000][random.index(below: 3)]
    // A flawed one has its own number too, so that nothing but its flaw is against it.
    releaseCount += 1
    let model = SimulatedModel(
      published: OperatorScript.name, release: releaseCount, flaw: flaw, bytes: random.bytes(size))
    if let flaw {
      ledger.flawed[model.content.digest] = flaw
    } else {
      script.releases.append(model)
    }
    push(model)
    return model
  }

  /// The model's bytes come with the command.
  private func push(_ model: SimulatedModel) {
    contents[model.content.digest] = model.content
    coordinator.blobs.insert(model.content.digest)
    script.wish("push", .addModel(model.record))
  }

  /// What a node has run a later release of it must refuse.
  private func deployOlder() {
    guard script.releases.count > 1 else { return release(flaw: nil) }
    let older = script.releases[random.index(below: script.releases.count - 1)]
    script.wish(
      "deploy",
      .deploy(model: older.record.digest, nodes: someNodes(), terms: someTerms()))
  }

  /// At once, as a trial, on probation, or only beside what serves.
  private func someTerms() -> DeploymentTerms {
    var serving =
      [
        ServingTerms.plain, ServingTerms(probeInferences: 100),
        ServingTerms(shadowPerMille: 250),
      ][random.index(below: 3)]
    serving.learns = !serving.isShadow && random.chance(0.5)
    serving.carriesLearning = random.chance(0.5)
    return DeploymentTerms(
      allowRollback: random.chance(0.2), isTrial: random.chance(0.3), serving: serving,
      standIns: someStandIns())
  }

  private func startJob() {
    guard let model = script.releases.last else { return release(flaw: nil) }
    let cohort = Array(agents.map(\.node.text).shuffled(using: &random).prefix(8))
    let job = script.nextJob()
    let minimum = 1 + random.index(below: cohort.count)
    var specification = JobSpecification(
      name: job.text, model: model.record.digest.hex,
      rounds: UInt32(random.number(1...3)), samplesPerRound: UInt32(random.number(5...80)),
      nodes: cohort, minimumReports: minimum,
      deadlineMilliseconds: UInt32(random.number(15_000...60_000)),
      attemptsMax: UInt32(random.number(1...2)), maxRegression: 2, seed: random.next(),
      strategy: Self.strategies[random.index(below: Self.strategies.count)],
      compression: random.chance(0.5) ? .topK(perMille: 50, bytes: false) : .dense,
      cohort: someCohort(of: cohort.count, minimum: minimum),
      keptModels: UInt32(random.number(1...3)))
    // No draw of its own decides it: what else a seed brings stays as it was before private jobs.
    guard specification.seed.isMultiple(of: 3) else {
      return script.wish("job", .startJob(specification))
    }
    specification.makePrivate()
    var draws = SimulationRandom(seed: specification.seed)
    script.wish(
      "job", .startJob(specification, secret: JobSecret((0..<4).flatMap { _ in draws.bytes(8) })))
  }

  /// All nodes, or some that are drawn, now and then more of them than are wanted.
  private func someCohort(of count: Int, minimum: Int) -> CohortTerms {
    if random.chance(0.5) { return CohortTerms() }
    let rules: [SelectionRule] = [
      .uniform, .weighted(.loss), .weighted(.staleness), .weighted(.energyLeft),
    ]
    return CohortTerms(
      rule: rules[random.index(below: rules.count)],
      target: minimum + random.index(below: count - minimum + 1),
      askedPerMille: random.chance(0.5) ? 1_000 : 1_500)
  }

  /// Strategies that keep something from round to round, and that ask something of nodes.
  private static let strategies: [Strategy] = {
    do {
      return [
        .fedAvg, try Strategy(.fedAvgM), try Strategy(.fedProx, ["mu": 0.01]),
        try Strategy(.qFedAvg),
      ]
    } catch {
      preconditionFailure("strategies with all they take: \(error)")
    }
  }()

  /// Limits that nodes meet at once, after a while, or never.
  private func changeBudget() {
    if random.chance(0.25) { return script.wish("budget", .removeBudget("fleet")) }
    let joules = [0.001, 0.02, 0.2, 0.4, 100][random.index(below: 5)]
    script.wish(
      "budget",
      .setBudget(
        EnergyBudget(
          name: random.chance(0.7) ? "fleet" : "some",
          selector: NodeSelector(nodes: random.chance(0.5) ? someNodes() : []),
          joulesPerDay: joules, isShared: random.chance(0.3))))
  }

  /// Up to two small models, pushed before they are first named.
  func someStandIns() -> [ContentDigest] {
    guard random.chance(0.4) else { return [] }
    while script.standIns.count < 2 {
      let model = SimulatedModel(
        published: OperatorScript.smallName, release: UInt64(script.standIns.count + 1),
        bytes: random.bytes(300))
      script.standIns.append(model.record.digest)
      push(model)
    }
    return script.standIns
  }

  private func deployLearnt() {
    let learnt = script.jobs.last.flatMap { coordinator.state.jobs[$0]?.current }
    guard let learnt else { return startJob() }
    script.wish("deploy", .deploy(model: learnt, nodes: someNodes()))
  }

  /// All nodes as an empty list, or some of them.
  func someNodes() -> [String] {
    if random.chance(0.5) { return [] }
    let count = 1 + random.index(below: agents.count)
    return Array(agents.map(\.node.text).shuffled(using: &random).prefix(count))
  }

  /// Asks for the oldest wish without an answer, and again until there is one.
  func ask() {
    guard let index = script.current else { return }
    if index >= script.waitsForRolloutsFrom,
      coordinator.state.rollouts.values.contains(where: \.progress.state.holdsNodes)
    {
      return
    }
    script.wishes[index].tries += 1
    let wish = script.wishes[index]
    let id = options.tampering.requestID(wish.id, wish.tries)
    plan(.coordinator(coordinator.condition.life, .command(wish.command, requestID: id)), in: 5)
  }

  /// The operator reads an answer.
  func answered(_ id: String, _ response: CommandResponse) {
    ledger.require(
      coordinator.state.answers[id] == response, "the answer to '\(id)' is not on the disk")
    let wish = String(id.prefix { $0 != "#" })
    guard let index = script.wishes.firstIndex(where: { $0.id == wish }) else { return }
    let earlier = script.wishes[index].answer
    ledger.require(earlier == nil || earlier == response, "two answers to '\(wish)'")
    script.wishes[index].answer = response
    if earlier == nil { plan(.ask, in: 50) }
  }
}
