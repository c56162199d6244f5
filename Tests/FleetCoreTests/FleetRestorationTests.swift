import FleetCore
import FleetProtocol
import RolloutGates
import SwiftProtobuf
import Testing

/// A state that comes from a backup: nothing is run twice, and nodes that are ahead come back.
@Suite struct FleetRestorationTests {
  private let node = CoordinatorBench.nodes[0]

  /// Puts a bench back to a state that it had, as a restore and a start do.
  private func restore(_ bench: inout CoordinatorBench, to saved: FleetState, epoch: UInt64) {
    var mirror = FleetMirror(state: saved)
    mirror.commit(saved.restored(from: copy(bench.now, epoch), at: bench.now))
    #expect(mirror.violations.isEmpty)
    mirror.state.epoch = epoch
    bench.mirror = mirror
    bench.restart()
  }

  private func copy(_ now: Instant, _ epoch: UInt64) -> RestoredCopy {
    RestoredCopy(madeAt: now.advanced(milliseconds: -90_000), epoch: epoch)
  }

  private func beat(
    _ bench: inout CoordinatorBench, accepted: Generation, observed: Generation? = nil
  ) -> [CoordinatorDirective] {
    var beat = WireHeartbeat()
    beat.accepted = accepted.wire
    beat.observed = (observed ?? accepted).wire
    return bench.receive(.heartbeat(beat), from: node)
  }

  private func orders(_ directives: [CoordinatorDirective]) -> [DesiredOrder] {
    directives.compactMap { if case .sendDesired(_, let order) = $0 { order } else { nil } }
  }

  private func kinds(_ directives: [CoordinatorDirective]) -> [String] {
    directives.changes.compactMap { if case .event(let event) = $0 { event.kind } else { nil } }
  }

  @Test func `the new epoch is above what is known and what the clock allows to have been`() {
    let now = Instant(microseconds: 1_750_000_000_000_000)
    #expect(RestoredCopy.epoch(after: [7, 9], at: now) == 1_750_000_000)
    #expect(RestoredCopy.epoch(after: [7, 2_000_000_000], at: now) == 2_000_000_000)
    #expect(RestoredCopy.epoch(after: [], at: Instant(microseconds: -5)) == 0)
    // The same old backup again, a day later: above every start since the first restore.
    let later = now.advanced(milliseconds: 86_400_000)
    #expect(
      RestoredCopy.epoch(after: [7], at: later) > RestoredCopy.epoch(after: [7], at: now) + 86_000)
  }

  @Test func `a node that is ahead gets what it should run again, once, under a fresh number`()
    throws
  {
    var bench = CoordinatorBench()
    let next = FixtureModel.published(counter: 4, seed: 9)
    bench.hello(node)
    bench.command(.deploy(model: bench.model.record.digest, nodes: [node.text]))
    let saved = bench.mirror.state
    bench.command(.addModel(next.record))
    bench.command(.deploy(model: next.record.digest, nodes: [node.text]))
    let ahead = try #require(bench.core.state.nodes[node]?.desired?.generation)
    restore(&bench, to: saved, epoch: 50)
    bench.hello(node)
    let directives = beat(&bench, accepted: ahead)
    let fresh = Generation(epoch: 51, number: 1)
    #expect(orders(directives).map(\.generation) == [fresh])
    #expect(orders(directives).map(\.model) == [bench.model.record])
    // It has run a higher release meanwhile.
    #expect(orders(directives).map(\.allowRollbackTo) == [bench.model.record.releaseCounter])
    #expect(kinds(directives) == ["node.ahead"])
    let (persisted, sent) = (
      directives.position { if case .persist = $0 { true } else { false } },
      directives.position { if case .sendDesired = $0 { true } else { false } }
    )
    #expect(try #require(persisted) < #require(sent))
    // Until it has taken it, the order is repeated; no other is made.
    let again = beat(&bench, accepted: ahead)
    #expect(orders(again).map(\.generation) == [fresh] && kinds(again).isEmpty)
    #expect(orders(beat(&bench, accepted: fresh, observed: ahead)).isEmpty)
    #expect(bench.core.state.nodes[node]?.accepted == fresh)
  }

  @Test func `a node that refused what this state does not know comes back as well`() {
    var bench = CoordinatorBench()
    bench.hello(node)
    bench.command(.deploy(model: bench.model.record.digest, nodes: [node.text]))
    let saved = bench.mirror.state
    restore(&bench, to: saved, epoch: 50)
    bench.hello(node)
    let directives = beat(
      &bench, accepted: Generation(epoch: 1, number: 1), observed: Generation(epoch: 1, number: 2))
    #expect(orders(directives).map(\.generation) == [Generation(epoch: 51, number: 1)])
  }

  @Test func `a node at what the backup knows is left alone`() {
    var bench = CoordinatorBench()
    bench.hello(node)
    bench.command(.deploy(model: bench.model.record.digest, nodes: [node.text]))
    let generation = Generation(epoch: 1, number: 1)
    _ = beat(&bench, accepted: generation)
    var observed = WireObservedState()
    (observed.generation, observed.state) = (generation.wire, .active)
    observed.modelDigest = wireBytes(bench.model.record.digest.bytes)
    bench.receive(.observedState(observed), from: node)
    restore(&bench, to: bench.mirror.state, epoch: 50)
    bench.hello(node)
    let directives = beat(&bench, accepted: generation)
    #expect(orders(directives).isEmpty && directives.changes.isEmpty)
  }

  @Test func `a node with a deployment that nobody knows goes on, and is told of once`() {
    var bench = CoordinatorBench()
    let saved = bench.mirror.state
    restore(&bench, to: saved, epoch: 50)
    bench.hello(node)
    let ahead = Generation(epoch: 3, number: 2)
    let first = beat(&bench, accepted: ahead)
    #expect(kinds(first) == ["node.ahead"] && orders(first).isEmpty)
    #expect(beat(&bench, accepted: ahead).changes.isEmpty)
    bench.hello(node)
    #expect(beat(&bench, accepted: ahead).changes.isEmpty)
    bench.command(.deploy(model: bench.model.record.digest, nodes: [node.text]))
    #expect(orders(beat(&bench, accepted: ahead)).count == 1)
  }

  @Test func `a number of this epoch that was never given is told of and not followed`() throws {
    var bench = CoordinatorBench()
    bench.hello(node)
    bench.command(.deploy(model: bench.model.record.digest, nodes: [node.text]))
    let desired = bench.core.state.nodes[node]?.desired
    let directives = beat(&bench, accepted: Generation(epoch: 1, number: 9))
    #expect(orders(directives).isEmpty && directives.changes.isEmpty)
    #expect(bench.core.state.nodes[node]?.desired == desired)
    var hello = WireHello()
    (hello.versionMin, hello.versionMax, hello.nodeID) = (1, 2, node.text)
    hello.bootID = wireBytes([UInt8](repeating: 1, count: 16))
    hello.accepted = Generation(epoch: 1, number: 9).wire
    #expect(kinds(bench.receive(.hello(hello), from: node)) == ["epoch.behind"])
  }

  @Test func `an open round ends as restored, its job fails, and answers stay`() {
    var bench = CoordinatorBench()
    bench.startJob()
    let saved = bench.mirror.state
    restore(&bench, to: saved, epoch: 50)
    let round = bench.core.state.rounds[bench.key()]
    guard case .failed("restored", _) = round?.state else {
      Issue.record("\(String(describing: round?.state))")
      return
    }
    let job = bench.core.state.jobs[CoordinatorBench.job]
    #expect(job?.state == .failed && job?.detail.hasPrefix("restored: ") == true)
    bench.pass(milliseconds: 600_000)
    bench.handle(.tick)
    #expect(bench.core.state.rounds.count == 1)
    // What a node holds for it, or for a round that nobody knows, is gone.
    bench.hello(node)
    for key in [bench.key(), bench.key(2)] {
      #expect(
        bench.heartbeat(node, openRounds: [CoordinatorBench.open(key)]).verdicts(to: node)
          == [.gone])
    }
    // The same request gets the same answer and starts nothing.
    #expect(bench.core.state.answers == saved.answers)
  }

  @Test func `a sealed round is not aggregated a second time, nor a planned one opened`() {
    var bench = CoordinatorBench()
    bench.startJob()
    for node in CoordinatorBench.nodes { bench.report(node, bench.key()) }
    guard case .sealed = bench.core.state.rounds[bench.key()]?.state else {
      Issue.record("not sealed")
      return
    }
    let sealed = bench.mirror.state
    restore(&bench, to: sealed, epoch: 50)
    #expect(bench.core.state.rounds[bench.key()]?.state.name == "failed")
    #expect(bench.handle(.tick).aggregations.isEmpty)
    // A round is planned and opened in one turn, but by two transactions.
    var planned = sealed
    planned.rounds = [:]
    let record = RoundRecord(
      key: bench.key(), base: bench.model.record.digest, seed: 1, samples: 1, cohort: [node],
      plannedAt: bench.now)
    planned.apply(.roundPlanned(record))
    restore(&bench, to: planned, epoch: 60)
    #expect(bench.core.state.rounds[bench.key()]?.state == .cancelled)
    #expect(bench.core.state.jobs[CoordinatorBench.job]?.state == .failed)
  }

  @Test func `telemetry that the backup lacks is a gap, and counts no window twice`() {
    var bench = CoordinatorBench()
    bench.hello(node)
    let boot = [UInt8](repeating: 1, count: 16)
    func batch(_ first: UInt64, _ last: UInt64) -> (FleetProtocol.Message, [UInt8]) {
      var windows = WireTelemetryWindows()
      windows.windows = (first...last).map { sequence in
        var window = WireTelemetryWindow()
        (window.sequence, window.inferences) = (sequence, sequence * 10)
        return window
      }
      var batch = WireTelemetryBatch()
      (batch.bootID, batch.firstSequence, batch.lastSequence) = (wireBytes(boot), first, last)
      let bytes: [UInt8]
      do { bytes = try windows.serializedBytes() } catch { preconditionFailure("\(error)") }
      return (.telemetryBatch(batch), bytes)
    }
    func send(_ first: UInt64, _ last: UInt64, _ bench: inout CoordinatorBench) -> [String] {
      let (message, payload) = batch(first, last)
      bench.receive(message, from: node, payload: payload)
      return kinds(bench.handle(.tick))
    }
    #expect(send(1, 2, &bench).isEmpty)
    let saved = bench.mirror
    #expect(send(3, 5, &bench).isEmpty)
    restore(&bench, to: saved.state, epoch: 50)
    bench.mirror.windows = saved.windows
    let welcome = bench.hello(node).messages(to: node).first
    guard case .welcome(let welcome) = welcome else {
      Issue.record("no welcome")
      return
    }
    #expect(welcome.telemetryThrough == 2)
    // The node has let 3 to 5 go when they were acknowledged, and 6 was on its way.
    #expect(send(6, 7, &bench) == ["telemetry.gap"])
    #expect(send(6, 7, &bench).isEmpty)
    #expect(bench.mirror.windows[node]?[boot] == [1, 2, 6, 7])
  }

  @Test func `a running rollout pauses, and goes on with nodes that were ahead`() {
    var bench = RolloutBench()
    bench.command(.startRollout(bench.specification))
    bench.pass(seconds: 3)
    let canary = bench.wave(0)[0]
    let saved = bench.mirror.state
    bench.run(.pass)
    #expect(bench.state == .completed)
    let ahead = bench.core.state.nodes.mapValues { $0.desired?.generation ?? .none }
    var mirror = FleetMirror(state: saved)
    mirror.commit(saved.restored(from: copy(bench.now, 50), at: bench.now))
    #expect(mirror.violations.isEmpty)
    mirror.state.epoch = 50
    bench.mirror = mirror
    bench.restart()
    #expect(bench.state == .paused)
    #expect(bench.record?.progress.reason.contains("restored") == true)
    for node in bench.nodes {
      var beat = WireHeartbeat()
      (beat.accepted, beat.observed) = (ahead[node]?.wire ?? .init(), ahead[node]?.wire ?? .init())
      bench.receive(.heartbeat(beat), from: node)
    }
    #expect(bench.orders.values.allSatisfy { $0.generation.epoch == 51 })
    bench.obey()
    bench.pass(seconds: 5)
    // Each runs what the backup says, and none was lost to the rollout.
    for node in bench.nodes {
      let isCanary = node == canary
      #expect(
        bench.desired(node) == (isCanary ? bench.new : bench.old).record.digest, "\(node)")
      #expect(bench.record?.members[node]?.step == (isCanary ? .active : .pending), "\(node)")
    }
    bench.command(.rollout(RolloutBench.rollout.text, .resume))
    bench.run(.pass)
    #expect(bench.state == .completed)
    #expect(bench.nodes.allSatisfy { bench.desired($0) == bench.new.record.digest })
  }
}
