import FleetCore
import FleetProtocol
import Testing

/// What a coordinator takes from one node, and from all of them at once.
@Suite struct TrafficTests {
  let node = CoordinatorBench.nodes[0]
  let other = CoordinatorBench.nodes[1]

  private func busy(_ directives: [CoordinatorDirective], to node: Identifier) -> [WireBusy] {
    directives.messages(to: node).compactMap { if case .busy(let busy) = $0 { busy } else { nil } }
  }

  private func isWelcomed(_ directives: [CoordinatorDirective], _ node: Identifier) -> Bool {
    directives.messages(to: node).contains { if case .welcome = $0 { true } else { false } }
  }

  /// Frames of a type that nobody knows: counted, answered, never a strike.
  private func unknown(_ bench: CoordinatorBench, bytes: Int = 0) -> CoordinatorEvent {
    var frames = Packet(
      .goodbye(WireGoodbye()), session: bench.core.sessions[node]?.number ?? 0, sequence: 1
    ).frames()
    frames[0][5] = 200
    frames[1] = [UInt8](repeating: 0, count: bytes)
    return .received(
      CoordinatorBench.address(node, .control), user: CoordinatorBench.user(node), frames: frames)
  }

  // MARK: one node

  @Test func `a node that floods is told to wait once, and heard again after it`() {
    var bench = CoordinatorBench()
    bench.hello(node)
    // The greeting was the first of 2,000.
    for _ in 1..<2_000 { bench.handle(unknown(bench)) }
    #expect(bench.core.refusedFrames["rate"] == nil)
    let told = busy(bench.handle(unknown(bench)), to: node)
    #expect(told.map(\.retryAfterMilliseconds) == [1_000])
    for _ in 0..<100 { #expect(bench.handle(unknown(bench)).isEmpty) }
    #expect(bench.core.refusedFrames["rate"] == 101)
    #expect(isWelcomed(bench.hello(other), other), "others are served")
    bench.pass(milliseconds: 1_000)
    #expect(!bench.heartbeat(node).messages(to: node).isEmpty)
  }

  @Test func `bytes have a budget of their own`() {
    var bench = CoordinatorBench()
    bench.hello(node)
    for _ in 0..<31 { bench.handle(unknown(bench, bytes: 1 << 20)) }
    #expect(bench.core.refusedFrames["rate"] == nil)
    #expect(busy(bench.handle(unknown(bench, bytes: 1 << 20)), to: node).count == 1)
    #expect(!bench.heartbeat(node).messages(to: node).isEmpty, "there is room for a small one")
  }

  @Test func `an agent one version back is never sent BUSY in its session`() {
    var bench = CoordinatorBench()
    bench.hello(node, version: 1)
    for _ in 0..<2_100 {
      #expect(busy(bench.handle(unknown(bench)), to: node).isEmpty)
    }
    #expect(bench.core.refusedFrames["rate"] == 101)
  }

  @Test func `lines about one node's mistakes are bounded`() {
    var bench = CoordinatorBench()
    bench.hello(node)
    var reports = 0
    for _ in 0..<1_000 {
      reports += bench.handle(unknown(bench)).count {
        if case .report = $0 { true } else { false }
      }
    }
    #expect(reports == 20)
  }

  // MARK: all nodes

  private func crowded() -> CoordinatorBench {
    var settings = CoordinatorSettings()
    settings.limits.greetings = .init(perSecond: 10, burst: 1)
    return CoordinatorBench(settings: settings)
  }

  @Test func `greetings are taken in at a pace, and a turn once given is kept`() {
    var bench = crowded()
    let third = CoordinatorBench.nodes[2]
    #expect(isWelcomed(bench.hello(node), node))
    #expect(busy(bench.hello(other), to: other).map(\.retryAfterMilliseconds) == [100])
    #expect(busy(bench.hello(third), to: third).map(\.retryAfterMilliseconds) == [200])
    bench.pass(milliseconds: 40)
    #expect(busy(bench.hello(other), to: other).map(\.retryAfterMilliseconds) == [60])
    bench.pass(milliseconds: 60)
    // Another one that greets now does not take the turn away.
    #expect(busy(bench.hello(node), to: node).map(\.retryAfterMilliseconds) == [200])
    #expect(isWelcomed(bench.hello(other), other))
    bench.pass(milliseconds: 100)
    #expect(isWelcomed(bench.hello(third), third))
  }

  @Test func `a turn that nobody came for is forgotten, and a clock put back keeps nobody out`() {
    var bench = crowded()
    bench.hello(node)
    #expect(busy(bench.hello(other), to: other).count == 1)
    bench.pass(milliseconds: -3_600_000)
    #expect(isWelcomed(bench.hello(other), other))
    #expect(busy(bench.hello(node), to: node).count == 1)
    bench.pass(milliseconds: 120_000)
    bench.handle(.tick)
    #expect(isWelcomed(bench.hello(node), node))
  }

  // MARK: bulk

  private func request(_ model: FixtureModel, _ count: UInt32, received: UInt64 = 0) -> Message {
    var request = WireBlobRequest()
    request.digest = wireBytes(model.record.digest.bytes)
    request.chunkCount = count
    request.receivedChunks = received
    return .blobRequest(request)
  }

  private func granted(_ directives: [CoordinatorDirective]) -> [UInt32] {
    directives.compactMap { if case .sendChunks(_, let order) = $0 { order.count } else { nil } }
  }

  /// A bench with a model of 40 chunks.
  private func stocked(bulkChunks: UInt64 = 1_000) -> (CoordinatorBench, FixtureModel) {
    var settings = CoordinatorSettings()
    settings.limits.bulkBytesMax = bulkChunks * UInt64(Limits.chunkBytes)
    var bench = CoordinatorBench(settings: settings)
    let model = FixtureModel.published("large", size: 40 * Limits.chunkBytes)
    bench.command(.addModel(model.record))
    for node in CoordinatorBench.nodes { bench.hello(node) }
    return (bench, model)
  }

  @Test func `a node has sixteen chunks on their way at most, whatever it asks`() {
    var (bench, model) = stocked()
    #expect(granted(bench.receive(request(model, 40), from: node)) == [16])
    #expect(granted(bench.receive(request(model, 16), from: node)).isEmpty)
    #expect(bench.core.refusedFrames["chunk-credit"] == 1)
    #expect(granted(bench.receive(request(model, 16, received: 5), from: node)) == [5])
    bench.pass(milliseconds: 4_001)
    bench.handle(.tick)
    bench.heartbeat(node)
    #expect(granted(bench.receive(request(model, 16), from: node)) == [16], "given up by now")
  }

  @Test func `an agent one version back gets its chunks without saying what it received`() {
    var (bench, model) = stocked()
    bench.hello(node, version: 1)
    for _ in 0..<5 { #expect(granted(bench.receive(request(model, 8), from: node)) == [8]) }
  }

  @Test func `all nodes together have a bounded number of bytes on their way`() {
    var (bench, model) = stocked(bulkChunks: 20)
    #expect(granted(bench.receive(request(model, 16), from: node)) == [16])
    let refused = bench.receive(request(model, 16), from: other)
    #expect(granted(refused).isEmpty)
    #expect(busy(refused, to: other).map(\.retryAfterMilliseconds) == [250])
    #expect(granted(bench.receive(request(model, 4), from: other)) == [4])
    // The first has received all and asks no more: its share comes back after a while.
    bench.pass(milliseconds: 4_001)
    bench.handle(.tick)
    #expect(granted(bench.receive(request(model, 16), from: other)) == [16])
  }

  @Test func `what a node fetched last does not keep others waiting once it serves`() {
    var (bench, model) = stocked(bulkChunks: 20)
    #expect(granted(bench.receive(request(model, 16), from: node)) == [16])
    var observed = WireObservedState()
    observed.modelDigest = wireBytes(model.record.digest.bytes)
    observed.state = .downloading
    bench.receive(.observedState(observed), from: node)
    #expect(granted(bench.receive(request(model, 16), from: other)).isEmpty)
    observed.state = .active
    bench.receive(.observedState(observed), from: node)
    #expect(granted(bench.receive(request(model, 16), from: other)) == [16])
  }

  @Test func `credit for updates is part of the same bound and comes back as bytes arrive`() {
    var (bench, model) = stocked(bulkChunks: 20)
    bench.command(.startJob(bench.specification()))
    #expect(granted(bench.receive(request(model, 16), from: other)) == [16])
    let update = CoordinatorBench.update(node, bench.key(), size: 6 * Limits.chunkBytes)
    let wanted = bench.receive(
      .updateAnnounce(CoordinatorBench.announce(bench.key(), update)), from: node
    ).wanted(from: node)
    #expect(wanted.map(\.creditBytes) == [UInt32(4 * Limits.chunkBytes)])
    let third = CoordinatorBench.nodes[2]
    #expect(granted(bench.receive(request(model, 1), from: third)).isEmpty)
    for step in 0..<3 {
      let (message, payload) = CoordinatorBench.chunk(
        bench.key(), update, at: step * Limits.chunkBytes)
      bench.receive(message, from: node, payload: payload)
    }
    #expect(bench.core.refusedFrames["update-credit"] == nil)
  }

  // MARK: slow peers

  @Test func `a peer that takes nothing off its data queue is cut and goes on afterwards`() {
    var (bench, model) = stocked(bulkChunks: 16)
    bench.receive(request(model, 16), from: node)
    let address = CoordinatorBench.address(node, .data)
    let cut = bench.handle(.blocked(address))
    #expect(cut.first == .disconnect(address))
    #expect(bench.core.sessions[node]?.data == nil)
    #expect(bench.core.sessions[node]?.liveness == .online)
    let fresh = ReplyAddress(endpoint: .data, routingID: [9])
    let number = bench.core.sessions[node]?.number ?? 0
    let again = bench.handle(
      .received(
        fresh, user: CoordinatorBench.user(node),
        frames: Packet(request(model, 16), session: number, sequence: 2).frames()))
    #expect(granted(again) == [16])
  }

  @Test func `a peer that takes nothing off its control queue is offline until it greets`() {
    var bench = CoordinatorBench()
    bench.hello(node)
    let address = CoordinatorBench.address(node, .control)
    #expect(bench.handle(.blocked(address)).first == .disconnect(address))
    #expect(bench.core.sessions[node]?.liveness == .offline)
    #expect(isWelcomed(bench.hello(node), node))
    #expect(bench.core.sessions[node]?.liveness == .online)
  }

  // MARK: keys

  @Test func `a connection made with a replaced key is cut at its next message`() {
    var bench = CoordinatorBench()
    bench.hello(node)
    bench.receive(.goodbye(WireGoodbye()), from: node)
    let accepted = bench.handle(
      .command(
        .node(node.text, .replace(publicKey: FleetFixture.publicKey(8))), requestID: "key"))
    let address = CoordinatorBench.address(node, .control)
    #expect(accepted.contains(.disconnect(address)))
    #expect(bench.core.sessions[node] == nil)
    #expect(bench.heartbeat(node) == [.disconnect(address)])
    #expect(bench.hello(node) == [.disconnect(address)], "nor does it get a new session")
    #expect(bench.core.refusedFrames["replaced-key"] == 2)
    let user = PeerIdentity(node: node, publicKey: FleetFixture.publicKey(8)).text
    var hello = WireHello()
    hello.versionMin = 1
    hello.versionMax = 2
    hello.nodeID = node.text
    hello.bootID = wireBytes([UInt8](repeating: 1, count: 16))
    let frames = Packet(.hello(hello), session: 0, sequence: 1).frames()
    #expect(isWelcomed(bench.handle(.received(address, user: user, frames: frames)), node))
  }

  @Test func `an identity reads back, and anything else is nobody`() {
    let identity = PeerIdentity(node: node, publicKey: FleetFixture.publicKey(1))
    #expect(PeerIdentity(identity.text) == identity)
    for text in ["", "node-a", "node-a ", " " + identity.publicKey, identity.text + " ", "a b c"] {
      #expect(PeerIdentity(text) == nil)
    }
  }
}
