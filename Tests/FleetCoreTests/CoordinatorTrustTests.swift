import FleetCore
import FleetProtocol
import Testing

/// The coordinator brings root files and signs of life to nodes, and keeps what they tell.
@Suite struct CoordinatorTrustTests {
  private let node = CoordinatorBench.nodes[0]
  private let next = FleetFixture.key(21)

  private func trusted() -> CoordinatorBench {
    var bench = CoordinatorBench()
    bench.handle(.rootFile(FleetFixture.rootFile(1)))
    return bench
  }

  private func hello(_ bench: inout CoordinatorBench, root: UInt64) -> [CoordinatorDirective] {
    var hello = WireHello()
    hello.versionMin = 1
    hello.versionMax = 2
    hello.nodeID = node.text
    hello.chip = FleetFixture.chip
    hello.bootID = wireBytes([UInt8](repeating: 1, count: 16))
    hello.rootVersion = root
    return bench.receive(.hello(hello), from: node)
  }

  private func beat(_ bench: inout CoordinatorBench, root: UInt64) -> [CoordinatorDirective] {
    var beat = WireHeartbeat()
    beat.rootVersion = root
    return bench.receive(.heartbeat(beat), from: node)
  }

  private func chains(_ directives: [CoordinatorDirective]) -> [WireRootChain] {
    directives.compactMap {
      if case .send(_, let packet) = $0, case .rootChain(let chain) = packet.message {
        chain
      } else {
        nil
      }
    }
  }

  private func orders(_ directives: [CoordinatorDirective]) -> Int {
    directives.count { if case .sendDesired = $0 { true } else { false } }
  }

  @Test func `the first root file is believed and only its successors after it`() {
    var bench = trusted()
    #expect(bench.core.trust?.version == 1)
    #expect(bench.command(.addRoot(FleetFixture.rootFile(3))) != .done("3"))
    #expect(bench.command(.addRoot(FleetFixture.rootFile(2, signers: [next]))) != .done("2"))
    #expect(
      bench.command(.addRoot(FleetFixture.rootFile(2, expires: 5))) != .done("2"))
    #expect(bench.command(.addRoot(FleetFixture.rootFile(2))) == .done("2"))
    #expect(bench.command(.addRoot(FleetFixture.rootFile(2))) == .done("2"))
    #expect(bench.mirror.state.roots.map(\.version) == [1, 2])
    bench.restart()
    // The file of the settings is older than what is stored: it changes nothing.
    bench.handle(.rootFile(FleetFixture.rootFile(1)))
    #expect(bench.core.trust?.version == 2)
    bench.handle(.rootFile(FleetFixture.rootFile(4)))
    #expect(bench.core.trust?.version == 2)
    #expect(bench.mirror.events.last?.kind == "root.refused")
  }

  @Test func `online nodes get a new root file after the coordinator has its keys`() {
    var bench = trusted()
    _ = hello(&bench, root: 1)
    let directives = bench.handle(
      .command(.addRoot(FleetFixture.rootFile(2)), requestID: "rotate"))
    let keys = directives.firstIndex { $0 == .rootChanged }
    let sent = directives.firstIndex { !chains([$0]).isEmpty }
    #expect(keys ?? .max < sent ?? -1)
    #expect(chains(directives).map(\.roots.count) == [1])
  }

  @Test func `an order waits until the node has the newest root file`() {
    var bench = trusted()
    bench.command(.addRoot(FleetFixture.rootFile(2)))
    bench.command(.addRoot(FleetFixture.rootFile(3)))
    bench.command(.deploy(model: bench.model.record.digest, nodes: [node.text]))
    let greeted = hello(&bench, root: 1)
    #expect(chains(greeted).map(\.roots.count) == [2])
    #expect(orders(greeted) == 0)
    let waiting = beat(&bench, root: 1)
    #expect(orders(waiting) == 0)
    // What is on its way is not sent again at once, but after a while.
    #expect(chains(waiting) == [])
    bench.pass(milliseconds: 60_000)
    #expect(chains(beat(&bench, root: 1)).count == 1)
    #expect(orders(beat(&bench, root: 3)) == 1)
  }

  @Test func `an offer waits too`() {
    var bench = trusted()
    bench.command(.addRoot(FleetFixture.rootFile(2)))
    _ = hello(&bench, root: 1)
    for other in CoordinatorBench.nodes.dropFirst() { bench.hello(other) }
    bench.command(.startJob(bench.specification()))
    let offers = { (directives: [CoordinatorDirective]) in
      directives.count {
        if case .send(_, let packet) = $0 { packet.message.type == .roundOffer } else { false }
      }
    }
    bench.pass(milliseconds: 10_000)
    #expect(offers(beat(&bench, root: 1)) == 0)
    #expect(offers(beat(&bench, root: 2)) == 1)
  }

  @Test func `an older agent gets neither root files nor waits for them`() {
    var bench = trusted()
    bench.command(.addRoot(FleetFixture.rootFile(2)))
    bench.command(.deploy(model: bench.model.record.digest, nodes: [node.text]))
    let greeted = hello(&bench, root: 0)
    #expect(chains(greeted) == [])
    #expect(orders(greeted) == 1)
  }

  // MARK: signs of life

  private func timestamps(_ directives: [CoordinatorDirective]) -> [[UInt8]] {
    directives.compactMap {
      guard case .send(_, let packet) = $0 else { return nil }
      switch packet.message {
      case .welcome(let welcome): return [UInt8](welcome.timestamp)
      case .heartbeatReply(let reply): return [UInt8](reply.timestamp)
      default: return nil
      }
    }
  }

  private func asked(_ directives: [CoordinatorDirective]) -> Bool {
    directives.contains { if case .signTimestamp = $0 { true } else { false } }
  }

  @Test func `a timestamp is signed every five minutes, sooner when the fleet changes`() {
    var bench = trusted()
    #expect(asked(bench.handle(.tick)))
    #expect(!asked(bench.handle(.tick)))
    bench.command(.deploy(model: bench.model.record.digest, nodes: []))
    bench.pass(milliseconds: 59_999)
    #expect(!asked(bench.handle(.tick)))
    bench.pass(milliseconds: 1)
    #expect(asked(bench.handle(.tick)))
    bench.pass(milliseconds: 299_999)
    #expect(!asked(bench.handle(.tick)))
    bench.pass(milliseconds: 1)
    #expect(asked(bench.handle(.tick)))
    var plain = CoordinatorBench()
    #expect(!asked(plain.handle(.tick)))
  }

  @Test func `a timestamp that was dropped with a failed transaction is asked for again`() {
    var bench = trusted()
    #expect(asked(bench.handle(.tick)))
    bench.core.reload(bench.mirror.state)
    #expect(asked(bench.handle(.tick)))
    bench.handle(.timestampSigned([7]))
    bench.core.reload(bench.mirror.state)
    #expect(!asked(bench.handle(.tick)))
  }

  @Test func `each timestamp goes to each session once`() {
    var bench = trusted()
    bench.handle(.timestampSigned([7]))
    #expect(timestamps(hello(&bench, root: 1)) == [[7]])
    #expect(timestamps(beat(&bench, root: 1)) == [[]])
    bench.handle(.timestampSigned([8]))
    #expect(timestamps(beat(&bench, root: 1)) == [[8]])
    #expect(timestamps(beat(&bench, root: 1)) == [[]])
    #expect(timestamps(hello(&bench, root: 0)) == [[]])
  }

  // MARK: notices

  private func notice(_ sequence: UInt64, _ kind: String = "root.refused") -> WireNodeNotice {
    var notice = WireNodeNotice()
    notice.sequence = sequence
    notice.kind = kind
    notice.code = "expired"
    notice.document = "root"
    notice.detail = "found old, expected new"
    return notice
  }

  private func tell(
    _ bench: inout CoordinatorBench, _ notices: [WireNodeNotice]
  ) -> [UInt64] {
    var wire = WireNodeNotices()
    wire.notices = notices
    return bench.receive(.nodeNotices(wire), from: node).compactMap {
      if case .send(_, let packet) = $0,
        case .noticesAcknowledged(let acknowledged) =
          packet.message
      {
        acknowledged.through
      } else {
        nil
      }
    }
  }

  @Test func `what a node tells is stored once and acknowledged after`() {
    var bench = trusted()
    bench.hello(node)
    #expect(tell(&bench, [notice(5), notice(9)]) == [9])
    #expect(tell(&bench, [notice(5), notice(9)]) == [9])
    let events = bench.mirror.events.filter { $0.kind == "root.refused" }
    #expect(events.count == 2)
    #expect(events.last?.subject == node.text)
    #expect(events.last?.detail == "root, expired: found old, expected new")
    #expect(bench.core.state.nodes[node]?.alarm == "root.refused")
    #expect(tell(&bench, [notice(10, "freeze.ended")]) == [10])
    #expect(bench.core.state.nodes[node]?.alarm == "")
    // A name that is not ours does not pass for one.
    #expect(tell(&bench, [notice(11, "node.offline")]) == [11])
    #expect(bench.mirror.events.last?.kind == "node.notice")
  }

  @Test func `a node that tells too much is stored at its budget's pace`() {
    var bench = trusted()
    bench.hello(node)
    var through: UInt64 = 0
    for batch in 0..<8 {
      let first = UInt64(batch * 16)
      through = tell(&bench, (1...16).map { notice(first + $0) }).last ?? through
    }
    let burst = UInt64(TrafficLimits().reports.burst)
    #expect(through <= burst)
    bench.pass(milliseconds: 1_000)
    #expect(tell(&bench, [notice(through + 1), notice(through + 2)]) == [through + 2])
    #expect(tell(&bench, (1...17).map { notice(900 + $0) }) == [])
    #expect(bench.core.refusedFrames["notices"] == 1)
  }

  @Test func `a permission to go back is an event and part of the order`() {
    var bench = trusted()
    _ = hello(&bench, root: 1)
    let terms = DeploymentTerms(allowRollback: true, isTrial: true)
    let directives = bench.handle(
      .command(
        .deploy(model: bench.model.record.digest, nodes: [node.text], terms: terms),
        requestID: "back"))
    let order = directives.lazy.compactMap {
      if case .sendDesired(_, let order) = $0 { order } else { nil }
    }.first
    #expect(order?.allowRollbackTo == 3)
    #expect(order?.isTrial == true)
    #expect(bench.mirror.events.map(\.kind).contains("rollback.permitted"))
  }
}
