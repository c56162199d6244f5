import FleetCore
import FleetProtocol
import Testing

@Suite struct UploadTests {
  let nodes = CoordinatorBench.nodes

  @Test func `an update is counted in one transaction and acknowledged after it`() {
    var bench = CoordinatorBench()
    bench.startJob()
    let directives = bench.report(nodes[0], bench.key())
    let counted = directives.position {
      guard case .persist(let changes) = $0 else { return false }
      return changes.contains { if case .updateAccepted = $0 { true } else { false } }
    }
    let told = directives.position { if case .send = $0 { true } else { false } }
    #expect((counted ?? .max) < (told ?? .min))
    #expect(directives.verdicts(to: nodes[0]) == [.acknowledged])
    guard
      case .reported(let update) = bench.core.state.rounds[bench.key()]?
        .participant(nodes[0])?.state
    else {
      Issue.record("not reported")
      return
    }
    #expect(update.samples == 400 && update.correct == 300 && update.counts == [1, 2, 3])
  }

  @Test func `the same update again is acknowledged again and counted once`() {
    var bench = CoordinatorBench()
    bench.startJob()
    bench.report(nodes[0], bench.key())
    let update = CoordinatorBench.update(nodes[0], bench.key())
    let again = bench.receive(
      .updateAnnounce(CoordinatorBench.announce(bench.key(), update)), from: nodes[0])
    #expect(again.verdicts(to: nodes[0]) == [.acknowledged])
    #expect(again.changes.isEmpty)
    let open = [CoordinatorBench.open(bench.key(), update)]
    #expect(
      bench.hello(nodes[0], openRounds: open).verdicts(to: nodes[0]) == [.acknowledged])
  }

  @Test func `another update of the same node is refused as a conflict and recorded`() {
    var bench = CoordinatorBench()
    bench.startJob()
    bench.report(nodes[0], bench.key())
    let directives = bench.receive(
      .updateAnnounce(CoordinatorBench.announce(bench.key(), [1, 2, 3])), from: nodes[0])
    #expect(directives.verdicts(to: nodes[0]) == [.refused])
    #expect(bench.mirror.events.last?.kind == "update.conflict")
  }

  @Test func `an update that fails its check is refused for good`() {
    var bench = CoordinatorBench()
    bench.startJob()
    let directives = bench.report(
      nodes[0], bench.key(), outcome: .refused(code: "non-finite", detail: "element 3"))
    #expect(directives.verdicts(to: nodes[0]) == [.refused])
    #expect(
      bench.core.state.rounds[bench.key()]?.participant(nodes[0])?.state
        == .refused(code: "non-finite"))
    let update = CoordinatorBench.update(nodes[0], bench.key())
    let again = bench.receive(
      .updateAnnounce(CoordinatorBench.announce(bench.key(), update)), from: nodes[0])
    #expect(again.verdicts(to: nodes[0]) == [.refused])
  }

  @Test func `an update that could not be stored is taken when it is announced again`() {
    var bench = CoordinatorBench()
    bench.startJob()
    let first = bench.report(nodes[0], bench.key(), outcome: .unreadable(detail: "disk full"))
    #expect(first.verdicts(to: nodes[0]).isEmpty)
    #expect(bench.report(nodes[0], bench.key()).verdicts(to: nodes[0]) == [.acknowledged])
  }

  @Test func `an upload that the disk failed under starts afresh`() {
    var bench = CoordinatorBench()
    bench.startJob()
    let update = CoordinatorBench.update(nodes[0], bench.key(), size: 3 * Limits.chunkBytes)
    let announce = Message.updateAnnounce(CoordinatorBench.announce(bench.key(), update))
    bench.receive(announce, from: nodes[0])
    let (message, payload) = CoordinatorBench.chunk(bench.key(), update, at: 0)
    bench.receive(message, from: nodes[0], payload: payload)
    let key = UploadKey(round: bench.key(), node: nodes[0])
    let failed = bench.handle(.uploadChecked(key, .unreadable(detail: "disk full")))
    #expect(failed.contains(.dropUpload(key)))
    #expect(bench.receive(announce, from: nodes[0]).wanted(from: nodes[0]).map(\.offset) == [0])
  }

  @Test func `a check that runs while a transaction fails still counts`() {
    var bench = CoordinatorBench()
    bench.startJob()
    let update = CoordinatorBench.update(nodes[0], bench.key())
    bench.receive(.updateAnnounce(CoordinatorBench.announce(bench.key(), update)), from: nodes[0])
    let (message, payload) = CoordinatorBench.chunk(bench.key(), update, at: 0)
    bench.receive(message, from: nodes[0], payload: payload)
    bench.handle(.tick)
    bench.core.reload(bench.mirror.state)
    let done = bench.handle(
      .uploadChecked(UploadKey(round: bench.key(), node: nodes[0]), .valid))
    #expect(done.verdicts(to: nodes[0]) == [.acknowledged])
  }

  @Test func `a check that was dropped with a failed transaction is asked for again`() {
    var bench = CoordinatorBench()
    bench.startJob()
    let update = CoordinatorBench.update(nodes[0], bench.key())
    let announce = Message.updateAnnounce(CoordinatorBench.announce(bench.key(), update))
    bench.receive(announce, from: nodes[0])
    let (message, payload) = CoordinatorBench.chunk(bench.key(), update, at: 0)
    bench.receive(message, from: nodes[0], payload: payload)
    bench.core.reload(bench.mirror.state)
    #expect(bench.receive(announce, from: nodes[0]).wanted(from: nodes[0]).map(\.offset) == [0])
    let again = bench.receive(message, from: nodes[0], payload: payload)
    #expect(again.contains { if case .checkUpload = $0 { true } else { false } })
  }

  @Test func `an announcement outside the offer is refused before a byte is sent`() {
    let changes: [(inout WireUpdateAnnounce) -> Void] = [
      { $0.samples = 401 }, { $0.samples = 0 }, { $0.correct = 401 }, { $0.size = 0 },
      { $0.size = UInt64(Limits.updateBytesMax) + 1 },
      { $0.counts = [UInt64](repeating: 0, count: Limits.eventKindsMax + 1) },
    ]
    for change in changes {
      var bench = CoordinatorBench()
      bench.startJob()
      var announce = CoordinatorBench.announce(bench.key(), [1])
      change(&announce)
      let directives = bench.receive(.updateAnnounce(announce), from: nodes[0])
      #expect(directives.wanted(from: nodes[0]).isEmpty)
      #expect(directives.verdicts(to: nodes[0]) == [.refused])
    }
  }

  @Test func `a round or a node that is not known is gone`() {
    var bench = CoordinatorBench()
    bench.startJob()
    let unknown = RoundKey(job: FleetFixture.identifier("else"), round: 1, attempt: 1)
    for key in [unknown, bench.key(7)] {
      let directives = bench.receive(
        .updateAnnounce(CoordinatorBench.announce(key, [1])), from: nodes[0])
      #expect(directives.verdicts(to: nodes[0]) == [.gone])
      let open = [CoordinatorBench.open(key)]
      #expect(bench.heartbeat(nodes[0], openRounds: open).verdicts(to: nodes[0]) == [.gone])
    }
  }

  @Test func `a large update flows within the credit and is checked once`() {
    var bench = CoordinatorBench()
    bench.startJob()
    let size = 40 * Limits.chunkBytes + 17
    let update = CoordinatorBench.update(nodes[0], bench.key(), size: size)
    var queue = bench.receive(
      .updateAnnounce(CoordinatorBench.announce(bench.key(), update)), from: nodes[0]
    ).wanted(from: nodes[0])
    var written: [UInt8] = []
    var checks = 0
    while !queue.isEmpty {
      let wanted = queue.removeFirst()
      #expect(Int(wanted.creditBytes) <= Limits.chunkCreditMax * Limits.chunkBytes)
      var offset = Int(wanted.offset)
      let end = offset + Int(wanted.creditBytes)
      while offset < end {
        let (message, payload) = CoordinatorBench.chunk(bench.key(), update, at: offset)
        offset += payload.count
        let directives = bench.receive(message, from: nodes[0], payload: payload)
        queue += directives.wanted(from: nodes[0])
        for case .appendUpload(_, let at, let bytes) in directives {
          #expect(at == UInt64(written.count))
          written += bytes
        }
        for case .checkUpload(_, let check) in directives {
          checks += 1
          #expect(check.size == UInt64(size) && check.samples == 400)
          #expect(check.base == bench.model.record.digest)
        }
      }
    }
    #expect(written == update)
    #expect(checks == 1)
  }

  @Test func `a lost chunk is asked for once, and repeated ones change nothing`() {
    var bench = CoordinatorBench()
    bench.startJob()
    let update = CoordinatorBench.update(nodes[0], bench.key(), size: 3 * Limits.chunkBytes)
    bench.receive(.updateAnnounce(CoordinatorBench.announce(bench.key(), update)), from: nodes[0])
    func send(_ index: Int) -> [CoordinatorDirective] {
      let (message, payload) = CoordinatorBench.chunk(
        bench.key(), update, at: index * Limits.chunkBytes)
      return bench.receive(message, from: nodes[0], payload: payload)
    }
    #expect(send(1).wanted(from: nodes[0]).map(\.offset) == [0])
    #expect(send(2).wanted(from: nodes[0]).isEmpty)
    _ = send(0)
    #expect(send(0).isEmpty)
    #expect(send(2).wanted(from: nodes[0]).map(\.offset) == [UInt64(Limits.chunkBytes)])
    _ = send(1)
    let last = send(2)
    #expect(last.contains { if case .checkUpload = $0 { true } else { false } })
  }

  @Test func `bytes beyond the credit or the size are not written`() {
    var bench = CoordinatorBench()
    bench.startJob()
    let update = CoordinatorBench.update(nodes[0], bench.key(), size: 10)
    bench.receive(.updateAnnounce(CoordinatorBench.announce(bench.key(), update)), from: nodes[0])
    let (message, _) = CoordinatorBench.chunk(bench.key(), update, at: 0)
    let long = [UInt8](repeating: 0, count: 11)
    #expect(bench.receive(message, from: nodes[0], payload: long).isEmpty)
    #expect(bench.core.refusedFrames["update-credit"] == 1)
    #expect(bench.receive(message, from: nodes[0], payload: []).isEmpty)
  }

  @Test func `a node that holds an update is asked to announce it after a restart`() {
    var bench = CoordinatorBench()
    bench.startJob()
    bench.restart()
    bench.hello(nodes[0])
    // Any data message tells the coordinator where the data connection is.
    bench.receive(.blobRequest(WireBlobRequest()), from: nodes[0])
    let update = CoordinatorBench.update(nodes[0], bench.key())
    let open = [CoordinatorBench.open(bench.key(), update)]
    let wanted = bench.heartbeat(nodes[0], openRounds: open).wanted(from: nodes[0])
    #expect(wanted.map(\.creditBytes) == [0])
    #expect(bench.report(nodes[0], bench.key()).verdicts(to: nodes[0]) == [.acknowledged])
  }

  @Test func `a check that ends after the seal comes too late`() {
    var bench = CoordinatorBench()
    bench.startJob()
    bench.report(nodes[0], bench.key())
    bench.report(nodes[1], bench.key())
    let update = CoordinatorBench.update(nodes[2], bench.key())
    bench.receive(.updateAnnounce(CoordinatorBench.announce(bench.key(), update)), from: nodes[2])
    let (message, payload) = CoordinatorBench.chunk(bench.key(), update, at: 0)
    bench.receive(message, from: nodes[2], payload: payload)
    bench.pass(milliseconds: 60_000)
    let sealing = bench.handle(.tick)
    #expect(sealing.contains(.dropUpload(UploadKey(round: bench.key(), node: nodes[2]))))
    let after = bench.handle(
      .uploadChecked(UploadKey(round: bench.key(), node: nodes[2]), .valid))
    #expect(after.changes.isEmpty)
    let again = bench.receive(
      .updateAnnounce(CoordinatorBench.announce(bench.key(), update)), from: nodes[2])
    #expect(again.verdicts(to: nodes[2]) == [.late])
  }
}
