import FleetCore
import FleetProtocol
import Testing

@Suite struct AgentModelTests {
  @Test func `a desired state is stored, then acknowledged, fetched, loaded and served`() {
    var bench = AgentBench()
    bench.connect()
    let accepted = bench.deploy()
    let stored = accepted.index { if case .persist = $0 { true } else { false } }
    let told = accepted.index {
      if case .send(let packet) = $0, case .desiredAccepted = packet.message { true } else { false }
    }
    #expect(stored == 0 && told > stored)
    let digest = bench.model.record.digest
    #expect(accepted.contains { if case .inspectChunks(digest, _, _) = $0 { true } else { false } })
    bench.handle(.linked(.data))
    let chunks = FixtureModel.chunks(of: bench.model.bytes)
    let asked = bench.handle(.chunksInspected(digest, present: [false, false])).requests
    #expect(asked.map(\.firstChunk) == [0] && asked.map(\.chunkCount) == [2])
    for (index, bytes) in chunks.enumerated() {
      var chunk = WireBlobChunk()
      chunk.digest = wireBytes(digest.bytes)
      chunk.index = UInt32(index)
      let directives = bench.receive(.blobChunk(chunk), payload: bytes)
      #expect(
        directives.contains(
          .storeChunk(
            model: digest, index: UInt32(index), digest: FleetFixture.digest(bytes),
            bytes: bytes)))
      let isLast = index == chunks.count - 1
      #expect(directives.contains { if case .assemble = $0 { isLast } else { false } } == isLast)
    }
    #expect(bench.handle(.assembled(digest, .stored)).contains(.loadModel(digest)))
    let active = bench.handle(.modelLoaded(digest, .ready))
    let persisted = active.index { if case .persist = $0 { true } else { false } }
    let served = active.index { $0 == .serve(digest) }
    let reported = active.index {
      if case .send(let packet) = $0, case .observedState = packet.message { true } else { false }
    }
    #expect(persisted == 0 && persisted < served && served < reported)
    #expect(bench.stored.active?.model == digest)
    #expect(bench.stored.releaseFloors[bench.model.record.name] == 3)
    #expect(active.observed.map(\.state) == [.active])
  }

  @Test func `what the chip says of a model that was dropped meanwhile counts for nothing`() {
    var bench = AgentBench()
    bench.connect()
    bench.deploy()
    bench.serve(bench.model)
    let other = FixtureModel.published(counter: 4, seed: 1)
    let digest = other.record.digest
    bench.deploy(other, Generation(epoch: 1, number: 2))
    let found = bench.handle(.chunksInspected(digest, present: nil))
    #expect(found.contains(.loadModel(digest)))
    // Back to what serves, while the chip still reads the other one.
    let back = bench.deploy(bench.model, Generation(epoch: 1, number: 3))
    #expect(back.contains(.dropBlob(digest)))
    bench.handle(.modelLoaded(digest, .ready))
    let offered = bench.receive(.roundOffer(bench.offer(model: other)))
    #expect(offered.trainings.isEmpty, "its blob is gone")
    #expect(offered.contains { if case .inspectChunks(digest, _, _) = $0 { true } else { false } })
  }

  @Test func `a damaged chunk is asked for again, and too many of them fail the model`() {
    var bench = AgentBench()
    bench.connect()
    bench.deploy()
    let digest = bench.model.record.digest
    bench.handle(.linked(.data))
    bench.handle(.chunksInspected(digest, present: [false, false]))
    var chunk = WireBlobChunk()
    chunk.digest = wireBytes(digest.bytes)
    let first = bench.receive(.blobChunk(chunk), payload: [1, 2, 3])
    #expect(!first.contains { if case .storeChunk = $0 { true } else { false } })
    #expect(first.requests.map(\.firstChunk) == [0])
    for _ in 0..<8 { bench.receive(.blobChunk(chunk), payload: [1, 2, 3]) }
    #expect(bench.stored.observed?.phase == .failed)
    #expect(bench.stored.observed?.code == "chunk-digest")
  }

  @Test func `only missing chunks are asked for, within the credit`() {
    var bench = AgentBench()
    let large = FixtureModel.published("large", size: 40 * Limits.chunkBytes)
    bench.connect()
    bench.deploy(large)
    bench.handle(.linked(.data))
    var present = [Bool](repeating: false, count: 40)
    present[3] = true
    let asked = bench.handle(.chunksInspected(large.record.digest, present: present)).requests
    #expect(asked.map(\.firstChunk) == [0, 4])
    #expect(asked.map(\.chunkCount) == [3, 8])
    let silent = bench.wait(milliseconds: 5_001).requests
    #expect(silent.map(\.firstChunk) == [0, 4], "a lost request is repeated")
  }

  @Test(arguments: [false, true])
  func `a full disk under a download delays the model and never ends it`(isWhole: Bool) {
    var bench = AgentBench()
    bench.connect()
    bench.deploy()
    let digest = bench.model.record.digest
    bench.handle(.linked(.data))
    let failed: [AgentDirective]
    if isWhole {
      bench.handle(.chunksInspected(digest, present: [true, true]))
      failed = bench.handle(.assembled(digest, .unavailable(detail: "disk full")))
    } else {
      bench.handle(.chunksInspected(digest, present: [false, false]))
      failed = bench.handle(.chunkFailed(digest, index: 0, detail: "disk full"))
    }
    #expect(failed.observed.map(\.code) == ["storage"])
    #expect(failed.observed.map(\.state) == [.downloading])
    #expect(bench.stored.observed == nil, "nothing final is said")
    let later = bench.pass(milliseconds: 5_000)
    #expect(later.contains { if case .inspectChunks = $0 { true } else { false } })
    bench.serve(bench.model)
    #expect(bench.stored.active?.model == digest)
  }

  @Test func `a model whose file is lost is fetched again and serves`() {
    var bench = AgentBench()
    bench.connect()
    bench.deploy()
    bench.serve(bench.model)
    let digest = bench.model.record.digest
    #expect(bench.restart().contains(.loadModel(digest)))
    bench.handle(.linked(.control))
    bench.receive(AgentBench.welcome(), session: 9)
    let lost = bench.handle(.modelLoaded(digest, .unreadable(detail: "no such file")))
    #expect(!lost.contains(.loadModel(digest)), "not at once again")
    let later = bench.pass(milliseconds: 5_000)
    #expect(later.contains { if case .inspectChunks = $0 { true } else { false } })
    #expect(bench.handle(.chunksInspected(digest, present: nil)).contains(.loadModel(digest)))
    #expect(bench.handle(.modelLoaded(digest, .ready)).contains(.serve(digest)))
  }

  @Test func `a model whose whole is never what was signed is given up`() {
    var bench = AgentBench()
    bench.connect()
    bench.deploy()
    let digest = bench.model.record.digest
    for loss in 1...AgentCore.lossesMax {
      #expect(bench.stored.observed == nil, "lost \(loss - 1) times")
      bench.handle(.chunksInspected(digest, present: nil))
      bench.handle(.modelLoaded(digest, .unreadable(detail: "another digest")))
      _ = bench.pass(milliseconds: 5_000)
    }
    #expect(bench.stored.observed?.phase == .failed && bench.stored.observed?.code == "digest")
    #expect(
      !bench.pass(milliseconds: 5_000).contains {
        if case .inspectChunks = $0 { true } else { false }
      })
  }

  @Test func `a model that cannot be loaded ends in a failure with its code`() {
    var bench = AgentBench()
    bench.connect()
    bench.deploy()
    let digest = bench.model.record.digest
    let again = Generation(epoch: 1, number: 2)
    bench.deploy(nil, again)
    bench.handle(.chunksInspected(digest, present: nil))
    bench.handle(.modelLoaded(digest, .refused(code: "cores", detail: "129 of 128")))
    #expect(bench.stored.observed?.phase == .failed)
    #expect(bench.stored.observed?.generation == again && bench.stored.observed?.code == "cores")
  }

  @Test func `a missing model is asked for again later`() {
    var bench = AgentBench()
    bench.connect()
    bench.deploy()
    let digest = bench.model.record.digest
    bench.handle(.linked(.data))
    bench.handle(.chunksInspected(digest, present: [false, false]))
    var missing = WireBlobMissing()
    missing.digest = wireBytes(digest.bytes)
    #expect(
      !bench.receive(.blobMissing(missing)).contains {
        if case .inspectChunks = $0 { true } else { false }
      })
    let later = bench.pass(milliseconds: 5_000)
    #expect(later.contains { if case .inspectChunks = $0 { true } else { false } })
  }

  @Test func `an equal generation is acknowledged again and an older one ignored`() {
    var bench = AgentBench()
    bench.connect()
    bench.deploy(nil, Generation(epoch: 1, number: 5))
    bench.serve(bench.model)
    let again = bench.deploy(nil, Generation(epoch: 1, number: 5))
    #expect(again.agentChanges.isEmpty)
    #expect(again.messages.count == 2 && again.observed.map(\.state) == [.active])
    #expect(bench.deploy(nil, Generation(epoch: 1, number: 4)).messages.isEmpty)
  }

  @Test func `a new generation of the serving model does not touch the chip`() {
    var bench = AgentBench()
    bench.connect()
    bench.deploy()
    bench.serve(bench.model)
    let next = Generation(epoch: 1, number: 2)
    let directives = bench.deploy(nil, next)
    #expect(!directives.contains { if case .loadModel = $0 { true } else { false } })
    #expect(!directives.contains { if case .serve = $0 { true } else { false } })
    #expect(bench.stored.active?.generation == next)
    #expect(directives.observed.last?.state == .active)
  }

  @Test func `the old model serves until the new one is loaded, and is kept until the next one`() {
    var bench = AgentBench()
    bench.connect()
    bench.deploy()
    bench.serve(bench.model)
    let next = FixtureModel.published(counter: 4, seed: 9)
    bench.deploy(next, Generation(epoch: 1, number: 2))
    #expect(bench.core.serving == bench.model.record.digest)
    let directives = bench.serve(next)
    #expect(bench.core.serving == next.record.digest)
    #expect(!directives.contains(.dropBlob(bench.model.record.digest)))
    #expect(bench.stored.previous?.model == bench.model.record.digest)
    let third = FixtureModel.published(counter: 5, seed: 10)
    let accepted = bench.deploy(third, Generation(epoch: 1, number: 3))
    #expect(accepted.contains(.dropBlob(bench.model.record.digest)))
  }

  @Test func `the active model serves after a restart before anybody is asked`() {
    var bench = AgentBench()
    bench.connect()
    bench.deploy()
    bench.serve(bench.model)
    let digest = bench.model.record.digest
    #expect(bench.restart().contains(.loadModel(digest)))
    #expect(bench.handle(.modelLoaded(digest, .ready)).contains(.serve(digest)))
  }

  @Test func `the last report is repeated at every welcome`() {
    var bench = AgentBench()
    bench.connect()
    bench.deploy()
    bench.serve(bench.model)
    bench.restart()
    bench.handle(.linked(.control))
    #expect(bench.receive(AgentBench.welcome(), session: 9).observed.map(\.state) == [.active])
  }

  @Test func `after a failed transaction work goes on after a pause`() {
    var bench = AgentBench()
    bench.connect()
    bench.deploy()
    let digest = bench.model.record.digest
    bench.handle(.chunksInspected(digest, present: nil))
    _ = bench.core.handle(.modelLoaded(digest, .ready), at: bench.now)
    bench.core.reload(bench.stored)
    #expect(bench.pass(milliseconds: 250).isEmpty)
    var isLoading = false
    for _ in 0..<30 where !isLoading {
      isLoading = bench.pass(milliseconds: 250).contains(.loadModel(digest))
    }
    #expect(isLoading)
    bench.handle(.modelLoaded(digest, .ready))
    #expect(bench.stored.active?.model == digest)
  }
}
