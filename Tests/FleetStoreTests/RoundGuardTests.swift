import FleetCore
import FleetProtocol
import FleetStore
import Testing

@Suite struct RoundGuardTests {
  private let store: FleetStore
  private let job = name("job")
  private let key = RoundKey(job: name("job"), round: 1, attempt: 1)
  private let at = Instant(microseconds: 5)

  init() throws {
    store = try FleetStore.inMemory()
    _ = try store.start()
    let model = record(digest(1))
    let specification = JobSpecification(
      name: "job", model: model.digest.hex, rounds: 2, samplesPerRound: 3, nodes: ["a", "b"],
      minimumReports: 1, deadlineMilliseconds: 4, attemptsMax: 2, maxRegression: 2, seed: 5)
    try store.commit(
      ["a", "b", "c"].map {
        .nodeAccepted(NodeRecord(id: name($0), publicKey: $0, acceptedAt: at))
      } + [
        .modelAdded(model),
        .jobCreated(
          JobRecord(id: job, specification: specification, current: model.digest, createdAt: at)),
        .roundPlanned(round(key)),
      ])
  }

  private func round(_ key: RoundKey, cohort: [String] = ["a", "b"]) -> RoundRecord {
    RoundRecord(
      key: key, base: digest(1), seed: 1, samples: 2, cohort: cohort.map { name($0) },
      plannedAt: at)
  }

  private func record(_ digest: ContentDigest) -> ModelRecord {
    ModelRecord(
      name: name("m"), releaseCounter: 1, digest: digest, manifestDigest: digest, manifest: [1],
      structureDigest: digest, priceDigest: digest, size: 1, chips: [], addedAt: at)
  }

  private func update(_ node: String, _ byte: UInt8 = 9) -> FleetChange {
    .updateAccepted(
      key, name(node),
      UpdateRecord(
        digest: digest(byte), size: 1, samples: 2, correct: 1, counts: [1],
        trainingMilliseconds: 3, acceptedAt: at))
  }

  private var open: FleetChange { .roundOpened(key, at: at, deadline: at) }
  private var seal: FleetChange { .roundSealed(key, hash: digest(7)) }

  private func commit(hash: UInt8 = 7, model: ModelRecord? = nil) -> FleetChange {
    .roundCommitted(
      key,
      RoundResult(
        sealedHash: digest(hash), model: model?.digest ?? digest(8), accuracy: 90,
        accepted: model != nil, committedAt: at), model: model)
  }

  /// The change is refused by a rule that holds this text, and nothing is stored.
  private func refuse(
    _ change: FleetChange, _ rule: String, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let before = try store.load()
    let error = #expect(throws: StoreError.self, sourceLocation: sourceLocation) {
      try store.commit([.event(FleetEvent(at: at, kind: "k", subject: "", detail: "")), change])
    }
    guard case .refused(_, let found) = error else {
      Issue.record("\(String(describing: error))", sourceLocation: sourceLocation)
      return
    }
    #expect(found.contains(rule), sourceLocation: sourceLocation)
    #expect(try store.load() == before, sourceLocation: sourceLocation)
    #expect(try store.events(limit: 9).isEmpty, sourceLocation: sourceLocation)
  }

  @Test func `an update counts only while its round is open`() throws {
    try refuse(update("a"), "only while its round is open")
    try store.commit([open, update("a"), seal])
    try refuse(update("b"), "only while its round is open")
    try store.commit([commit()])
    try refuse(update("b"), "only while its round is open")
  }

  @Test func `a node's second update of a round is refused, the same bytes or not`() throws {
    try store.commit([open, update("a")])
    try refuse(update("a"), "UNIQUE")
    try refuse(update("a", 10), "UNIQUE")
  }

  @Test func `a node outside the cohort and one that was closed have no update`() throws {
    try store.commit([open, .participantClosed(key, name("b"), .refused(code: "norm"))])
    try refuse(update("c"), "FOREIGN KEY")
    try refuse(update("b"), "final state")
    try refuse(.participantClosed(key, name("b"), .late), "final state")
    try refuse(.participantClosed(key, name("c"), .late), "not in the cohort")
    try refuse(.participantClosed(key, name("a"), .pending), "refused or late")
  }

  @Test func `a round is committed only when sealed, and under its own hash`() throws {
    try refuse(commit(), "not sealed")
    try store.commit([open])
    try refuse(commit(), "not sealed")
    try store.commit([update("a"), seal])
    try refuse(commit(hash: 6), "not sealed with hash")
    try store.commit([commit()])
    try refuse(commit(), "not sealed")
  }

  @Test func `no other transition exists`() throws {
    try refuse(seal, "not open")
    try refuse(.roundDeadlineMoved(key, deadline: at), "not open")
    try refuse(.roundFailed(key, code: "quorum", detail: ""), "no such transition")
    try refuse(
      .roundOpened(RoundKey(job: job, round: 9, attempt: 1), at: at, deadline: at), "unknown")
    try store.commit([open])
    try refuse(open, "not planned")
    try store.commit([seal])
    try refuse(open, "not planned")
    try refuse(seal, "not open")
    try refuse(.participantClosed(key, name("a"), .late), "sealed or over")
  }

  @Test(arguments: [0, 1, 2]) func `a terminal round never changes`(end: Int) throws {
    try store.commit([open, seal])
    try store.commit([
      [commit(), .roundFailed(key, code: "rule", detail: "d"), .roundCancelled(key)][end]
    ])
    for change in [
      open, seal, commit(), .roundDeadlineMoved(key, deadline: at),
      .roundFailed(key, code: "x", detail: ""), .roundCancelled(key),
    ] { try refuse(change, "") }
  }

  @Test func `a round is planned once, fresh, for a known job, base and cohort`() throws {
    try refuse(.roundPlanned(round(key)), "UNIQUE")
    try refuse(
      .roundPlanned(round(RoundKey(job: name("other"), round: 1, attempt: 1))), "FOREIGN KEY")
    let next = RoundKey(job: job, round: 1, attempt: 2)
    try refuse(.roundPlanned(round(next, cohort: ["a", "zz"])), "FOREIGN KEY")
    var opened = round(next)
    opened.state = .open(deadline: at)
    try refuse(.roundPlanned(opened), "starts planned")
    var late = round(next)
    late.participants[0].state = .late
    try refuse(.roundPlanned(late), "starts planned")
    var unknownBase = round(next)
    unknownBase.base = digest(77)
    try refuse(.roundPlanned(unknownBase), "FOREIGN KEY")
    try store.commit([.roundPlanned(round(next))])
  }

  @Test func `one attempt alone of a round is committed`() throws {
    let second = RoundKey(job: job, round: 1, attempt: 2)
    try store.commit([
      open, seal, commit(), .roundPlanned(round(second)),
      .roundOpened(second, at: at, deadline: at), .roundSealed(second, hash: digest(7)),
    ])
    try refuse(
      .roundCommitted(
        second,
        RoundResult(
          sealedHash: digest(7), model: digest(8), accuracy: nil, accepted: false,
          committedAt: at), model: nil), "UNIQUE")
  }

  @Test func `a running job alone goes back, and to a known model`() throws {
    let basis = JobBasis(model: digest(1), serverState: digest(5), bestAccuracy: 70.5)
    try store.commit([.jobRolledBack(job, to: basis)])
    #expect(try store.load().jobs[job]?.basis == basis)
    var unknown = basis
    unknown.model = digest(99)
    try refuse(.jobRolledBack(job, to: unknown), "FOREIGN KEY")
    try refuse(.jobRolledBack(name("other"), to: basis), "unknown or over")
    try store.commit([.jobEnded(job, .finished, detail: "")])
    try refuse(.jobRolledBack(job, to: basis), "unknown or over")
  }

  @Test func `facts of a removed model stay to be read`() throws {
    try store.commit([.modelAdded(record(digest(3))), .modelRemoved(digest(3), at: at)])
    #expect(try store.load().models[digest(3)] == nil)
    #expect(try store.everyModel()[digest(3)] == record(digest(3)))
    #expect(try store.everyModel().count == 2)
  }

  @Test func `a job ends once and starts from a known model`() throws {
    try store.commit([.jobEnded(job, .finished, detail: "")])
    try refuse(.jobEnded(job, .cancelled, detail: ""), "the job is over")
    try refuse(.jobEnded(name("other"), .failed, detail: ""), "unknown job")
    var again = try #require(try store.load().jobs[job])
    try refuse(.jobCreated(again), "UNIQUE")
    again.id = name("next")
    again.current = digest(99)
    try refuse(.jobCreated(again), "FOREIGN KEY")
  }

  @Test func `facts about what nobody knows are refused`() throws {
    let stranger = name("stranger")
    try refuse(.nodeChip(stranger, chip: ""), "unknown node")
    try refuse(.desiredAccepted(stranger, .none), "unknown node")
    try refuse(
      .observed(stranger, ObservedModel(generation: .none, phase: .active, model: digest(1))),
      "unknown node")
    try refuse(
      .desiredSet(
        name("a"),
        DesiredAssignment(generation: Generation(epoch: 1, number: 1), model: digest(50))),
      "FOREIGN KEY")
    try refuse(
      .telemetryStored(stranger, boot: boot, windows: [window(1)], at: at), "FOREIGN KEY")
    try refuse(
      .nodeAccepted(NodeRecord(id: stranger, publicKey: "a", acceptedAt: at)), "UNIQUE")
    try store.commit([.requestAnswered(id: "r", response: .done("x"), at: at)])
    try refuse(.requestAnswered(id: "r", response: .done("y"), at: at), "UNIQUE")
  }
}
