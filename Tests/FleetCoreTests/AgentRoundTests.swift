import FleetCore
import FleetProtocol
import Testing

@Suite struct AgentRoundTests {
  /// An agent that serves the base model and has taken an offer for round 1.
  private func promised() -> AgentBench {
    var bench = AgentBench()
    bench.connect()
    bench.deploy()
    bench.serve(bench.model)
    bench.receive(.roundOffer(bench.offer()))
    return bench
  }

  private func trained() -> AgentBench {
    var bench = promised()
    bench.handle(.chunksInspected(bench.model.record.digest, present: nil))
    bench.handle(.trained(AgentBench.key(), AgentBench.result(), nextOrdinal: 50))
    return bench
  }

  @Test func `an offer is stored, then accepted, then trained from the base`() {
    var bench = AgentBench()
    bench.connect()
    bench.deploy()
    bench.serve(bench.model)
    let directives = bench.receive(.roundOffer(bench.offer()))
    let stored = directives.index { if case .persist = $0 { true } else { false } }
    let told = directives.index { if case .send = $0 { true } else { false } }
    #expect(stored == 0 && told > stored)
    #expect(directives.answers.map(\.accepted) == [true])
    #expect(directives.trainings.map(\.seed) == [7])
    #expect(directives.trainings.map(\.firstOrdinal) == [0])
  }

  @Test func `a result that the disk did not take is taken when it comes again`() {
    var bench = promised()
    let digest = bench.model.record.digest
    bench.handle(.chunksInspected(digest, present: nil))
    let trained = AgentEvent.trained(AgentBench.key(), AgentBench.result(), nextOrdinal: 50)
    _ = bench.core.handle(trained, at: bench.now)
    bench.core.reload(bench.stored)
    let again = bench.handle(trained)
    #expect(!again.contains(.dropBlob(AgentBench.result().digest)))
    #expect(bench.stored.trainings[AgentBench.key()]?.result == AgentBench.result())
    #expect(bench.pass(milliseconds: 6_000).trainings.isEmpty, "it is not trained twice")
  }

  @Test func `a run that a failed transaction dropped is asked for again`() {
    var bench = AgentBench()
    bench.connect()
    bench.deploy()
    bench.serve(bench.model)
    #expect(bench.receive(.roundOffer(bench.offer())).trainings.count == 1)
    bench.receive(.roundOffer(bench.offer(AgentBench.key(2))))
    let before = bench.stored
    let frames = Packet(AgentBench.verdict(AgentBench.key(), .gone), session: 1, sequence: 1)
      .frames()
    // The disk refuses: the chip was told to stop the first run, and not to begin the second.
    let directives = bench.core.handle(.received(.control, frames: frames), at: bench.now)
    #expect(directives.trainings.map(\.key) == [AgentBench.key(2)])
    bench.core.reload(before)
    var again: [RoundKey] = []
    for _ in 0..<20 {
      again += bench.receive(.heartbeatReply(WireHeartbeatReply())).trainings.map(\.key)
      again += bench.pass(milliseconds: 500).trainings.map(\.key)
    }
    #expect(again == [AgentBench.key()])
  }

  @Test func `a repeated offer is accepted again and trained once`() {
    var bench = promised()
    let again = bench.receive(.roundOffer(bench.offer()))
    #expect(again.agentChanges.isEmpty && again.trainings.isEmpty)
    #expect(again.answers.map(\.accepted) == [true])
  }

  @Test func `offers outside the limits are declined`() {
    var bench = AgentBench()
    bench.connect()
    for samples in [0, UInt32(Limits.roundSamplesMax) + 1] {
      var offer = bench.offer()
      offer.samples = samples
      #expect(bench.receive(.roundOffer(offer)).answers.map(\.code) == ["samples"])
    }
    for number in 1...UInt32(Limits.openRoundsMax) {
      let key = RoundKey(job: FleetFixture.identifier("job-\(number)"), round: 1, attempt: 1)
      #expect(bench.receive(.roundOffer(bench.offer(key))).answers.map(\.accepted) == [true])
    }
    #expect(bench.receive(.roundOffer(bench.offer())).answers.map(\.code) == ["open-rounds"])
  }

  @Test func `an offer of an older epoch is ignored`() {
    var bench = AgentBench()
    bench.connect()
    bench.receive(AgentBench.welcome(epoch: 4), session: 2)
    let packet = Packet(.roundOffer(bench.offer()), session: 2, sequence: 1)
    #expect(bench.handle(.received(.control, frames: packet.frames())).answers.isEmpty)
  }

  @Test func `a run killed while training starts again with the same seed and ordinals`() {
    var bench = promised()
    let orders = bench.restart().trainings
    #expect(orders.isEmpty, "the base must be found first")
    let again = bench.handle(.chunksInspected(bench.model.record.digest, present: nil)).trainings
    #expect(again.map(\.seed) == [7] && again.map(\.firstOrdinal) == [0])
  }

  @Test func `a result is stored with the cursor, then announced until there is a verdict`() {
    var bench = promised()
    let trained = bench.handle(
      .trained(AgentBench.key(), AgentBench.result(), nextOrdinal: 50))
    #expect(trained.agentChanges.count == 1 && bench.stored.trainingOrdinal == 50)
    #expect(trained.contains(.open(.data)) || bench.handle(.tick).isEmpty)
    let announced = bench.handle(.linked(.data)).announcements
    #expect(announced.map(\.samples) == [50] && announced.map(\.counts) == [[9]])
    #expect(bench.handle(.tick).announcements.isEmpty)
    #expect(bench.wait(milliseconds: 5_001).announcements.count == 1)
    let closed = bench.receive(AgentBench.verdict(AgentBench.key(), .acknowledged))
    #expect(bench.stored.trainings.isEmpty)
    #expect(closed.contains(.dropBlob(AgentBench.result().digest)))
    #expect(bench.wait(milliseconds: 5_001).announcements.isEmpty)
  }

  @Test func `only the stored bytes are sent, within the credit`() {
    var bench = promised()
    let size = UInt64(20 * Limits.chunkBytes + 5)
    bench.handle(
      .trained(AgentBench.key(), AgentBench.result(size: size), nextOrdinal: 50))
    bench.handle(.linked(.data))
    func orders(_ offset: UInt64, _ credit: UInt32, _ digest: ContentDigest) -> [UpdateOrder] {
      var wanted = WireUpdateWanted()
      wanted.key = AgentBench.key().wire
      wanted.digest = wireBytes(digest.bytes)
      wanted.offset = offset
      wanted.creditBytes = credit
      return bench.receive(.updateWanted(wanted)).compactMap {
        if case .sendUpdate(let order) = $0 { order } else { nil }
      }
    }
    let digest = AgentBench.result().digest
    let most = UInt64(Limits.chunkCreditMax * Limits.chunkBytes)
    #expect(orders(0, .max, digest).map(\.count) == [most])
    #expect(orders(most, .max, digest).map(\.count) == [size - most])
    #expect(orders(size, 100, digest).isEmpty)
    #expect(orders(0, 100, FleetFixture.digest([1])).isEmpty)
    #expect(orders(0, 0, digest).isEmpty)
    #expect(bench.pass(milliseconds: 250).announcements.isEmpty, "announced at once, not later")
  }

  @Test(arguments: [WireVerdict.acknowledged, .refused, .late, .gone])
  func `any verdict closes a round and stops its training`(verdict: WireVerdict) {
    var bench = promised()
    let directives = bench.receive(AgentBench.verdict(AgentBench.key(), verdict))
    #expect(directives.contains(.stopTraining(AgentBench.key())))
    #expect(bench.stored.trainings.isEmpty && bench.core.training == nil)
    // The run may have ended just before: its bytes go and the cursor stays.
    let late = bench.handle(.trained(AgentBench.key(), AgentBench.result(), nextOrdinal: 50))
    #expect(late.contains(.dropBlob(AgentBench.result().digest)))
    #expect(bench.stored.trainingOrdinal == 0)
  }

  @Test func `a verdict that this build does not know changes nothing`() {
    var bench = promised()
    #expect(bench.receive(AgentBench.verdict(AgentBench.key(), .unspecified)).isEmpty)
    #expect(bench.receive(AgentBench.verdict(AgentBench.key(), .UNRECOGNIZED(99))).isEmpty)
    #expect(bench.stored.trainings.count == 1)
  }

  @Test func `a late copy of a closed offer is not trained again`() {
    var bench = trained()
    bench.receive(AgentBench.verdict(AgentBench.key(), .acknowledged))
    let copy = bench.receive(.roundOffer(bench.offer()))
    #expect(copy.isEmpty && bench.stored.trainings.isEmpty)
    let next = bench.receive(.roundOffer(bench.offer(AgentBench.key(2))))
    #expect(next.answers.map(\.accepted) == [true])
  }

  @Test func `open rounds are trained one at a time in key order`() {
    var bench = promised()
    bench.receive(.roundOffer(bench.offer(AgentBench.key(1, 2))))
    #expect(bench.core.training == AgentBench.key())
    let next = bench.handle(
      .trained(AgentBench.key(), AgentBench.result(), nextOrdinal: 50)
    ).trainings
    #expect(next.map(\.key) == [AgentBench.key(1, 2)] && next.map(\.firstOrdinal) == [50])
  }

  @Test func `a round that cannot be trained is declined, as often as it is offered`() {
    var bench = promised()
    let failed = bench.handle(
      .trainingFailed(AgentBench.key(), code: "no-labels", detail: "the stream has none"))
    #expect(failed.answers.map(\.code) == ["no-labels"])
    #expect(bench.stored.trainings.isEmpty)
    let again = bench.receive(.roundOffer(bench.offer()))
    #expect(again.answers.map(\.code) == ["no-labels"] && again.agentChanges.isEmpty)
  }

  @Test func `a stored result is announced after a restart, and named in HELLO`() {
    var bench = trained()
    bench.restart()
    let hello = bench.handle(.linked(.control)).messages.first
    guard case .hello(let greeting) = hello else {
      Issue.record("no HELLO")
      return
    }
    #expect(greeting.openRounds.map(\.key) == [AgentBench.key().wire])
    #expect(
      greeting.openRounds.map { [UInt8]($0.updateDigest) } == [AgentBench.result().digest.bytes])
    bench.receive(AgentBench.welcome(), session: 3)
    #expect(bench.handle(.linked(.data)).announcements.count == 1)
  }
}
