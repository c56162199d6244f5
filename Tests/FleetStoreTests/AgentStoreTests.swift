import FleetCore
import FleetProtocol
import FleetStore
import Testing

@Suite struct AgentStoreTests {
  private let key = RoundKey(job: name("job"), round: 1, attempt: 1)

  private func result(_ byte: UInt8 = 4) -> TrainingResult {
    TrainingResult(
      digest: digest(byte), size: .max, samples: 400, correct: 300, counts: [1, .max],
      milliseconds: 7)
  }

  private func promise(_ key: RoundKey) -> TrainingRecord {
    TrainingRecord(
      key: key, base: digest(1), manifest: [1], baseManifest: [], samples: 400, seed: .max)
  }

  @Test(arguments: [1, 2, 3, 4] as [UInt64])
  func `what is loaded equals the state with the same changes applied`(seed: UInt64) throws {
    let folder = try TemporaryFolder()
    var store = try AgentStore(folder: folder.path)
    var state = AgentState()
    var source = AgentChangeSource(seed: seed)
    #expect(try store.load() == state)
    for turn in 0..<120 {
      let changes = source.transaction(on: state)
      try store.commit(changes)
      state.apply(changes)
      if turn.isMultiple(of: 8) {
        try #require(try store.load() == state, "seed \(seed), turn \(turn): \(changes)")
        let next = try store.nextBatch(windowsMax: 9_999, bytesMax: 1 << 30)
        try #require(
          next.map { source.waiting.contains($0) } ?? source.waiting.isEmpty)
        let waiting = source.waiting.reduce(0) { $0 + $1.windows.count }
        try #require(try store.outboxSize().windows == waiting)
      }
      if turn == 60 {
        _ = consume store
        store = try AgentStore(folder: folder.path)
      }
    }
    #expect(try store.load() == state)
    #expect(try store.gaps().isEmpty)
  }

  @Test func `a training result never changes and needs its promise`() throws {
    let store = try AgentStore.inMemory()
    let unknown = #expect(throws: StoreError.self) {
      try store.commit([.trained(key, result(), nextOrdinal: 400)])
    }
    #expect(unknown == .refused(change: "trained", rule: "no promise to train \(key)"))
    try store.commit([.offerAccepted(promise(key)), .offerAccepted(promise(key))])
    try store.commit([.trained(key, result(), nextOrdinal: 400)])
    let state = try store.load()
    #expect(state.trainingOrdinal == 400)
    for change in [
      AgentChange.trained(key, result(5), nextOrdinal: 800), .offerAccepted(promise(key)),
    ] {
      let error = #expect(throws: StoreError.self) { try store.commit([.epochSeen(9), change]) }
      guard case .refused(_, let rule) = error else {
        Issue.record("\(String(describing: error))")
        continue
      }
      #expect(rule.contains("never changes"))
      #expect(try store.load() == state)
    }
    try store.commit([.roundClosed(key), .offerAccepted(promise(key))])
    #expect(try store.load().trainings[key]?.result == nil)
  }

  @Test func `a promise never comes with a result`() throws {
    var training = promise(key)
    training.result = result()
    #expect(throws: StoreError.self) {
      try AgentStore.inMemory().commit([.offerAccepted(training)])
    }
  }

  @Test func `windows go out in order, at most as many and as large as asked`() throws {
    let store = try AgentStore.inMemory()
    try store.commit((1...5).map { .windowQueued(boot: boot, window($0)) })
    #expect(try store.nextBatch(windowsMax: 2)?.windows.map(\.sequence) == [1, 2])
    #expect(try store.nextBatch(windowsMax: 0)?.windows.map(\.sequence) == [1])
    // A window with only a sequence is two bytes, four inside its list.
    #expect(try store.nextBatch(bytesMax: 12)?.windows.map(\.sequence) == [1, 2, 3])
    #expect(try store.nextBatch(bytesMax: 11)?.windows.map(\.sequence) == [1, 2])
    #expect(try store.nextBatch(bytesMax: 1)?.windows.map(\.sequence) == [1])
    var list = WireTelemetryWindows()
    list.windows = (1...3).map { window($0) }
    #expect(SignedDocument.encoded(list).count == 12)
    try store.commit([.windowsAcknowledged(boot: boot, through: 3)])
    #expect(try store.nextBatch()?.windows.map(\.sequence) == [4, 5])
    try store.commit([.windowsAcknowledged(boot: boot, through: .max)])
    #expect(try store.nextBatch() == nil)
    #expect(try store.outboxSize() == (0, 0))
  }

  @Test func `the oldest boot goes first and an unknown one's acknowledgement is nothing`() throws {
    let store = try AgentStore.inMemory()
    let later = [UInt8](repeating: 0, count: 16)
    try store.commit([
      .windowQueued(boot: boot, window(8)), .windowQueued(boot: later, window(1)),
      .windowsAcknowledged(boot: [1], through: .max),
    ])
    #expect(try store.nextBatch()?.boot == boot)
    try store.commit([.windowsAcknowledged(boot: boot, through: 8)])
    #expect(try store.nextBatch() == OutboxBatch(boot: later, windows: [window(1)]))
  }

  @Test func `a window's sequence rises, also after everything was acknowledged`() throws {
    let store = try AgentStore.inMemory()
    try store.commit([
      .windowQueued(boot: boot, window(2)), .windowsAcknowledged(boot: boot, through: 2),
    ])
    for sequence in [0, 1, 2, .max] as [UInt64] {
      #expect(throws: StoreError.self) {
        try store.commit([.windowQueued(boot: boot, window(sequence))])
      }
    }
    try store.commit([.windowQueued(boot: boot, window(3))])
  }

  @Test func `a full database keeps nothing of the transaction`() throws {
    let folder = try TemporaryFolder()
    let store = try AgentStore(folder: folder.path, pagesMax: 40)
    let state = try store.load()
    var model = AcceptedModel(
      generation: .none, name: name("m"), releaseCounter: 1, model: digest(1), manifest: [],
      baseManifest: [])
    model.manifest = [UInt8](repeating: 1, count: 200_000)
    #expect(throws: StoreError.full(path: folder.path + "/agent.sqlite")) {
      try store.commit([.epochSeen(4), .desiredAccepted(model)])
    }
    #expect(try store.load() == state)
    try store.commit([.epochSeen(4)])
    #expect(try store.load().epoch == 4)
  }

  @Test func `every run of an agent has a name of its own`() {
    let names = Set((0..<100).map { _ in AgentStore.newBootID() })
    #expect(names.count == 100)
    #expect(names.allSatisfy { $0.count == Limits.bootIDBytes })
  }
}
