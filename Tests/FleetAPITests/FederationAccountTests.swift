import CompiledModel
import FleetAPI
import FleetCore
import FleetProtocol
import Testing

/// What rounds cost, from rows alone.
@Suite struct FederationAccountTests {
  private let at = Instant(microseconds: 1_000_000)
  private let prices = PriceTable(
    name: "plain",
    prices: [
      .synapticOperation: Price(picojoules: 1e6, source: "", grade: .simulated),
      .weightWrite: Price(picojoules: 3e6, source: "", grade: .estimated),
    ])
  private let radio = RadioPrice(
    sentNanojoules: 2, receivedNanojoules: 1, source: "told", grade: .assumed)

  private func digest(_ byte: UInt8) throws -> ContentDigest {
    try #require(ContentDigest([UInt8](repeating: byte, count: 32)))
  }

  private func name(_ text: String) throws -> Identifier { try #require(Identifier(text)) }

  private func model(_ byte: UInt8, published: UInt8? = nil) throws -> ModelRecord {
    ModelRecord(
      name: try name("digits"), releaseCounter: 1, digest: try digest(byte),
      manifestDigest: try digest(100 + byte), manifest: [], structureDigest: try digest(200),
      priceDigest: try digest(201), size: 1_000, chips: ["chip"], addedAt: at,
      published: try published.map { try digest($0) })
  }

  /// One write to five operations, so that both purposes are told apart.
  private func update(_ operations: UInt64, size: UInt64 = 100) throws -> ParticipantState {
    var counts = [UInt64](repeating: 0, count: EventKind.allCases.count)
    counts[EventKind.synapticOperation.rawValue] = operations
    counts[EventKind.weightWrite.rawValue] = operations / 5
    return .reported(
      UpdateRecord(
        digest: try digest(50), size: size, samples: 10, correct: 7, counts: counts,
        trainingMilliseconds: 1_500, acceptedAt: at))
  }

  private func round(
    _ number: UInt32, _ attempt: UInt32 = 1, base: UInt8,
    _ parts: [(node: String, state: ParticipantState)], _ state: RoundState
  ) throws -> RoundRecord {
    var round = RoundRecord(
      key: RoundKey(job: try name("job"), round: number, attempt: attempt),
      base: try digest(base), seed: 1, samples: 10, cohort: try parts.map { try name($0.node) },
      plannedAt: at)
    for (index, part) in parts.enumerated() { round.participants[index].state = part.state }
    round.openedAt = at
    round.state = state
    return round
  }

  private func result(
    _ model: UInt8, _ accuracy: Double, accepted: Bool = true, leftOut: [String] = []
  ) throws -> RoundState {
    .committed(
      RoundResult(
        sealedHash: try digest(60), model: try digest(model), accuracy: accuracy,
        accepted: accepted, committedAt: at.advanced(milliseconds: 2_500),
        leftOut: try leftOut.map { try name($0) }))
  }

  private func job() throws -> JobRecord {
    JobRecord(
      id: try name("job"),
      specification: JobSpecification(
        name: "job", model: try digest(1).hex, rounds: 3, samplesPerRound: 10,
        nodes: ["a", "b"], minimumReports: 1, deadlineMilliseconds: 1, attemptsMax: 2,
        maxRegression: 2, seed: 1),
      current: try digest(2), createdAt: at)
  }

  /// Two attempts of round 1, of which the first failed; round 2 was not taken.
  private func account(knowsPrices: Bool = true) throws -> FederationAccount {
    var state = FleetState()
    let rounds = [
      try round(
        1, base: 1, [("a", try update(5)), ("b", .late)],
        .failed(code: "quorum", detail: "1 of 2")),
      try round(
        1, 2, base: 1, [("a", try update(10)), ("b", try update(20))],
        try result(2, 80, leftOut: ["b"])),
      try round(
        2, base: 2, [("a", .refused(code: "norm")), ("b", try update(5))],
        try result(3, 60, accepted: false)),
    ]
    for round in rounds { state.rounds[round.key] = round }
    let models = [try model(1), try model(2, published: 1)]
    for model in models { state.models[model.digest] = model }
    return FederationAccount(
      state: state, models: state.models, radio: radio,
      table: { [prices] _ in knowsPrices ? prices : nil })
  }

  private func near(_ left: Double?, _ right: Double) -> Bool {
    left.map { abs($0 - right) < 1e-12 } ?? false
  }

  @Test func `energy of accepted updates is split into inference, learning and radio`() throws {
    let report = try account().report(try job(), ended: at.advanced(milliseconds: 9_000))
    let second = report.rounds[1]
    #expect(near(second.cost.inferenceJoules, 30e-6))
    #expect(near(second.cost.learningJoules, 6 * 3e-6))
    #expect(second.cost.chipGrade == .estimated && second.cost.radioGrade == .assumed)
    #expect(second.cost.sentBytes == 200 && second.cost.receivedBytes == 2_000)
    #expect(near(second.cost.radioJoules, (200 * 2 + 2_000) * 1e-9))
    #expect(second.cost.grade == .assumed)
    #expect(near(second.cost.joules, 30e-6 + 18e-6 + 2.4e-6))
    #expect(report.priceTables == ["plain"] && report.radio == radio)
    #expect(report.endedMicroseconds == 10_000_000)
  }

  @Test func `each attempt says what became of it, and who took part how`() throws {
    let report = try account().report(try job(), ended: nil)
    #expect(report.rounds.map(\.name) == ["1", "1.2", "2"])
    #expect(report.rounds.map(\.state) == ["failed", "committed", "committed"])
    #expect(report.rounds[0].reason == "quorum: 1 of 2" && report.rounds[0].seconds == nil)
    #expect(report.rounds[1].reason.isEmpty && report.rounds[1].seconds == 2.5)
    #expect(report.rounds[1].leftOut == ["b"])
    #expect(report.rounds[2].accepted == false && report.rounds[2].reason.contains("not taken"))
    #expect(report.rounds[2].nodes[0].code == "norm")
    #expect(report.rounds[1].nodes[0].trainingSeconds == 1.5)
  }

  @Test func `rounds and nodes add up to the job`() throws {
    let report = try account().report(try job(), ended: nil)
    #expect(report.nodes.map(\.node) == ["a", "b"])
    let (first, last) = (report.nodes[0], report.nodes[1])
    #expect((first.asked, first.reported, first.refused, first.late) == (3, 2, 1, 0))
    #expect((last.asked, last.reported, last.leftOut, last.late) == (3, 2, 1, 1))
    #expect(near(first.accuracy, 70))
    let all = report.cost
    let joules = try #require(all.joules)
    #expect(near(first.cost.adding(last.cost).joules, joules))
    #expect(all.sentBytes == 400 && all.samples == 40)
    #expect(all.receivedBytes == 4_000)
    let points = report.accuracyByJoules
    #expect(points.map(\.accuracy) == [80] && points.map(\.round) == ["1.2"])
    let spent = try report.rounds.prefix(2).map { try #require($0.cost.joules) }
    #expect(near(points[0].joules, spent[0] + spent[1]))
  }

  @Test func `without a price table nothing is claimed of the chip`() throws {
    let report = try account(knowsPrices: false).report(try job(), ended: nil)
    #expect(report.cost.joules == nil && report.cost.inferenceJoules == nil)
    #expect(report.cost.chipGrade == nil && report.cost.radioJoules > 0)
    #expect(report.priceTables.isEmpty && report.accuracyByJoules.isEmpty)
  }

  @Test func `a successor says which round made it, and what all rounds before cost`() throws {
    let account = try account()
    let detail = try #require(account.detail(of: try digest(2)))
    let lineage = try #require(detail.lineage)
    #expect(lineage.job == "job" && lineage.round.name == "1.2" && lineage.roundsBack == 1)
    let published = try digest(1).hex
    #expect(lineage.base == published && lineage.published == published)
    #expect(lineage.round.nodes.map { $0.cost?.samples } == [10, 10])
    #expect(lineage.round.leftOut == ["b"] && lineage.line == ["job/1.2"])
    #expect(lineage.costBack.receivedBytes == 2_000)
    #expect(detail.priceTable == "plain" && detail.isStored)
    let origin = try #require(account.detail(of: try digest(1)))
    #expect(origin.lineage == nil)
    let unknown = account.detail(of: try digest(9))
    #expect(unknown == nil)
  }

  @Test func `a price of a byte is a number that makes sense`() {
    #expect(RadioPrice(statedNanojoules: 0)?.joules(sent: 5, received: 5) == 0)
    #expect(near(RadioPrice(statedNanojoules: 10)?.joules(sent: 2, received: 1), 30e-9))
    for wrong in [-1, .nan, .infinity, RadioPrice.nanojoulesMax * 2] {
      #expect(RadioPrice(statedNanojoules: wrong) == nil)
    }
    #expect(RadioPrice.assumed.grade == .assumed && !RadioPrice.assumed.source.isEmpty)
  }
}
