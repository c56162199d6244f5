import FleetCore
import FleetProtocol
import Testing

/// How a node lives on the energy of a day, and who tells it how much that is.
@Suite struct EnergyTests {
  private let small = FixtureModel.published("digits-small", counter: 1, size: 900, seed: 7)
  /// Seconds from the fixture's noon to the end of its day.
  private static let secondsLeft = 86_400 - FleetFixture.noon.microseconds / 1_000_000 % 86_400

  /// A node that serves, makes ten inferences a second, and hears of limits.
  private func bench(standIns: [FixtureModel] = [], least: UInt32 = 0) -> AgentBench {
    var bench = AgentBench(inferencesPerSecond: 10, energyLeastPerMille: least)
    bench.connect()
    var desired = bench.model.desired(AgentBench.node, AgentBench.generation) { order in
      order.standIns = standIns.map { wireBytes($0.record.manifestDigest.bytes) }
    }
    desired.standIns = standIns.map { wireBytes($0.envelope) }
    bench.receive(.desiredState(desired))
    bench.serve(bench.model)
    return bench
  }

  /// Tells of a limit that allows so many nanojoules a second for the rest of the day.
  @discardableResult
  private func limit(_ bench: inout AgentBench, perSecond: Int64) -> [AgentDirective] {
    var reply = WireHeartbeatReply()
    reply.serverTimeUs = 1
    reply.energyNanojoules = UInt64(perSecond * Self.secondsLeft)
    return bench.receive(.heartbeatReply(reply))
  }

  /// A window of ten seconds, in which each inference took so much; `model` answered.
  @discardableResult
  private func window(
    _ bench: inout AgentBench, each nanojoules: UInt64, inferences: UInt64 = 100,
    learning: UInt64 = 0, model: FixtureModel? = nil
  ) -> [AgentDirective] {
    bench.now = bench.now.advanced(milliseconds: 10_000)
    var window = WireTelemetryWindow()
    bench.inferences += inferences
    bench.energy.inferenceNanojoules += inferences * nanojoules
    bench.energy.learningNanojoules += learning
    window.inferences = bench.inferences
    window.modelDigest = wireBytes((model ?? bench.model).record.digest.bytes)
    return bench.handle(.windowClosed(window, energy: bench.energy))
  }

  // MARK: books

  @Test func `each joule is booked once, with the window that it belongs to`() {
    var bench = bench()
    let directives = window(&bench, each: 30, learning: 500)
    let changes = directives.agentChanges
    #expect(changes.contains(.energyUsed(EnergyDay(day: 20_254, nanojoules: 3_500))))
    let booked = changes.firstIndex { if case .energyUsed = $0 { true } else { false } }
    let queued = changes.firstIndex { if case .windowQueued = $0 { true } else { false } }
    #expect(booked != nil && queued != nil, "in one transaction")
    window(&bench, each: 10)
    #expect(bench.stored.energyDay.nanojoules == 4_500)
  }

  @Test func `a window that the disk did not take is booked with the next one`() {
    var bench = bench()
    window(&bench, each: 30)
    let stored = bench.stored
    window(&bench, each: 30)
    bench.stored = stored
    bench.core.reload(stored)
    window(&bench, each: 30)
    #expect(bench.stored.energyDay.nanojoules == 9_000)
  }

  @Test func `the next day begins with nothing used, and a run with what the day has used`() {
    var bench = bench()
    window(&bench, each: 30)
    bench.restart()
    (bench.inferences, bench.energy) = (0, EnergyReading())
    window(&bench, each: 10)
    #expect(bench.stored.energyDay.nanojoules == 4_000)
    bench.now = bench.now.advanced(milliseconds: 86_400_000)
    window(&bench, each: 20)
    #expect(bench.stored.energyDay == EnergyDay(day: 20_255, nanojoules: 2_000))
  }

  // MARK: the order of measures

  @Test func `learning stops first, and comes back when there is room for it again`() {
    var bench = bench()
    limit(&bench, perSecond: 400)
    // Inference takes 300 nJ a second, learning 200.
    let short = window(&bench, each: 30, learning: 2_000)
    #expect(short.contains(.pace(perMille: 1_000, learns: false)))
    #expect(bench.notices.last?.kind == .energyShort)
    #expect(!window(&bench, each: 30).contains { if case .pace = $0 { true } else { false } })
    let roomy = limit(&bench, perSecond: 1_000) + window(&bench, each: 30)
    #expect(roomy.contains(.pace(perMille: 1_000, learns: true)))
    #expect(bench.notices.last?.kind == .energySuffices)
  }

  @Test func `without a smaller model a node answers as often as its energy allows`() {
    var bench = bench()
    limit(&bench, perSecond: 150)
    let directives = window(&bench, each: 30)
    let paces = directives.compactMap { directive -> UInt32? in
      if case .pace(let perMille, false) = directive { perMille } else { nil }
    }
    #expect(paces.count == 1)
    #expect((480...500).contains(paces.first ?? 0), "half of 300 nJ a second, less what is used")
  }

  @Test func `energy that is used up ends all work until midnight, and raises an alarm`() {
    var bench = bench()
    limit(&bench, perSecond: 1)
    #expect(bench.stored.energyLimit == UInt64(Self.secondsLeft))
    let directives = window(&bench, each: UInt64(Self.secondsLeft))
    #expect(directives.contains(.pace(perMille: 0, learns: false)))
    #expect(bench.notices.last?.kind == .energyUsedUp)
    // Also in the next run, without the coordinator.
    let restarted = bench.restart()
    (bench.inferences, bench.energy) = (0, EnergyReading())
    #expect(restarted.contains(.pace(perMille: 0, learns: false)))
    bench.handle(.modelLoaded(bench.model.record.digest, .ready))
    bench.now = bench.now.advanced(milliseconds: 86_400_000)
    let tomorrow = window(&bench, each: 0, inferences: 0)
    #expect(tomorrow.contains(.pace(perMille: 1_000, learns: true)))
  }

  @Test func `the node's own settings keep a share of the inferences`() {
    var bench = bench(least: 50)
    limit(&bench, perSecond: 1)
    let directives = window(&bench, each: UInt64(Self.secondsLeft))
    #expect(directives.contains(.pace(perMille: 50, learns: false)))
  }

  @Test func `the least of both limits holds, and none where nobody sets one`() {
    var bench = AgentBench(inferencesPerSecond: 10, energyLimit: 5_000)
    bench.connect()
    bench.deploy()
    bench.serve(bench.model)
    #expect(
      window(&bench, each: 60).contains(.pace(perMille: 0, learns: false)))
    var free = self.bench()
    limit(&free, perSecond: 1)
    var reply = WireHeartbeatReply()
    reply.serverTimeUs = 1
    free.receive(.heartbeatReply(reply))
    #expect(free.stored.energyLimit == nil)
    #expect(!window(&free, each: 1 << 40).contains { if case .pace = $0 { true } else { false } })
  }

  // MARK: stand-ins

  @Test func `a smaller model answers before inferences are left out, and gives way again`() {
    var bench = bench(standIns: [small])
    let (big, little) = (bench.model.record.digest, small.record.digest)
    bench.handle(.chunksInspected(little, present: nil))
    limit(&bench, perSecond: 150)
    let short = window(&bench, each: 30)
    #expect(short.contains(.pace(perMille: 1_000, learns: false)))
    #expect(short.contains(.loadModel(little)))
    let loaded = bench.handle(.modelLoaded(little, .ready))
    #expect(loaded.contains(.serve(little)))
    #expect(bench.core.serving == big && bench.core.standIn == little)
    #expect(bench.stored.active?.model == big, "what is ordered stays")
    // 50 nJ a second: there is room, but not for the big one.
    #expect(!window(&bench, each: 5, model: small).contains(.loadModel(big)))
    let roomy = limit(&bench, perSecond: 2_000) + window(&bench, each: 5, model: small)
    #expect(roomy.contains(.loadModel(big)))
    #expect(bench.handle(.modelLoaded(big, .ready)).contains(.serve(big)))
    #expect(bench.core.standIn == nil)
  }

  @Test func `where even the smaller model is too much it answers less often`() {
    var bench = bench(standIns: [small])
    let little = small.record.digest
    bench.handle(.chunksInspected(little, present: nil))
    limit(&bench, perSecond: 20)
    window(&bench, each: 30)
    bench.handle(.modelLoaded(little, .ready))
    let directives = window(&bench, each: 4, model: small)
    let isSlow = directives.contains {
      if case .pace(let perMille, false) = $0 { (400...500).contains(perMille) } else { false }
    }
    #expect(isSlow, "20 of 40 nJ a second")
    #expect(bench.core.standIn == little)
  }

  @Test func `a model to stand in is fetched, verified, kept and dropped with its order`() {
    var bench = bench(standIns: [small])
    let little = small.record.digest
    #expect(bench.stored.active?.standIns == [StandIn(model: little, manifest: small.envelope)])
    #expect(bench.stored.neededBlobs.contains(little))
    bench.handle(.chunksInspected(little, present: nil))
    let next = FixtureModel.published(counter: 4, seed: 1)
    bench.deploy(next, Generation(epoch: 1, number: 2))
    bench.serve(next)
    // The slot of the model before holds it still.
    #expect(bench.stored.neededBlobs.contains(little))
    let third = FixtureModel.published(counter: 5, seed: 2)
    let gone = bench.deploy(third, Generation(epoch: 1, number: 3)) + bench.serve(third)
    #expect(gone.contains(.dropBlob(little)))
    #expect(!bench.stored.neededBlobs.contains(little))
  }

  @Test func `an order whose stand-in is another one, unsigned or missing is refused`() {
    let stranger = FixtureModel.published(
      "digits-small", size: 900, signer: FleetFixture.stranger)
    let other = FixtureModel.published("digits-other", size: 900, seed: 3)
    for (sent, code) in [([other], "manifest-digest"), ([], "manifest-digest")] {
      var bench = AgentBench()
      bench.connect()
      var desired = bench.model.desired(AgentBench.node, AgentBench.generation) { order in
        order.standIns = [wireBytes(small.record.manifestDigest.bytes)]
      }
      desired.standIns = sent.map { wireBytes($0.envelope) }
      #expect(bench.receive(.desiredState(desired)).observed.map(\.code) == [code])
    }
    var bench = AgentBench()
    bench.connect()
    var desired = bench.model.desired(AgentBench.node, AgentBench.generation) { order in
      order.standIns = [wireBytes(stranger.record.manifestDigest.bytes)]
    }
    desired.standIns = [wireBytes(stranger.envelope)]
    #expect(bench.receive(.desiredState(desired)).observed.map(\.state) == [.refused])
    #expect(bench.stored.accepted == nil)
  }

  @Test func `a model on probation answers itself however short energy is`() {
    var bench = bench(standIns: [small])
    bench.handle(.chunksInspected(small.record.digest, present: nil))
    let next = FixtureModel.published(counter: 4, seed: 1)
    var desired = next.desired(AgentBench.node, Generation(epoch: 1, number: 2)) { order in
      order.probeInferences = 50
      order.standIns = [wireBytes(small.record.manifestDigest.bytes)]
    }
    desired.standIns = [wireBytes(small.envelope)]
    bench.receive(.desiredState(desired))
    bench.serve(next)
    #expect(bench.stored.probeStarts == 1)
    limit(&bench, perSecond: 150)
    let directives = window(&bench, each: 30, model: next)
    #expect(!directives.contains(.loadModel(small.record.digest)))
    #expect(
      directives.contains { if case .pace(let share, _) = $0 { share < 1_000 } else { false } })
  }

  // MARK: the coordinator

  @Test func `a node tells how it stands, and the coordinator what it may use`() {
    var bench = bench()
    limit(&bench, perSecond: 1_000)
    window(&bench, each: 30)
    limit(&bench, perSecond: 1_000)
    let beats = bench.pass(milliseconds: 1_000).messages.compactMap { message -> WireHeartbeat? in
      if case .heartbeat(let beat) = message { beat } else { nil }
    }
    #expect(beats.last?.energy.usedNanojoules == 3_000)
    #expect(beats.last?.energy.limitNanojoules == UInt64(1_000 * Self.secondsLeft))
    #expect(beats.last?.energy.ratePerMille == 1_000)
  }

  @Test func `budgets are shared or for each, and the least of a node's holds`() {
    var state = FleetState()
    for (name, site) in [("a", "lab"), ("b", "lab"), ("c", "roof")] {
      var node = NodeRecord(
        id: FleetFixture.identifier(name), publicKey: name, acceptedAt: FleetFixture.noon)
      node.terms.labels = ["site": site]
      state.apply(.nodeAccepted(node))
    }
    state.apply(.budgetSet(EnergyBudget(name: "all", joulesPerDay: 3)))
    let lab = EnergyBudget(
      name: "lab", selector: NodeSelector(labels: ["site": "lab"]), joulesPerDay: 4,
      isShared: true)
    state.apply(.budgetSet(lab))
    let limits = state.energyLimits()
    #expect(limits[FleetFixture.identifier("a")] == 2_000_000_000)
    #expect(limits[FleetFixture.identifier("c")] == 3_000_000_000)
    state.apply(.budgetRemoved(FleetFixture.identifier("lab")))
    #expect(state.energyLimits()[FleetFixture.identifier("a")] == 3_000_000_000)
  }
}
