import FleetCore
import FleetProtocol
import RolloutGates
import Testing

/// The rollout machine: waves, gates, ends, and who comes later.
@Suite struct RolloutTests {
  @Test func `a wave begins only when the gate of the one before it has passed`() throws {
    var bench = RolloutBench()
    #expect(bench.command(.startRollout(bench.specification)) == .done("digits-4"))
    bench.pass(seconds: 20)
    let canary = bench.wave(0)
    #expect(canary.count == 1)
    #expect(bench.record?.progress.stage == .baking)
    for node in bench.nodes where node != canary[0] {
      #expect(bench.desired(node) == bench.old.record.digest)
    }
    #expect(bench.looks.count == 1)
    bench.answer(.pass)
    bench.pass(seconds: 20)
    #expect(bench.record?.progress.wave == 1)
    #expect(bench.wave(1).allSatisfy { bench.desired($0) == bench.new.record.digest })
    #expect(bench.wave(2).allSatisfy { bench.desired($0) == bench.old.record.digest })
    bench.run(.pass)
    #expect(bench.state == .completed)
    #expect(bench.decisions.map(\.verdict) == [.passed, .passed, .passed])
    #expect(bench.decisions.allSatisfy { $0.assessment?.finding == .pass })
    for node in bench.nodes {
      #expect(bench.core.state.nodes[node]?.desired?.isTrial == false)
      #expect(bench.desired(node) == bench.new.record.digest)
    }
  }

  @Test func `no more nodes are under way at a time than may be`() {
    var bench = RolloutBench(nodes: 12)
    var specification = bench.specification
    specification.waves = [.percent(10)]
    specification.maxParallel = 3
    bench.command(.startRollout(specification))
    bench.run(.pass)
    #expect(bench.state == .completed)
    #expect(bench.mostUnderWay == 3)
  }

  @Test func `without evidence nothing passes, and the policy decides when time is over`() {
    for policy in RolloutSpecification.Insufficient.allCases {
      var bench = RolloutBench()
      var specification = bench.specification
      specification.onInsufficient = policy
      bench.command(.startRollout(specification))
      bench.run(.insufficient, seconds: 60)
      #expect(bench.state == .running)
      #expect(bench.record?.progress.wave == 0)
      #expect(bench.decisions.isEmpty)
      bench.run(.insufficient, seconds: 20)
      #expect(bench.decisions.first?.verdict == .insufficient)
      switch policy {
      case .pause: #expect(bench.state == .paused)
      case .revert: #expect(bench.state == .failed)
      case .promote: #expect(bench.record?.progress.wave == 1)
      }
    }
  }

  @Test func `a broken bound takes the model back everywhere`() {
    var bench = RolloutBench()
    bench.command(.startRollout(bench.specification))
    bench.pass(seconds: 10)
    bench.answer(.pass)
    bench.pass(seconds: 10)
    #expect(bench.record?.progress.wave == 1)
    bench.run(.breach)
    #expect(bench.state == .failed)
    for node in bench.nodes { #expect(bench.desired(node) == bench.old.record.digest) }
    #expect(bench.wave(0).allSatisfy { bench.record?.members[$0]?.step == .reverted })
    #expect(bench.wave(2).allSatisfy { bench.record?.members[$0]?.step == .cancelled })
    #expect(bench.decisions.last?.verdict == .stopped)
    #expect(bench.decisions.last?.detail.contains("points") == true)
  }

  @Test func `a shadow goes before a model serves, and only where something serves`() {
    var bench = RolloutBench(nodes: 6, bare: 2)
    var specification = bench.specification
    specification.waves = [.nodes(6)]
    specification.maxParallel = 6
    specification.shadow = .init(perMille: 500)
    bench.command(.startRollout(specification))
    bench.pass(seconds: 5)
    #expect(bench.record?.progress.stage == .shadowing)
    #expect((0..<4).allSatisfy { bench.step($0) == .shadowing })
    #expect((4..<6).allSatisfy { bench.step($0) == .pending })
    for node in bench.nodes.prefix(4) {
      #expect(bench.core.state.nodes[node]?.desired?.serving.shadowPerMille == 500)
    }
    bench.answer(.pass)
    bench.pass(seconds: 5)
    #expect(bench.record?.progress.shadowPassed == true)
    #expect((0..<6).allSatisfy { bench.step($0) == .active })
    // What only serving shows is guarded; a shadow that passed is the evidence.
    bench.run(.insufficient)
    #expect(bench.state == .completed)
    #expect(bench.decisions.map(\.verdict) == [.passed, .passed])
  }

  @Test func `a shadow that an operator let pass is no evidence for the waves after it`() {
    var bench = RolloutBench()
    var specification = bench.specification
    specification.shadow = .init(perMille: 250, waves: 2)
    bench.command(.startRollout(specification))
    for _ in 0..<300 where bench.record?.progress.wave == 0 {
      bench.answer(.pass)
      bench.pass(seconds: 1)
    }
    #expect(bench.record?.progress.stage == .shadowing && bench.record?.progress.wave == 1)
    bench.pass(seconds: 3)
    bench.command(.rollout(RolloutBench.rollout.text, .promote))
    for _ in 0..<300 where bench.record?.progress.wave == 1 {
      bench.answer(.pass)
      bench.pass(seconds: 1)
    }
    #expect(bench.record?.progress.wave == 2)
    for _ in 0..<120 where bench.state == .running {
      bench.answer(.insufficient)
      bench.pass(seconds: 1)
    }
    #expect(bench.state == .paused)
    #expect(bench.decisions.last?.verdict == .insufficient)
  }

  @Test func `a node ends by its deadline and gets its former order back`() {
    var bench = RolloutBench()
    bench.command(.startRollout(bench.specification))
    bench.conduct = Dictionary(uniqueKeysWithValues: bench.nodes.map { ($0, .silent) })
    bench.pass(seconds: 29)
    let canary = bench.wave(0)[0]
    #expect(bench.record?.members[canary]?.step == .downloading)
    bench.pass(seconds: 3)
    #expect(bench.record?.members[canary]?.step == .timedOut)
    #expect(bench.desired(canary) == bench.old.record.digest)
    #expect(bench.state == .failed)
    #expect(bench.decisions.last?.detail.contains("1 nodes failed") == true)
  }

  @Test(arguments: [ModelPhase.failed, .refused, .reverted])
  func `nodes that end badly stop the rollout when there are too many`(end: ModelPhase) {
    var bench = RolloutBench()
    var specification = bench.specification
    specification.waves = [.nodes(6)]
    specification.failuresMax = 1
    bench.command(.startRollout(specification))
    bench.conduct[bench.nodes[0]] = .ends(end)
    bench.run(.pass)
    #expect(bench.state == .completed)
    #expect(bench.record?.failures == 1)
    bench = RolloutBench()
    bench.command(.startRollout(specification))
    for node in bench.nodes.prefix(2) { bench.conduct[node] = .ends(end) }
    bench.run(.pass)
    #expect(bench.state == .failed)
    for node in bench.nodes { #expect(bench.desired(node) == bench.old.record.digest) }
  }

  @Test func `cancel wins over whatever is under way`() {
    var bench = RolloutBench()
    bench.command(.startRollout(bench.specification))
    bench.conduct = Dictionary(uniqueKeysWithValues: bench.nodes.map { ($0, .silent) })
    bench.pass(seconds: 3)
    #expect(bench.command(.rollout("digits-4", .abort)) == .done("digits-4"))
    #expect(bench.command(.rollout("digits-4", .abort)) == .done("digits-4"))
    bench.run(.pass)
    #expect(bench.state == .aborted)
    for node in bench.nodes { #expect(bench.desired(node) == bench.old.record.digest) }
    // A look that was asked for before changes nothing any more.
    bench.answer(.pass)
    #expect(bench.state == .aborted)
  }

  @Test func `pause gives no new orders, and resume gives the gate its time back`() {
    var bench = RolloutBench()
    bench.command(.startRollout(bench.specification))
    bench.pass(seconds: 10)
    bench.command(.rollout("digits-4", .pause))
    bench.pass(seconds: 500)
    #expect(bench.state == .paused)
    bench.answer(.pass)
    #expect(bench.record?.progress.wave == 0)
    bench.command(.rollout("digits-4", .resume))
    bench.pass(seconds: 20)
    #expect(bench.state == .running)
    bench.run(.pass)
    #expect(bench.state == .completed)
  }

  @Test func `promote lets a wave pass and is written down`() {
    var bench = RolloutBench()
    var specification = bench.specification
    specification.autoPromote = false
    bench.command(.startRollout(specification))
    bench.run(.pass)
    #expect(bench.state == .paused)
    #expect(bench.record?.progress.wave == 0)
    bench.command(.rollout("digits-4", .promote))
    #expect(bench.state == .running)
    #expect(bench.record?.progress.wave == 1)
    #expect(bench.decisions.last?.verdict == .promoted)
  }

  @Test func `undo returns nodes to what they ran, below the floor that has risen`() {
    var bench = RolloutBench()
    bench.command(.startRollout(bench.specification))
    bench.run(.pass)
    #expect(bench.state == .completed)
    bench.command(.rollout("digits-4", .undo))
    bench.run(.pass)
    #expect(bench.state == .undone)
    for node in bench.nodes {
      let desired = bench.core.state.nodes[node]?.desired
      #expect(desired?.model == bench.old.record.digest)
      #expect(desired?.allowRollbackTo == 3)
    }
  }

  @Test func `undo reaches nodes that a later rollout had and gave back`() {
    var bench = RolloutBench()
    bench.command(.startRollout(bench.specification))
    bench.run(.pass)
    let third = FixtureModel.published(counter: 5, seed: 2)
    bench.command(.addModel(third.record))
    var next = bench.specification
    (next.name, next.model) = ("digits-5", third.record.digest.hex)
    bench.command(.startRollout(next))
    #expect(bench.command(.rollout("digits-4", .undo)) != .done("digits-4"))
    bench.pass(seconds: 5)
    bench.command(.rollout("digits-5", .abort))
    bench.pass(seconds: 5)
    #expect(bench.nodes.allSatisfy { bench.desired($0) == bench.new.record.digest })
    #expect(bench.command(.rollout("digits-4", .undo)) == .done("digits-4"))
    bench.run(.pass)
    #expect(bench.state == .undone)
    #expect(bench.nodes.allSatisfy { bench.desired($0) == bench.old.record.digest })
  }

  @Test func `a restart anywhere goes on where it was`() {
    for moment in 1..<40 {
      var bench = RolloutBench()
      var specification = bench.specification
      specification.shadow = .init(perMille: 500)
      bench.command(.startRollout(specification))
      for _ in 0..<moment {
        bench.answer(.pass)
        bench.pass(seconds: 1)
      }
      bench.restart()
      bench.run(.pass)
      #expect(bench.state == .completed, "restarted after \(moment) s")
      #expect(bench.nodes.allSatisfy { bench.desired($0) == bench.new.record.digest })
    }
  }

  @Test func `a node that joins late follows, also when the rollout is over`() {
    var bench = RolloutBench()
    bench.command(.startRollout(bench.specification))
    bench.pass(seconds: 3)
    let early = FleetFixture.identifier("node-7")
    bench.join(early)
    bench.run(.pass)
    #expect(bench.desired(early) == bench.new.record.digest)
    let late = FleetFixture.identifier("node-8")
    bench.join(late)
    bench.pass(seconds: 5)
    #expect(bench.desired(late) == bench.new.record.digest)
    #expect(bench.record?.members[late]?.step == .active)
    #expect(bench.core.state.nodes[late]?.desired?.isTrial == false)
  }

  @Test func `a node that was away is sent again when it is back`() {
    var bench = RolloutBench()
    let absent = bench.completeWithoutOne()
    #expect(bench.desired(absent) == bench.old.record.digest)
    bench.conduct[absent] = .obeys
    bench.pass(seconds: 60)
    #expect(bench.desired(absent) == bench.new.record.digest)
  }

  @Test func `retry sends failed nodes again, up to a limit`() {
    var bench = RolloutBench()
    var specification = bench.specification
    specification.failuresMax = 6
    bench.command(.startRollout(specification))
    let broken = bench.nodes[3]
    bench.conduct[broken] = .ends(.failed)
    bench.run(.pass)
    for tries in 1...5 {
      #expect(bench.record?.members[broken]?.step == .failed)
      #expect(bench.record?.members[broken]?.tries == UInt32(tries))
      guard tries < 5 else { break }
      #expect(bench.command(.rollout("digits-4", .retry([]))) == .done("digits-4"))
      bench.pass(seconds: 2)
    }
    guard case .refused("retry", _) = bench.command(.rollout("digits-4", .retry([broken.text])))
    else {
      Issue.record("a sixth try was not refused")
      return
    }
  }

  @Test func `outside its windows a model is brought and does not run`() {
    var bench = RolloutBench()
    var specification = bench.specification
    // Noon of the fixture lies outside; the window opens ten minutes later.
    let minute = Int(bench.now.microseconds / 60_000_000) % 1_440
    specification.windows = [MaintenanceWindow(openingMinute: (minute + 10) % 1_440, minutes: 60)]
    bench.command(.startRollout(specification))
    bench.pass(seconds: 60)
    let canary = bench.wave(0)[0]
    #expect(bench.record?.members[canary]?.step == .staged)
    #expect(bench.core.state.nodes[canary]?.desired?.serving.isStaged == true)
    bench.run(.pass, seconds: 1_200)
    #expect(bench.state == .completed)
  }
}
