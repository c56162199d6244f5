import FleetCore
import FleetProtocol
import Testing

@Suite struct CoordinatorSessionTests {
  let node = CoordinatorBench.nodes[0]

  private func resets(_ directives: [CoordinatorDirective]) -> Int {
    directives.messages(to: node).count { if case .reset = $0 { true } else { false } }
  }

  private func frames(_ bench: CoordinatorBench, _ message: Message) -> [[UInt8]] {
    Packet(message, session: bench.core.sessions[node]?.number ?? 0, sequence: 1).frames()
  }

  @Test func `a welcome does not wait for what the node has accepted to be stored`() {
    var bench = CoordinatorBench()
    bench.hello(node)
    bench.command(.deploy(model: bench.model.record.digest, nodes: []))
    var hello = WireHello()
    hello.versionMin = 1
    hello.versionMax = 1
    hello.nodeID = node.text
    hello.chip = FleetFixture.chip
    hello.bootID = wireBytes([UInt8](repeating: 1, count: 16))
    hello.accepted = Generation(epoch: 1, number: 1).wire
    let directives = bench.receive(.hello(hello), from: node)
    let stored = directives.position { if case .persist = $0 { true } else { false } }
    let told = directives.position { if case .send = $0 { true } else { false } }
    #expect(told == 0 && stored != nil)
  }

  @Test func `a clock that is put back holds no node and no offer`() {
    var bench = CoordinatorBench()
    bench.startJob()
    bench.pass(milliseconds: -3_600_000)
    bench.handle(.tick)
    #expect(bench.heartbeat(node).offers(to: node).count == 1)
    bench.pass(milliseconds: 31_000)
    bench.handle(.tick)
    #expect(bench.core.sessions[node]?.liveness == .offline)
  }

  @Test func `a silent node is suspect, then offline, and any message brings it back`() {
    var bench = CoordinatorBench()
    bench.hello(node)
    let expected: [(Int64, Session.Liveness)] = [
      (20_000, .online), (1, .suspect), (9_999, .suspect), (1, .offline),
    ]
    for (pause, liveness) in expected {
      bench.pass(milliseconds: pause)
      bench.handle(.tick)
      #expect(bench.core.sessions[node]?.liveness == liveness)
    }
    #expect(bench.mirror.events.last?.kind == "node.offline")
    bench.heartbeat(node)
    #expect(bench.core.sessions[node]?.liveness == .online)
    bench.pass(milliseconds: 20_001)
    bench.handle(.tick)
    bench.receive(.desiredAccepted(WireDesiredAccepted()), from: node)
    #expect(bench.core.sessions[node]?.liveness == .online)
  }

  @Test func `three malformed messages close the conversation`() {
    var bench = CoordinatorBench()
    bench.hello(node)
    let good = frames(bench, .heartbeat(WireHeartbeat()))
    var version = good
    version[0][4] = 9
    let long = [good[0], [UInt8](repeating: 0, count: 20_000)]
    let address = CoordinatorBench.address(node, .control)
    #expect(
      resets(bench.handle(.received(address, user: CoordinatorBench.user(node), frames: version)))
        == 0)
    #expect(
      resets(bench.handle(.received(address, user: CoordinatorBench.user(node), frames: long))) == 0
    )
    #expect(
      resets(bench.handle(.malformed(address, user: CoordinatorBench.user(node), frameCount: 600)))
        == 1)
    #expect(bench.core.sessions[node] == nil)
    #expect(bench.core.refusedFrames == ["version": 1, "body-size": 1, "frame-count": 1])
    #expect(bench.mirror.events.last?.kind == "session.closed")
    #expect(
      resets(bench.handle(.received(address, user: CoordinatorBench.user(node), frames: good))) == 1
    )
    guard case .busy(let busy) = bench.hello(node).messages(to: node).first else {
      Issue.record("no BUSY")
      return
    }
    #expect(busy.retryAfterMilliseconds == 30_000)
    bench.pass(milliseconds: 30_000)
    bench.hello(node)
    #expect(bench.core.sessions[node]?.strikes == 0)
  }

  @Test func `frames of a wrong count, size, door or direction are each counted`() {
    var bench = CoordinatorBench()
    let good = frames(bench, .heartbeat(WireHeartbeat()))
    let cases: [(String, WireEndpoint, [[UInt8]])] = [
      ("frame-count", .control, [good[0]]),
      ("frame-count", .control, good + [[1]]),
      ("frame-count", .control, []),
      ("header-size", .control, [Array(good[0].dropLast()), good[1]]),
      ("magic", .control, [[UInt8](repeating: 0, count: 40), good[1]]),
      ("wrong-endpoint", .data, good),
      ("wrong-direction", .control, frames(bench, .welcome(WireWelcome()))),
      ("body", .control, [good[0], [0xFF, 0xFF]]),
    ]
    for (code, endpoint, frames) in cases {
      let before = bench.core.refusedFrames[code] ?? 0
      bench.handle(
        .received(
          CoordinatorBench.address(node, endpoint), user: CoordinatorBench.user(node),
          frames: frames))
      #expect(bench.core.refusedFrames[code] == before + 1, "\(code)")
    }
  }

  @Test func `an unknown type is answered with UNSUPPORTED and the conversation lives`() {
    var bench = CoordinatorBench()
    bench.hello(node)
    var unknown = frames(bench, .heartbeat(WireHeartbeat()))
    unknown[0][5] = 200
    for _ in 0..<5 {
      let directives = bench.handle(
        .received(
          CoordinatorBench.address(node, .control), user: CoordinatorBench.user(node),
          frames: unknown))
      guard case .unsupported(let answer) = directives.messages(to: node).first else {
        Issue.record("no UNSUPPORTED")
        return
      }
      #expect(answer.type == 200)
    }
    #expect(bench.core.sessions[node]?.strikes == 0)
    #expect(!bench.heartbeat(node).messages(to: node).isEmpty)
  }

  @Test func `a node id that is not the key's is refused`() {
    var bench = CoordinatorBench()
    var hello = WireHello()
    hello.versionMin = 1
    hello.versionMax = 1
    hello.nodeID = "node-b"
    hello.bootID = wireBytes([UInt8](repeating: 1, count: 16))
    let directives = bench.receive(.hello(hello), from: node)
    guard case .refused(let refused) = directives.messages(to: node).first else {
      Issue.record("not refused")
      return
    }
    #expect(refused.code == "node-mismatch")
    #expect(bench.core.sessions[node] == nil)
  }

  @Test func `a node ahead of an older copy of the state is told of`() {
    var bench = CoordinatorBench()
    var hello = WireHello()
    hello.versionMin = 1
    hello.versionMax = 1
    hello.nodeID = node.text
    hello.bootID = wireBytes([UInt8](repeating: 1, count: 16))
    hello.accepted = Generation(epoch: 9, number: 2).wire
    let events = bench.receive(.hello(hello), from: node).flatMap { directive -> [FleetChange] in
      if case .persist(let changes) = directive { changes } else { [] }
    }
    let isTold = events.contains { change -> Bool in
      if case .event(let event) = change { event.kind == "epoch.behind" } else { false }
    }
    #expect(isTold)
    #expect(bench.core.sessions[node] != nil)
  }

  @Test func `a node that is not accepted gets no answer`() {
    var bench = CoordinatorBench()
    let stranger = FleetFixture.identifier("stranger")
    #expect(bench.hello(stranger).messages(to: stranger).isEmpty)
    #expect(bench.core.refusedFrames["unknown-node"] == 1)
  }

  @Test func `a report that was lost is fetched by sending the desired state again`() {
    var bench = CoordinatorBench()
    bench.hello(node)
    bench.command(.deploy(model: bench.model.record.digest, nodes: [node.text]))
    let generation = Generation(epoch: 1, number: 1)
    var beat = WireHeartbeat()
    beat.accepted = generation.wire
    func isDesiredSent() -> Bool {
      bench.receive(.heartbeat(beat), from: node).contains {
        if case .sendDesired = $0 { true } else { false }
      }
    }
    #expect(!isDesiredSent(), "accepted, at work")
    beat.observed = generation.wire
    #expect(isDesiredSent(), "done, but nothing was heard of it")
    var observed = WireObservedState()
    observed.generation = generation.wire
    observed.state = .active
    observed.modelDigest = wireBytes(bench.model.record.digest.bytes)
    bench.receive(.observedState(observed), from: node)
    #expect(!isDesiredSent())
    observed.state = .downloading
    bench.receive(.observedState(observed), from: node)
    #expect(bench.core.state.nodes[node]?.observed?.phase == .active, "overtaken progress")
    // Its disk was replaced: it holds nothing and says so.
    beat.accepted = Generation.none.wire
    beat.observed = Generation.none.wire
    #expect(isDesiredSent(), "a node that forgot its model gets it again")
  }

  // MARK: telemetry

  private func batch(_ sequences: ClosedRange<UInt64>) -> (Message, [UInt8]) {
    var batch = WireTelemetryBatch()
    batch.bootID = wireBytes([UInt8](repeating: 1, count: 16))
    batch.firstSequence = sequences.lowerBound
    batch.lastSequence = sequences.upperBound
    var windows = WireTelemetryWindows()
    windows.windows = sequences.map { sequence in
      var window = WireTelemetryWindow()
      window.sequence = sequence
      return window
    }
    return (.telemetryBatch(batch), SignedDocument.encoded(windows))
  }

  private func store(
    _ sequences: ClosedRange<UInt64>, _ bench: inout CoordinatorBench
  ) -> UInt64? {
    let (message, payload) = batch(sequences)
    let directives =
      bench.receive(message, from: node, payload: payload) + bench.handle(.tick)
    for case .telemetryAcknowledged(let answer) in directives.messages(to: node) {
      return answer.through
    }
    return nil
  }

  @Test func `windows are stored once, whatever overlaps or comes again`() {
    var bench = CoordinatorBench()
    bench.hello(node)
    #expect(store(1...3, &bench) == 3)
    #expect(store(1...3, &bench) == 3)
    #expect(store(2...5, &bench) == 5)
    let boot = [UInt8](repeating: 1, count: 16)
    #expect(bench.mirror.windows[node]?[boot] == [1, 2, 3, 4, 5])
  }

  @Test func `windows that an agent had to drop leave a recorded gap, not a standstill`() {
    var bench = CoordinatorBench()
    bench.hello(node)
    #expect(store(1...2, &bench) == 2)
    #expect(store(6...7, &bench) == 7)
    #expect(bench.mirror.events.last?.kind == "telemetry.gap")
    #expect(bench.mirror.events.last?.detail.contains("3 to 5") == true)
  }

  @Test func `a sequence beyond what the store can hold is dropped`() {
    var bench = CoordinatorBench()
    bench.hello(node)
    #expect(store(UInt64.max...UInt64.max, &bench) == nil)
    #expect(store((UInt64(Int64.max) + 1)...(UInt64(Int64.max) + 2), &bench) == nil)
    #expect(bench.core.refusedFrames["telemetry"] == 2)
  }
}
