import Federation
import FleetCore
import FleetProtocol

/// Draws random changes that are legal in the state they are drawn for.
struct FleetChangeSource {
  var generator: SplitMix
  private var sequences: [Identifier: [[UInt8]: UInt64]] = [:]
  private var drawn: UInt32 = 0

  init(seed: UInt64) { generator = SplitMix(seed: seed) }

  /// One to four changes, each legal after the ones before it.
  mutating func transaction(on state: FleetState) -> [FleetChange] {
    var state = state
    return (0..<Int.random(in: 1...4, using: &generator)).map { _ in
      let change = change(in: state)
      state.apply(change)
      return change
    }
  }

  private mutating func change(in state: FleetState) -> FleetChange {
    while true {
      let change =
        Bool.random(using: &generator) ? fleetChange(in: state) : roundChange(in: state)
      if let change { return change }
    }
  }

  private mutating func node(_ state: FleetState) -> Identifier? {
    state.nodes.keys.sorted().randomElement(using: &generator)
  }

  private mutating func model(_ state: FleetState) -> ContentDigest? {
    state.models.keys.sorted().randomElement(using: &generator)
  }

  private mutating func fleetChange(in state: FleetState) -> FleetChange? {
    drawn += 1
    switch Int.random(in: 0..<25, using: &generator) {
    case 24: return rollback(in: state)
    case 22: return .budgetSet(newBudget())
    case 23:
      let budgets = state.budgets.keys.sorted()
      return budgets.randomElement(using: &generator).map { .budgetRemoved($0) }
    case 18...21: return rolloutChange(in: state)
    case 12: return node(state).map { .nodeTerms($0, newTerms()) }
    case 13: return barredChange(in: state)
    case 14: return tokenChange(in: state)
    case 0: return .nodeAccepted(newNode(state))
    case 1: return node(state).map { .nodeChip($0, chip: generator.text()) }
    case 2: return .modelAdded(newModel(state))
    case 3:
      guard let node = node(state), let model = model(state) else { return nil }
      let generation = Generation(
        epoch: Bool.random(using: &generator) ? state.epoch : generator.wide(),
        number: UInt64(drawn))
      return .desiredSet(
        node,
        DesiredAssignment(
          generation: generation, model: model,
          allowRollbackTo: Bool.random(using: &generator) ? generator.wide() : nil,
          isTrial: Bool.random(using: &generator),
          serving: ServingTerms(
            shadowPerMille: UInt32.random(in: 0...1_000, using: &generator),
            probeInferences: UInt32.random(in: 0...9, using: &generator),
            isStaged: Bool.random(using: &generator),
            learns: Bool.random(using: &generator),
            carriesLearning: Bool.random(using: &generator)),
          standIns: Bool.random(using: &generator) ? [model, generator.digest()] : [],
          decided: generator.generation()))
    case 4: return node(state).map { .desiredAccepted($0, generator.generation()) }
    case 5: return node(state).map { .observed($0, newObservation()) }
    case 6: return node(state).map { telemetry(of: $0) }
    // One node talks more than the rest, so that its oldest boots fall out.
    case 7, 8, 17: return state.nodes.keys.min().map { telemetry(of: $0) }
    case 9:
      return .requestAnswered(
        id: "\(drawn)\(generator.text())", response: newResponse(), at: generator.instant())
    case 15:
      let record = RootRecord(version: UInt64(drawn), envelope: generator.bytes(12))
      return .rootAdded(record, at: generator.instant())
    case 16:
      return node(state).map {
        .noticesStored($0, through: generator.wide(), alarm: "root.refused")
      }
    case 10:
      return .event(
        FleetEvent(
          at: generator.instant(), kind: "k", subject: generator.text(),
          detail: generator.text()))
    default:
      guard let model = model(state) else { return nil }
      return .jobCreated(newJob(model))
    }
  }

  private mutating func newNode(_ state: FleetState) -> NodeRecord {
    if let id = node(state), var known = state.nodes[id], Bool.random(using: &generator) {
      known.publicKey = "key \(drawn)"
      return known
    }
    return NodeRecord(
      id: name("node-\(drawn)"), publicKey: "key \(drawn)\(generator.text())",
      acceptedAt: generator.instant())
  }

  private mutating func newTerms() -> NodeTerms {
    var terms = NodeTerms()
    terms.duty = NodeTerms.Duty.allCases.randomElement(using: &generator) ?? .open
    terms.labels = ["site": generator.text(), "k\(drawn)": ""]
    terms.revokedAt = Bool.random(using: &generator) ? generator.instant() : nil
    terms.isRotating = Bool.random(using: &generator)
    terms.nextKey = Bool.random(using: &generator) ? generator.text() : nil
    terms.agentVersion = generator.text()
    terms.inferencesPerSecond = Bool.random(using: &generator) ? Double(drawn) / 3 : nil
    return terms
  }

  private mutating func newBudget() -> EnergyBudget {
    EnergyBudget(
      name: "budget-\(drawn % 5)",
      selector: NodeSelector(nodes: ["node-1"], labels: ["site": generator.text()]),
      joulesPerDay: Double(drawn) / 7, isShared: Bool.random(using: &generator))
  }

  private mutating func rolloutChange(in state: FleetState) -> FleetChange? {
    guard let node = node(state), let model = model(state) else { return nil }
    let known = state.rollouts.values.sorted { $0.id < $1.id }.randomElement(using: &generator)
    guard let rollout = known, Int.random(in: 0..<4, using: &generator) > 0 else {
      let id = name("rollout-\(drawn)")
      let member = RolloutMember(
        wave: 0, before: state.nodes[node]?.desired, since: Instant(microseconds: Int64(drawn)))
      return .rolloutCreated(
        RolloutRecord(
          id: id, specification: RolloutSpecification(name: id.text, model: model.hex),
          model: model, waveCount: 3, members: [node: member], stage: .shadowing,
          began: Generation(epoch: generator.wide(), number: generator.wide()),
          createdAt: Instant(microseconds: Int64(drawn))))
    }
    switch Int.random(in: 0..<3, using: &generator) {
    case 0:
      var progress = rollout.progress
      let next = progress.state.next.sorted { $0.rawValue < $1.rawValue }
      progress.state = next.randomElement(using: &generator) ?? progress.state
      progress.wave = Int(drawn)
      progress.gateDeadline = Instant(microseconds: Int64(drawn))
      progress.reason = generator.text()
      return .rolloutMoved(rollout.id, progress)
    case 1:
      var member = RolloutMember(
        wave: Int(drawn), before: state.nodes[node]?.desired,
        since: Instant(microseconds: Int64(drawn)))
      member.step = NodeStep.allCases.randomElement(using: &generator) ?? .pending
      member.generation = Generation(epoch: generator.wide(), number: generator.wide())
      member.detail = generator.text()
      return .rolloutMember(rollout.id, node, member)
    default:
      let number = rollout.progress.decisions &+ drawn
      return .rolloutDecided(
        rollout.id,
        RolloutDecision(
          number: number, at: Instant(microseconds: Int64(drawn)), wave: 1, stage: .baking,
          verdict: .passed, detail: generator.text(), assessment: nil))
    }
  }

  private mutating func barredChange(in state: FleetState) -> FleetChange {
    if let key = state.barredKeys.keys.sorted().randomElement(using: &generator),
      Bool.random(using: &generator)
    {
      return .keyFreed(key)
    }
    return .keyBarred(
      BarredKey(
        publicKey: "barred \(drawn % 5)",
        reason: Bool.random(using: &generator) ? .rejected : .retired, at: generator.instant()))
  }

  private mutating func tokenChange(in state: FleetState) -> FleetChange {
    if let name = state.joinTokens.keys.sorted().randomElement(using: &generator),
      Bool.random(using: &generator)
    {
      return .joinTokenRemoved(name)
    }
    return Bool.random(using: &generator) ? adminTokenChange(in: state) : newJoinToken()
  }

  private mutating func adminTokenChange(in state: FleetState) -> FleetChange {
    let known = state.adminTokens.keys.sorted().randomElement(using: &generator)
    switch (Int.random(in: 0..<5, using: &generator), known) {
    case (0, let name?): return .adminTokenRevoked(name, at: generator.instant())
    case (1, let name?): return .adminTokenUsed(name, at: generator.instant())
    case (2, let name?): return .adminTokenForgotten(name)
    default:
      return .adminTokenCreated(
        AdminToken(
          name: name("admin-\(drawn)"), hash: "hash \(drawn)",
          scopes: AdminScope.allCases.filter { _ in Bool.random(using: &generator) },
          createdAt: generator.instant(),
          expiresAt: Bool.random(using: &generator) ? generator.instant() : nil))
    }
  }

  private mutating func newJoinToken() -> FleetChange {
    .joinTokenChanged(
      JoinToken(
        name: "token-\(drawn % 5)", hash: generator.text(),
        node: Bool.random(using: &generator) ? generator.text() : nil,
        createdAt: generator.instant(), expiresAt: generator.instant(),
        usesLeft: generator.narrow()))
  }

  private mutating func newModel(_ state: FleetState) -> ModelRecord {
    ModelRecord(
      name: name("model-\(drawn % 3)"), releaseCounter: generator.wide(),
      digest: generator.digest(), manifestDigest: generator.digest(),
      manifest: generator.bytes(Int.random(in: 0...40, using: &generator)),
      structureDigest: generator.digest(), priceDigest: generator.digest(),
      size: generator.wide(), chips: ["loihi-learn", generator.text()],
      addedAt: generator.instant(), published: model(state),
      nanojoulesPerInference: Bool.random(using: &generator) ? generator.wide() : nil)
  }

  private mutating func newObservation() -> ObservedModel {
    ObservedModel(
      generation: generator.generation(),
      phase: ModelPhase.allCases.randomElement(using: &generator) ?? .active,
      model: generator.digest(), code: generator.text(), detail: generator.text())
  }

  private mutating func newResponse() -> CommandResponse {
    Bool.random(using: &generator)
      ? .done(generator.text()) : .refused(code: "code", detail: generator.text())
  }

  private mutating func newJob(_ model: ContentDigest) -> JobRecord {
    let specification = JobSpecification(
      name: "job-\(drawn)", model: model.hex, rounds: generator.narrow(),
      samplesPerRound: generator.narrow(), nodes: ["node-1"], minimumReports: 1,
      deadlineMilliseconds: generator.narrow(), attemptsMax: 3, maxRegression: 2.25,
      seed: generator.wide(), strategy: newStrategy())
    return JobRecord(
      id: name("job-\(drawn)"), specification: specification, current: model,
      createdAt: generator.instant())
  }

  private mutating func rollback(in state: FleetState) -> FleetChange? {
    let running = state.jobs.values.filter { $0.state == .running }.map(\.id).sorted()
    guard let job = running.randomElement(using: &generator), let model = model(state) else {
      return nil
    }
    return .jobRolledBack(
      job,
      to: JobBasis(
        model: model, serverState: Bool.random(using: &generator) ? generator.digest() : nil,
        bestAccuracy: Bool.random(using: &generator)
          ? Double.random(in: 0...100, using: &generator) : nil))
  }

  private mutating func newStrategy() -> Strategy {
    do {
      return try Bool.random(using: &generator)
        ? .fedAvg
        : Strategy(
          .fedAdam, ["tau": Double.random(in: 1e-6...1, using: &generator)], weighting: .uniform)
    } catch {
      preconditionFailure("\(error)")
    }
  }

  /// New windows of one of many boots, so that old boots fall out of the progress kept.
  private mutating func telemetry(of node: Identifier) -> FleetChange {
    let number = UInt8.random(in: 0..<14, using: &generator)
    let boot = [UInt8](repeating: number, count: 16)
    var sequence = sequences[node]?[boot] ?? 0
    let windows = (0..<Int.random(in: 0...3, using: &generator)).map { _ in
      sequence += 1
      return window(sequence, inferences: sequence * 3, counts: [sequence, 1], at: 5)
    }
    sequences[node, default: [:]][boot] = sequence
    return .telemetryStored(node, boot: boot, windows: windows, at: generator.instant())
  }

  private mutating func roundChange(in state: FleetState) -> FleetChange? {
    drawn += 1
    let open = state.rounds.values.filter { !$0.state.isTerminal }.sorted { $0.key < $1.key }
    guard let round = open.randomElement(using: &generator),
      Int.random(in: 0..<5, using: &generator) > 0
    else { return newRound(state) }
    switch round.state {
    case .planned:
      if Int.random(in: 0..<6, using: &generator) == 0 { return .roundCancelled(round.key) }
      return .roundOpened(
        round.key, at: generator.instant(), deadline: generator.instant())
    case .open: return openChange(round)
    case .sealed(let hash): return sealedChange(round, hash, state)
    case .committed, .failed, .cancelled: return nil
    }
  }

  private mutating func newRound(_ state: FleetState) -> FleetChange? {
    let running = state.jobs.values.filter { $0.state == .running }.map(\.id).sorted()
    guard let job = running.randomElement(using: &generator), let base = model(state) else {
      return nil
    }
    if Int.random(in: 0..<8, using: &generator) == 0 {
      return .jobEnded(job, .finished, detail: generator.text())
    }
    let cohort = state.nodes.keys.sorted().filter { _ in Bool.random(using: &generator) }
    return .roundPlanned(
      RoundRecord(
        key: RoundKey(job: job, round: drawn, attempt: 1), base: base, seed: generator.wide(),
        samples: generator.narrow(), cohort: cohort, plannedAt: generator.instant()))
  }

  private mutating func openChange(_ round: RoundRecord) -> FleetChange {
    let choice = Int.random(in: 0..<8, using: &generator)
    if choice < 5, let node = round.awaited.randomElement(using: &generator) {
      guard choice < 3 else {
        return .participantClosed(
          round.key, node, choice == 3 ? .refused(code: generator.text()) : .late)
      }
      return .updateAccepted(
        round.key, node,
        UpdateRecord(
          digest: generator.digest(), size: generator.wide(), samples: generator.narrow(),
          correct: generator.narrow(), counts: [generator.wide(), 0, generator.wide()],
          trainingMilliseconds: generator.narrow(), acceptedAt: generator.instant(),
          lossMillionths: generator.narrow()))
    }
    switch choice {
    case 0: return .roundDeadlineMoved(round.key, deadline: generator.instant())
    case 1: return .roundFailed(round.key, code: "quorum", detail: generator.text())
    case 2: return .roundCancelled(round.key)
    default: return .roundSealed(round.key, hash: generator.digest())
    }
  }

  private mutating func sealedChange(
    _ round: RoundRecord, _ hash: ContentDigest, _ state: FleetState
  ) -> FleetChange {
    switch Int.random(in: 0..<5, using: &generator) {
    case 0: return .roundFailed(round.key, code: "rule", detail: generator.text())
    case 1: return .roundCancelled(round.key)
    default:
      let model = Bool.random(using: &generator) ? newModel(state) : nil
      let accuracy = [nil, 91.25, 88, 0.1].randomElement(using: &generator) ?? nil
      var result = RoundResult(
        sealedHash: hash, model: model?.digest ?? generator.digest(), accuracy: accuracy,
        accepted: model != nil, committedAt: generator.instant(),
        state: Bool.random(using: &generator) ? generator.digest() : nil,
        leftOut: Bool.random(using: &generator) ? [name("node-1")] : [],
        privacy: Bool.random(using: &generator) ? row(of: round.key) : nil)
      result.baseAccuracy = [nil, 93.5, 12].randomElement(using: &generator) ?? nil
      result.nanojoulesPerInference = [nil, 1, .max].randomElement(using: &generator) ?? nil
      result.reason = model == nil ? generator.text() : ""
      return .roundCommitted(round.key, result, model: model)
    }
  }
}

extension FleetChangeSource {
  /// What a round may have spent.
  private mutating func row(of key: RoundKey) -> PrivacyLedgerRow {
    PrivacyLedgerRow(
      round: key.round, samplingPerMillion: .random(in: 1...1_000_000, using: &generator),
      noiseMilli: .random(in: 1...9_999, using: &generator),
      clip: .random(in: 1...(.max), using: &generator),
      epsilon: .random(in: 0...9, using: &generator), delta: 1e-5)
  }
}
