import Federation
import FleetCore
import FleetProtocol
import FleetStore
import Foundation
import Testing

/// What the database holds of a private job, and what it refuses whatever the code above it does.
@Suite struct PrivacyStoreTests {
  private let store: FleetStore
  private let folder: TemporaryFolder
  private let job = name("job")
  private let key = RoundKey(job: name("job"), round: 1, attempt: 1)
  private let at = Instant(microseconds: 5)
  private let secret = [UInt8]((1...32).map { 7 * $0 })

  init() throws {
    folder = try TemporaryFolder()
    store = try FleetStore(folder: folder.path)
    _ = try store.start()
    let model = ModelRecord(
      name: name("m"), releaseCounter: 1, digest: digest(1), manifestDigest: digest(1),
      manifest: [1], structureDigest: digest(1), priceDigest: digest(1), size: 1, chips: [],
      addedAt: at)
    let specification = JobSpecification(
      name: "job", model: model.digest.hex, rounds: 2, samplesPerRound: 3, nodes: ["a"],
      minimumReports: 1, deadlineMilliseconds: 4, attemptsMax: 2, maxRegression: 2, seed: 5,
      cohort: CohortTerms(rule: .chance(perMillion: 1_000_000)),
      privacy: PrivacyTerms(noiseMilli: 1_100, clip: 9, delta: 1e-5, epsilonMax: 8))
    var record = JobRecord(
      id: job, specification: specification, current: model.digest, createdAt: at)
    record.secret = JobSecret(secret)
    try store.commit([
      .nodeAccepted(NodeRecord(id: name("a"), publicKey: "a", acceptedAt: at)),
      .modelAdded(model), .jobCreated(record),
      .roundPlanned(
        RoundRecord(
          key: key, base: digest(1), seed: 1, samples: 2, cohort: [name("a")], plannedAt: at)),
      .roundOpened(key, at: at, deadline: at), .roundSealed(key, hash: digest(7)),
    ])
  }

  private func commit(_ privacy: PrivacyLedgerRow?) -> FleetChange {
    .roundCommitted(
      key,
      RoundResult(
        sealedHash: digest(7), model: digest(8), accuracy: nil, accepted: false,
        committedAt: at, privacy: privacy), model: nil)
  }

  private let row = PrivacyLedgerRow(
    round: 1, samplingPerMillion: 1_000_000, noiseMilli: 1_100, clip: 9, epsilon: 0.1 + 0.2,
    delta: 1e-5)

  @Test func `secret and account come back as they were written`() throws {
    try store.commit([commit(row)])
    let state = try store.load()
    #expect(state.jobs[job]?.secret == JobSecret(secret))
    #expect(state.jobs[job]?.specification.privacy?.noiseMilli == 1_100)
    #expect(state.privacyLedger(of: job) == [row])
  }

  @Test func `a private round is committed only with what it has spent`() throws {
    let before = try store.load()
    let error = #expect(throws: StoreError.self) { try store.commit([commit(nil)]) }
    #expect(error.map { "\($0)".contains("with what it has spent") } == true)
    #expect(try store.load() == before)
  }

  @Test func `no backup holds a job's secret`() async throws {
    let blobs = try BlobStore(folder: folder.path)
    try store.commit([.modelRemoved(digest(1), at: at)])
    let backup = try FleetBackup(of: store, blobs, madeBy: "1", at: at)
    var bytes: [UInt8] = []
    try await backup.read { bytes += $0 }
    let archive = Data(bytes)
    #expect(archive.range(of: Data("noiseMilli".utf8)) != nil, "the job is in it")
    #expect(archive.range(of: Data(secret)) == nil)
    let live = try Data(contentsOf: URL(filePath: folder.path + "/fleet.sqlite"))
    let log = try Data(contentsOf: URL(filePath: folder.path + "/fleet.sqlite-wal"))
    #expect((live + log).range(of: Data(secret)) != nil, "the database itself holds it")
  }
}
