import FleetCore
import FleetProtocol
import Testing

/// How an agent heeds a busy coordinator, and one of the version before.
@Suite struct AgentTrafficTests {
  private func busy(milliseconds: UInt32 = 2_000) -> Message {
    var busy = WireBusy()
    busy.retryAfterMilliseconds = milliseconds
    return .busy(busy)
  }

  private func packets(_ directives: [AgentDirective]) -> [Packet] {
    directives.compactMap { if case .send(let packet) = $0 { packet } else { nil } }
  }

  /// In a session, with a model of 40 chunks to fetch and an open data connection.
  private func fetching() -> (AgentBench, FixtureModel, [AgentDirective]) {
    var bench = AgentBench()
    bench.connect()
    let model = FixtureModel.published("large", size: 40 * Limits.chunkBytes)
    bench.deploy(model)
    bench.handle(
      .chunksInspected(model.record.digest, present: [Bool](repeating: false, count: 40)))
    let asked = bench.handle(.linked(.data))
    return (bench, model, asked)
  }

  private func chunk(_ model: FixtureModel, _ index: UInt32) -> (Message, [UInt8]) {
    var chunk = WireBlobChunk()
    chunk.digest = wireBytes(model.record.digest.bytes)
    chunk.index = index
    return (.blobChunk(chunk), FixtureModel.chunks(of: model.bytes)[Int(index)])
  }

  @Test func `BUSY in a session holds bulk back, not heartbeats, for up to half as long again`() {
    var (bench, _, asked) = fetching()
    #expect(asked.requests.count == 2)
    bench.receive(busy())
    var beats = 0
    var askedAt: Int64?
    for step in 1...16 {
      let directives = bench.wait(milliseconds: 250)
      beats += directives.messages.count { if case .heartbeat = $0 { true } else { false } }
      if askedAt == nil, !directives.requests.isEmpty { askedAt = Int64(step) * 250 }
    }
    #expect((2_000...3_250).contains(askedAt ?? 0))
    #expect(beats >= 3)
  }

  @Test func `BUSY of another session, or late to an answered greeting, changes nothing`() {
    var (bench, _, _) = fetching()
    #expect(bench.receive(busy(), session: 7).isEmpty)
    #expect(bench.receive(busy(), session: 0).isEmpty)
    let beats = bench.wait(milliseconds: 1_000).messages.count {
      if case .heartbeat = $0 { true } else { false }
    }
    #expect(beats == 1)
  }

  @Test func `requests say how many chunks have come and never ask beyond the credit`() {
    var (bench, model, asked) = fetching()
    #expect(asked.requests.map(\.chunkCount) == [8, 8])
    #expect(asked.requests.map(\.receivedChunks) == [0, 0])
    var more: [WireBlobRequest] = []
    for index in 0..<8 as Range<UInt32> {
      let (message, payload) = chunk(model, index)
      more += bench.receive(message, payload: payload).requests
    }
    #expect(more.map(\.receivedChunks) == [8])
    // A fresh connection starts to count anew.
    bench.handle(.unlinked(.data, reason: "lost", needsOpen: false))
    let again = bench.handle(.linked(.data)).requests
    #expect(again.map(\.receivedChunks) == [0, 0])
    #expect(again.first?.firstChunk == 8)
  }

  @Test func `a greeting is written in the oldest version and offers both`() {
    var bench = AgentBench()
    bench.handle(.started)
    let packet = packets(bench.handle(.linked(.control))).first
    #expect(packet?.header.version == 1)
    guard case .hello(let hello) = packet?.message else {
      Issue.record("no HELLO")
      return
    }
    #expect(hello.versionMin == 1 && hello.versionMax == 2)
  }

  @Test(arguments: [1, 2] as [UInt32])
  func `every frame carries the version that the welcome chose`(version: UInt32) {
    var bench = AgentBench()
    bench.handle(.started)
    bench.handle(.linked(.control))
    guard case .welcome(var welcome) = AgentBench.welcome() else {
      Issue.record("the bench welcomes nobody")
      return
    }
    welcome.version = version
    bench.receive(.welcome(welcome))
    let beats = packets(bench.pass(milliseconds: 1_000))
    #expect(beats.map(\.header.version) == [UInt8(version)])
    bench.deploy()
    bench.handle(.chunksInspected(bench.model.record.digest, present: [false, false]))
    let asked = packets(bench.handle(.linked(.data)))
    #expect(asked.allSatisfy { $0.header.version == UInt8(version) } && !asked.isEmpty)
  }

  @Test func `a welcome to a version that is not spoken here is none`() {
    var bench = AgentBench()
    bench.handle(.started)
    bench.handle(.linked(.control))
    guard case .welcome(var welcome) = AgentBench.welcome() else {
      Issue.record("the bench welcomes nobody")
      return
    }
    welcome.version = 3
    bench.receive(.welcome(welcome))
    #expect(bench.core.refusedFrames["welcome"] == 1)
    #expect(packets(bench.pass(milliseconds: 1_000)).isEmpty)
  }
}
