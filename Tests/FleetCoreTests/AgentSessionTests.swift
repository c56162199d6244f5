import FleetCore
import FleetProtocol
import Testing

@Suite struct AgentSessionTests {
  private func hellos(_ directives: [AgentDirective]) -> [WireHello] {
    directives.messages.compactMap { if case .hello(let hello) = $0 { hello } else { nil } }
  }

  private func beats(_ directives: [AgentDirective]) -> [WireHeartbeat] {
    directives.messages.compactMap { if case .heartbeat(let beat) = $0 { beat } else { nil } }
  }

  /// Passes time in ticks; the milliseconds until something holds, nil within a minute.
  private func wait(
    _ bench: inout AgentBench, until holds: ([AgentDirective]) -> Bool
  ) -> Int64? {
    for step in 1...240 where holds(bench.pass(milliseconds: 250)) { return Int64(step) * 250 }
    return nil
  }

  @Test func `an agent dials, greets when linked and beats at the welcome's interval`() {
    var bench = AgentBench()
    #expect(
      bench.handle(.started) == [
        .open(.control), .persist([.runBegan(boot: bench.core.settings.boot)]),
      ])
    let hello = hellos(bench.handle(.linked(.control))).first
    #expect(hello?.nodeID == "node-a" && hello?.bootID.count == 16)
    let welcomed = bench.receive(AgentBench.welcome(epoch: 3))
    #expect(welcomed.agentChanges == [.epochSeen(3)])
    #expect(wait(&bench) { beats($0).count == 1 } == 1_000)
  }

  @Test func `a worn control connection is dialled afresh when nothing is under way`() {
    var bench = AgentBench()
    bench.connect()
    /// Beats and answers until the connection is dialled afresh; how many beats it took.
    func beatsUntilFresh(_ bench: inout AgentBench, most: Int) -> Int? {
      for count in 1...most {
        _ = bench.pass(milliseconds: 1_000)
        var reply = WireHeartbeatReply()
        reply.serverTimeUs = 1
        let directives = bench.receive(.heartbeatReply(reply), session: bench.session)
        if directives.contains(.open(.control)) { return count }
      }
      return nil
    }
    // The data connection goes when no window waits.
    bench.handle(.linked(.data))
    bench.handle(.outboxSent(last: nil, boot: []))
    let range = AgentCore.messagesPerConnection
    let first = beatsUntilFresh(&bench, most: 200) ?? 0
    #expect(range.contains(UInt64(first)))
    #expect(hellos(bench.handle(.linked(.control))).count == 1)
    bench.session = 2
    bench.receive(AgentBench.welcome(), session: 2)
    // Not while a model is on its way.
    bench.receive(
      .desiredState(bench.model.desired(AgentBench.node, AgentBench.generation)), session: 2)
    #expect(beatsUntilFresh(&bench, most: 200) == nil)
  }

  @Test func `a clock that is put back stops no heartbeat`() {
    var bench = AgentBench()
    bench.connect()
    bench.now = bench.now.advanced(milliseconds: -3_600_000)
    // One interval from the tick that sees it.
    #expect(wait(&bench) { beats($0).count == 1 } == 1_250)
  }

  @Test func `the largest interval and liveness of a welcome are borne`() {
    var bench = AgentBench()
    bench.handle(.started)
    bench.handle(.linked(.control))
    guard case .welcome(var welcome) = AgentBench.welcome() else {
      Issue.record("the bench welcomes nobody")
      return
    }
    welcome.heartbeatMilliseconds = .max
    welcome.liveness = .max
    bench.receive(.welcome(welcome))
    #expect(!bench.pass(milliseconds: 60_000).contains(.close(.control)))
  }

  @Test func `heartbeats carry both generations and the open rounds`() {
    var bench = AgentBench()
    bench.connect()
    bench.deploy()
    bench.serve(bench.model)
    bench.receive(.roundOffer(bench.offer()))
    let beat = beats(bench.pass(milliseconds: 1_000)).first
    #expect(beat?.accepted == AgentBench.generation.wire)
    #expect(beat?.observed == AgentBench.generation.wire)
    #expect(beat?.openRounds.map(\.key) == [AgentBench.key().wire])
  }

  @Test func `a silent coordinator is dialled again, with pauses that grow to their bound`() {
    var bench = AgentBench()
    bench.connect()
    #expect(wait(&bench) { $0.contains(.close(.control)) } == 3_250)
    #expect((wait(&bench) { $0.contains(.open(.control)) } ?? .max) <= 1_000)
    var longest: Int64 = 0
    for _ in 0..<12 {
      bench.handle(.unlinked(.control, reason: "refused", needsOpen: true))
      longest = max(longest, wait(&bench) { $0.contains(.open(.control)) } ?? .max)
    }
    #expect(longest > 500 && longest <= 8_250)
  }

  @Test func `pauses before a fresh socket are spread from nothing to a bound that doubles`() {
    var pauses: [[Int64]] = []
    for seed in 0..<200 as Range<UInt64> {
      var bench = AgentBench(jitterSeed: seed)
      bench.handle(.started)
      pauses.append(
        (0..<5).map { _ in
          bench.handle(.unlinked(.control, reason: "refused", needsOpen: true))
          return wait(&bench) { $0.contains(.open(.control)) } ?? .max
        })
    }
    for (attempt, bound) in ([500, 1_000, 2_000, 4_000, 8_000] as [Int64]).enumerated() {
      let found = pauses.map { $0[attempt] }
      // A tick late at most; both halves of the range are used.
      #expect((found.max() ?? 0) <= bound + 250, "attempt \(attempt)")
      #expect(found.count { $0 <= bound / 2 } > 60, "attempt \(attempt)")
      #expect(found.count { $0 > bound / 2 } > 60, "attempt \(attempt)")
    }
  }

  @Test func `a connection that never leads to a welcome resets no pause`() {
    var bench = AgentBench()
    bench.handle(.started)
    var longest: Int64 = 0
    for _ in 0..<12 {
      bench.handle(.linked(.control))
      bench.handle(.unlinked(.control, reason: "refused", needsOpen: true))
      longest = max(longest, wait(&bench) { $0.contains(.open(.control)) } ?? .max)
    }
    #expect(longest > 1_000)
  }

  @Test func `a type that this agent does not know is passed over and the session lives`() {
    var bench = AgentBench()
    bench.connect()
    var frames = Packet(.reset(WireReset()), session: 1, sequence: 1).frames()
    frames[0][5] = 250
    bench.handle(.received(.control, frames: frames))
    #expect(bench.core.refusedFrames["unknown-type"] == 1)
    #expect(beats(bench.pass(milliseconds: 1_000)).count == 1)
  }

  @Test func `answers keep the conversation alive`() {
    var bench = AgentBench()
    bench.connect()
    for _ in 0..<20 {
      let directives = bench.pass(milliseconds: 1_000)
      #expect(!directives.contains(.close(.control)))
      bench.receive(.heartbeatReply(WireHeartbeatReply()))
    }
  }

  @Test func `RESET is answered by HELLO once, and a late RESET not at all`() {
    var bench = AgentBench()
    bench.connect()
    #expect(hellos(bench.receive(.reset(WireReset()), session: 0)).count == 1)
    #expect(hellos(bench.receive(.reset(WireReset()), session: 0)).isEmpty)
    bench.receive(AgentBench.welcome(), session: 2)
    #expect(beats(bench.pass(milliseconds: 1_000)).count == 1)
  }

  @Test func `an unanswered HELLO is repeated, then the endpoint is dialled afresh`() {
    var bench = AgentBench()
    bench.handle(.started)
    bench.handle(.linked(.control))
    #expect(wait(&bench) { hellos($0).count == 1 } == 5_250)
    #expect(wait(&bench) { hellos($0).count == 1 } == 5_250)
    #expect(wait(&bench) { $0.contains(.close(.control)) } == 5_250)
  }

  @Test func `BUSY and REFUSED are waited out`() {
    var bench = AgentBench()
    bench.handle(.started)
    bench.handle(.linked(.control))
    var busy = WireBusy()
    busy.retryAfterMilliseconds = 2_000
    bench.receive(.busy(busy), session: 0)
    #expect(wait(&bench) { hellos($0).count == 1 } == 2_000)
    var refused = WireRefused()
    refused.code = "node-mismatch"
    let told = bench.receive(.refused(refused), session: 0)
    #expect(
      told.contains {
        if case .report(let event) = $0 { event.kind == "coordinator.refused" } else { false }
      })
    #expect(wait(&bench) { hellos($0).count == 1 } == 8_000)
  }

  @Test func `an older WELCOME changes nothing and an older epoch is never stored`() {
    var bench = AgentBench()
    bench.connect(session: 5)
    #expect(bench.receive(AgentBench.welcome(), session: 4).isEmpty)
    bench.receive(AgentBench.welcome(epoch: 6), session: 6)
    bench.receive(AgentBench.welcome(epoch: 2), session: 7)
    #expect(bench.stored.epoch == 6)
  }

  @Test func `what is no message, or not one for agents, is counted and dropped`() {
    var bench = AgentBench()
    bench.connect()
    let frames = Packet(.hello(WireHello()), session: 1, sequence: 1).frames()
    bench.handle(.received(.control, frames: frames))
    bench.handle(.received(.control, frames: [[1, 2, 3]]))
    bench.handle(.received(.control, frames: []))
    bench.handle(.malformed(.data, frameCount: 600))
    #expect(bench.core.refusedFrames["wrong-direction"] == 1)
    #expect(bench.core.refusedFrames["header-size"] == 1)
    #expect(bench.core.refusedFrames["frame-count"] == 2)
  }

  @Test func `stopping says goodbye and hangs up`() {
    var bench = AgentBench()
    bench.connect()
    bench.handle(.linked(.data))
    let directives = bench.handle(.stopping)
    #expect(directives.messages.count == 1)
    #expect(
      directives.suffix(3) == [.close(.data), .close(.control), .persist([.runEnded])])
  }

  @Test func `the data endpoint is opened on demand and closed after a silence`() {
    var bench = AgentBench()
    #expect(bench.connect().contains(.open(.data)), "the outbox may hold windows")
    bench.handle(.linked(.data))
    bench.handle(.outboxSent(last: nil, boot: []))
    var isClosed = false
    for _ in 0..<62 {
      bench.receive(.heartbeatReply(WireHeartbeatReply()))
      isClosed = isClosed || bench.pass(milliseconds: 1_000).contains(.close(.data))
    }
    #expect(isClosed)
    #expect(bench.handle(.windowClosed(WireTelemetryWindow())).contains(.open(.data)))
  }

  @Test func `an agent with nothing to tell opens no data connection`() {
    var bench = AgentBench()
    bench.core = AgentCore(state: AgentState(), settings: bench.settings, hasWindows: false)
    #expect(!bench.connect().contains(.open(.data)))
    #expect(bench.core.isTalking)
    #expect(bench.handle(.windowClosed(WireTelemetryWindow())).contains(.open(.data)))
  }

  // MARK: telemetry

  @Test func `windows are numbered, stored and sent one batch at a time`() {
    var bench = AgentBench()
    bench.connect()
    bench.handle(.linked(.data))
    bench.handle(.outboxSent(last: nil, boot: []))
    let first = bench.handle(.windowClosed(WireTelemetryWindow()))
    guard case .windowQueued(let boot, let window) = first.agentChanges.first else {
      Issue.record("not queued")
      return
    }
    #expect(window.sequence == 1)
    #expect(first.contains { if case .sendOutbox = $0 { true } else { false } })
    let second = bench.handle(.windowClosed(WireTelemetryWindow()))
    #expect(!second.contains { if case .sendOutbox = $0 { true } else { false } })
    bench.handle(.outboxSent(last: 1, boot: boot))
    var acknowledged = WireTelemetryAcknowledged()
    acknowledged.bootID = wireBytes(boot)
    acknowledged.through = 0
    #expect(bench.receive(.telemetryAcknowledged(acknowledged)).isEmpty)
    acknowledged.through = 9
    let done = bench.receive(.telemetryAcknowledged(acknowledged))
    #expect(
      done.agentChanges == [.windowsAcknowledged(boot: boot, through: 1)],
      "never more than was sent")
    #expect(done.contains { if case .sendOutbox = $0 { true } else { false } })
  }

  @Test func `an unacknowledged batch is sent again`() {
    var bench = AgentBench()
    bench.connect()
    bench.handle(.linked(.data))
    bench.handle(.outboxSent(last: 4, boot: [UInt8](repeating: 1, count: 16)))
    bench.receive(.heartbeatReply(WireHeartbeatReply()))
    let later = bench.pass(milliseconds: 2_000)
    #expect(!later.contains { if case .sendOutbox = $0 { true } else { false } })
    bench.receive(.heartbeatReply(WireHeartbeatReply()))
    bench.now = bench.now.advanced(milliseconds: 3_001)
    let again = bench.receive(.heartbeatReply(WireHeartbeatReply()))
    #expect(again.contains { if case .sendOutbox = $0 { true } else { false } })
  }
}
