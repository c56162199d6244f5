import FleetCore
import FleetProtocol
import FleetStore
import GRDB
import Testing

@Suite struct DamagedRowTests {
  private static let fleetDamage: [(sql: String, table: String, column: String)] = [
    ("UPDATE node SET id = 'Not A Name'", "node", "id"),
    ("UPDATE node SET public_key = x'FF'", "node", "public_key"),
    ("UPDATE node SET observed_epoch = 1", "node", "observed_phase"),
    ("UPDATE boot_progress SET boot = x'' WHERE 0; UPDATE node SET chip = x'C0'", "node", "chip"),
    ("UPDATE model SET digest = x'01'", "model", "digest"),
    ("UPDATE model SET chips = '{'", "model", "chips"),
    ("UPDATE job SET specification = '[]'", "job", "specification"),
    ("UPDATE job SET state = 'paused'", "job", "state"),
    ("UPDATE round SET samples = -1", "round", "samples"),
    ("UPDATE round SET state = 'sealed'", "round", "sealed_hash"),
    ("UPDATE participant SET state = 'reported'", "participant", "state"),
    ("UPDATE round_update SET counts = x'0102'", "round_update", "counts"),
    ("INSERT INTO request VALUES (x'00', 'nonsense', 0)", "request", "response"),
    ("DELETE FROM coordinator", "coordinator", "id"),
  ]

  private let at = Instant(microseconds: 1)

  private func fill(_ store: FleetStore) throws {
    _ = try store.start()
    let model = ModelRecord(
      name: name("m"), releaseCounter: 1, digest: digest(1), manifestDigest: digest(1),
      manifest: [], structureDigest: digest(1), priceDigest: digest(1), size: 1, chips: [],
      addedAt: at)
    let specification = JobSpecification(
      name: "job", model: digest(1).hex, rounds: 1, samplesPerRound: 1, nodes: ["a"],
      minimumReports: 1, deadlineMilliseconds: 1, attemptsMax: 1, maxRegression: 1, seed: 1)
    let keys = (1...2).map { RoundKey(job: name("job"), round: $0, attempt: 1) }
    try store.commit(
      [
        .nodeAccepted(NodeRecord(id: name("a"), publicKey: "k", acceptedAt: at)),
        .modelAdded(model),
        .jobCreated(
          JobRecord(
            id: name("job"), specification: specification, current: digest(1), createdAt: at)),
      ]
        + keys.flatMap { key -> [FleetChange] in
          [
            .roundPlanned(
              RoundRecord(
                key: key, base: digest(1), seed: 1, samples: 1, cohort: [name("a")],
                plannedAt: at)),
            .roundOpened(key, at: at, deadline: at),
          ]
        } + [
          .updateAccepted(
            keys[0], name("a"),
            UpdateRecord(
              digest: digest(2), size: 1, samples: 1, correct: 1, counts: [1],
              trainingMilliseconds: 1, acceptedAt: at)),
          .telemetryStored(name("a"), boot: boot, windows: [window(1)], at: at),
        ])
  }

  /// Writes past every rule of the schema, as a failing disk would.
  private func damage(_ path: String, _ sql: String) throws {
    var configuration = Configuration()
    configuration.foreignKeysEnabled = false
    try DatabaseQueue(path: path, configuration: configuration).writeWithoutTransaction { db in
      try db.execute(sql: "PRAGMA ignore_check_constraints = 1")
      let triggers = try String.fetchAll(
        db, sql: "SELECT name FROM sqlite_schema WHERE type = 'trigger'")
      for trigger in triggers { try db.execute(sql: "DROP TRIGGER \(trigger)") }
      try db.execute(sql: sql)
    }
  }

  @Test(arguments: fleetDamage.indices)
  func `a damaged row of the fleet is reported with its table and column`(index: Int) throws {
    let (sql, table, column) = Self.fleetDamage[index]
    let folder = try TemporaryFolder()
    var store = try FleetStore(folder: folder.path)
    try fill(store)
    _ = consume store
    let path = folder.path + "/fleet.sqlite"
    try damage(path, sql)
    store = try FleetStore(folder: folder.path)
    let error = StoreError.damaged(path: path, table: table, column: column)
    #expect(throws: error, "\(sql)") { try store.load() }
    #expect(throws: error, "\(sql)") { try store.start() }
    #expect(error.description.contains("table \(table), column \(column)"))
  }

  @Test func `a damaged window or sum is reported by its query`() throws {
    let folder = try TemporaryFolder()
    var store = try FleetStore(folder: folder.path)
    try fill(store)
    _ = consume store
    let path = folder.path + "/fleet.sqlite"
    try damage(
      path, "UPDATE telemetry_block SET block = x'FF'; UPDATE total SET counters = x'01020304'")
    store = try FleetStore(folder: folder.path)
    #expect(throws: StoreError.damaged(path: path, table: "telemetry_block", column: "block")) {
      try store.telemetry(node: name("a"), limit: 1)
    }
    #expect(throws: StoreError.damaged(path: path, table: "total", column: "counters")) {
      try store.totals()
    }
    #expect(try store.load().nodes.count == 1)
  }

  @Test(arguments: [
    ["UPDATE model_slot SET model = x'00'", "model_slot", "model"],
    ["UPDATE observed SET observed_phase = 'dancing'", "observed", "observed_phase"],
    ["UPDATE training SET job = ''", "training", "job"],
    ["UPDATE training SET digest = x'00'", "training", "digest"],
    ["UPDATE release_floor SET name = '-'", "release_floor", "name"],
    ["DELETE FROM agent", "agent", "id"],
  ])
  func `a damaged row of an agent is reported with its table and column`(
    case damaged: [String]
  ) throws {
    let folder = try TemporaryFolder()
    var store = try AgentStore(folder: folder.path)
    let model = AcceptedModel(
      generation: .none, name: name("m"), releaseCounter: 1, model: digest(1), manifest: [],
      baseManifest: [])
    try store.commit([
      .desiredAccepted(model), .activated(model),
      .observed(ObservedModel(generation: .none, phase: .active, model: digest(1))),
      .offerAccepted(
        TrainingRecord(
          key: RoundKey(job: name("j"), round: 1, attempt: 1), base: digest(1), manifest: [],
          baseManifest: [], samples: 1, seed: 1)),
    ])
    _ = consume store
    let path = folder.path + "/agent.sqlite"
    try damage(path, damaged[0])
    store = try AgentStore(folder: folder.path)
    #expect(
      throws: StoreError.damaged(path: path, table: damaged[1], column: damaged[2])
    ) { try store.load() }
  }
}
