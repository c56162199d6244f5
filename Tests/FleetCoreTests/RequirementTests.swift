import FleetCore
import FleetProtocol
import Testing

/// The security requirements that the two cores keep, one test each, named by their number.
///
/// `Tests/Mutations` breaks the code of each and shows that its test fails.
@Suite struct RequirementTests {
  let node = CoordinatorBench.nodes[0]
  let generation = AgentBench.generation

  /// The code that an agent refuses a desired state with; nil where it is taken.
  private func code(_ desired: WireDesiredState, state: AgentState = AgentState()) -> String? {
    var bench = AgentBench(state: state)
    bench.connect()
    bench.receive(.desiredState(desired))
    return bench.stored.observed?.code
  }

  @Test func `requirement 4: the key alone says who speaks`() {
    var bench = CoordinatorBench()
    var hello = WireHello()
    hello.versionMin = 1
    hello.versionMax = 2
    hello.nodeID = CoordinatorBench.nodes[1].text
    hello.bootID = wireBytes([UInt8](repeating: 1, count: 16))
    let answer = bench.receive(.hello(hello), from: node).messages(to: node).first
    guard case .refused(let refused) = answer else {
      Issue.record("another node's id was believed")
      return
    }
    #expect(refused.code == "node-mismatch")
    #expect(bench.core.sessions.isEmpty)
  }

  @Test func `requirement 5: a replaced key's live connection ends within one heartbeat`() {
    var bench = CoordinatorBench()
    bench.hello(node)
    bench.receive(.goodbye(WireGoodbye()), from: node)
    bench.command(.node(node.text, .replace(publicKey: FleetFixture.publicKey(7))))
    bench.pass(milliseconds: Int64(bench.core.settings.heartbeatMilliseconds))
    let address = CoordinatorBench.address(node, .control)
    #expect(bench.heartbeat(node) == [.disconnect(address)])
    #expect(bench.core.sessions[node] == nil)
  }

  @Test func `requirement 5: a revoked key's live session ends at once, and its data link too`() {
    var bench = CoordinatorBench()
    bench.hello(node)
    bench.receive(.blobRequest(WireBlobRequest()), from: node)
    let directives = bench.handle(.command(.node(node.text, .revoke), requestID: "revoke"))
    for endpoint in WireEndpoint.allCases {
      #expect(directives.contains(.disconnect(CoordinatorBench.address(node, endpoint))))
    }
    #expect(bench.core.sessions[node] == nil)
    let address = CoordinatorBench.address(node, .control)
    #expect(bench.heartbeat(node) == [.disconnect(address)])
  }

  @Test func `requirement 6: two processes of one key do not take turns`() {
    var bench = CoordinatorBench()
    func hello(_ boot: UInt8) -> Message? {
      bench.pass(milliseconds: 1_000)
      var hello = WireHello()
      hello.versionMin = 1
      hello.versionMax = 2
      hello.nodeID = node.text
      hello.bootID = wireBytes([UInt8](repeating: boot, count: 16))
      return bench.receive(.hello(hello), from: node).messages(to: node).first
    }
    #expect(hello(1)?.type == .welcome)
    #expect(hello(2)?.type == .welcome, "the newest is served")
    for _ in 0..<20 { #expect(hello(1)?.type == .busy, "the older one waits") }
    #expect(bench.core.sessions[node]?.boot == [UInt8](repeating: 2, count: 16))
    #expect(bench.core.duplicateSeen(node) == bench.now)
    bench.pass(milliseconds: 40_000)
    bench.handle(.tick)
    #expect(hello(1)?.type == .welcome, "its successor is gone")
  }

  @Test func `requirement 6: a second live process of a key takes over and is told of`() {
    var bench = CoordinatorBench()
    bench.hello(node)
    let first = bench.core.sessions[node]?.number ?? 0
    var hello = WireHello()
    hello.versionMin = 1
    hello.versionMax = 2
    hello.nodeID = node.text
    hello.bootID = wireBytes([UInt8](repeating: 77, count: 16))
    bench.receive(.hello(hello), from: node)
    #expect((bench.core.sessions[node]?.number ?? 0) > first)
    #expect(bench.mirror.events.map(\.kind).contains("node.duplicate-identity"))
  }

  @Test func `requirement 10: a manifest that is not whole is refused`() {
    let spoiled: [(String, (inout WireManifest) -> Void)] = [
      ("name", { $0.name = "../digits" }), ("digest", { $0.modelDigest = wireBytes([1, 2]) }),
      ("size", { $0.size = 0 }), ("chunks", { $0.chunkDigests.removeLast() }),
      ("chunks", { $0.chunkSize = 1 }), ("expired", { $0.expiresUs = 1 }),
      ("wrong-chip", { $0.chips = ["odin"] }),
    ]
    for (expected, change) in spoiled {
      var manifest = FixtureModel.published()
      change(&manifest.manifest)
      manifest.envelope = SignedDocument.sign(
        SignedDocument.encoded(manifest.manifest), as: .manifest, with: [FleetFixture.publisher])
      #expect(code(manifest.desired(node, generation)) == expected)
    }
  }

  @Test func `requirement 11: an order is on the disk before anything follows from it`() {
    var bench = AgentBench()
    bench.connect()
    let directives = bench.deploy()
    let first = directives.first
    guard case .persist(let changes) = first, case .desiredAccepted = changes.first else {
      Issue.record("\(String(describing: first)) comes first")
      return
    }
    #expect(
      directives.contains {
        if case .send(let packet) = $0 { packet.message.type == .desiredAccepted } else { false }
      })
    let other = bench.model.desired(CoordinatorBench.nodes[1], Generation(epoch: 1, number: 2))
    bench.receive(.desiredState(other))
    #expect(bench.stored.observed?.code == "node-mismatch")
  }

  @Test func `requirement 13: a lower release than one that has run is refused`() {
    var state = AgentState()
    state.releaseFloors[FleetFixture.identifier("digits")] = 3
    #expect(
      code(FixtureModel.published(counter: 2).desired(node, generation), state: state)
        == "release-counter")
    #expect(
      code(FixtureModel.published(counter: 3).desired(node, generation), state: state) == nil)
    let old = FixtureModel.published(counter: 2)
    let permitted = { (release: UInt64) in
      old.desired(self.node, self.generation) { $0.allowRollbackTo = release }
    }
    #expect(code(permitted(2), state: state) == nil)
    #expect(code(permitted(3), state: state) == "release-counter")
    let stranger = FixtureModel.published(signer: FleetFixture.stranger)
    #expect(code(stranger.desired(node, generation)) == "unknown-signer")
  }

  @Test func `requirement 14: a clock that was put back revives nothing`() {
    var bench = AgentBench()
    bench.handle(.started)
    bench.handle(.linked(.control))
    guard case .welcome(var welcome) = AgentBench.welcome() else {
      Issue.record("the bench welcomes nobody")
      return
    }
    let noon = UInt64(FleetFixture.noon.microseconds)
    welcome.serverTimeUs = noon + 1_000_000
    bench.receive(.welcome(welcome))
    bench.receive(
      .desiredState(bench.model.desired(node, generation) { $0.expiresUs = noon + 1_000 }))
    #expect(bench.stored.observed?.code == "expired")
  }

  @Test func `requirement 14: an old sign of life is refused, and silence raises the alarm`() {
    var bench = AgentBench()
    bench.connect()
    bench.hear(FleetFixture.timestamp(milliseconds: 1_000))
    bench.hear(FleetFixture.timestamp(milliseconds: 999))
    #expect(bench.noticed == ["timestamp.refused timestamp-replay"])
    _ = bench.pass(milliseconds: bench.settings.freezeMilliseconds + 1)
    #expect(bench.noticed.last == "freeze.suspected frozen")
  }

  @Test func `requirement 16: an update counts once, for its own round, node and size`() {
    var bench = CoordinatorBench()
    bench.startJob()
    bench.report(node, bench.key())
    #expect(bench.mirror.state.rounds[bench.key()]?.reported.count == 1)
    let other = [UInt8](repeating: 9, count: 100)
    let again = bench.receive(
      .updateAnnounce(CoordinatorBench.announce(bench.key(), other)), from: node)
    #expect(again.verdicts(to: node) == [.refused])
    let elsewhere = bench.receive(
      .updateAnnounce(CoordinatorBench.announce(bench.key(9), other)), from: node)
    #expect(elsewhere.verdicts(to: node) == [.gone])
    var large = CoordinatorBench.announce(bench.key(), other)
    large.size = UInt64(Limits.updateBytesMax) + 1
    let second = CoordinatorBench.nodes[1]
    #expect(bench.receive(.updateAnnounce(large), from: second).verdicts(to: second) == [.refused])
  }

  @Test func `requirement 17: the third malformed message closes the session for a while`() {
    var bench = CoordinatorBench()
    bench.hello(node)
    let header = Packet(.heartbeat(WireHeartbeat()), session: 1, sequence: 1).frames()[0]
    let long = [header, [UInt8](repeating: 0, count: 16_385)]
    let address = CoordinatorBench.address(node, .control)
    for _ in 0..<3 {
      bench.handle(.received(address, user: CoordinatorBench.user(node), frames: long))
    }
    #expect(bench.core.refusedFrames["body-size"] == 3)
    #expect(bench.core.sessions[node] == nil)
    bench.hello(node)
    #expect(bench.core.sessions[node] == nil, "kept out")
    bench.pass(milliseconds: 30_000)
    bench.hello(node)
    #expect(bench.core.sessions[node] != nil)
  }

  @Test func `requirement 20: more than its budget is dropped and answered with BUSY`() {
    var bench = CoordinatorBench()
    bench.hello(node)
    var busy: [WireBusy] = []
    for _ in 0..<3_000 {
      for case .busy(let told) in bench.heartbeat(node).messages(to: node) { busy.append(told) }
    }
    #expect(busy.map(\.retryAfterMilliseconds) == [1_000])
    #expect(bench.core.refusedFrames["rate"] == 1_001)
  }

  @Test func `requirement 21: telemetry outside its bounds is not stored`() {
    var bench = CoordinatorBench()
    bench.hello(node)
    func acknowledged(_ change: (inout WireTelemetryWindow) -> Void) -> Int {
      var batch = WireTelemetryBatch()
      batch.bootID = wireBytes([UInt8](repeating: 1, count: 16))
      batch.firstSequence = 1
      batch.lastSequence = 1
      var window = WireTelemetryWindow()
      window.sequence = 1
      change(&window)
      var windows = WireTelemetryWindows()
      windows.windows = [window]
      var directives = bench.receive(
        .telemetryBatch(batch), from: node, payload: SignedDocument.encoded(windows))
      directives += bench.handle(.tick)
      return directives.messages(to: node).count
    }
    #expect(acknowledged { $0.inferenceCounts = [UInt64](repeating: 1, count: 65) } == 0)
    #expect(acknowledged { $0.atUs = .max } == 0)
    #expect(acknowledged { $0.sequence = 2 } == 0)
    #expect(bench.mirror.windows.isEmpty)
    #expect(acknowledged { $0.inferenceCounts = [UInt64](repeating: 1, count: 64) } == 1)
    // What fits its bounds and cannot be true is marked, so that no gate reads it.
    var rules = TelemetryPlausibility(wattsMax: 2)
    let price = FleetFixture.digest([1])
    rules.prices[price] = [1]
    let now = Instant(microseconds: 1_790_000_000_000_000)
    var before = WireTelemetryWindow()
    before.sequence = 1
    before.atUs = UInt64(now.microseconds)
    before.priceDigest = wireBytes(price.bytes)
    before.inferenceCounts = [10]
    func flags(_ change: (inout WireTelemetryWindow) -> Void) -> TelemetryFlags {
      var window = before
      window.sequence = 2
      window.atUs += 1_000_000
      change(&window)
      return rules.flags(of: window, after: before, receivedAt: now)
    }
    #expect(flags { $0.inferenceCounts = [12] } == [])
    #expect(flags { $0.inferenceCounts = [13] } == .power)
    #expect(flags { $0.inferenceCounts = [9] } == .counterFell)
    #expect(flags { $0.atUs = before.atUs + 300_000_000 } == [])
    #expect(flags { $0.atUs = before.atUs + 300_000_001 } == .clock)
    #expect(flags { $0.atUs = before.atUs - 1 } == .clock)
    #expect(flags { $0.inferenceCounts = [10, 1] } == .unpriced)
    #expect(flags { $0.sequence = 3 } == .gap)
    #expect(TelemetryFlags.implausible.isDisjoint(with: [.gap, .merged, .lost]))
  }
}
