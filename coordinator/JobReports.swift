import CompiledModel
import FleetAPI
import FleetCore
import FleetProtocol
import FleetStore

/// What jobs cost and where models come from, out of a snapshot and what the store holds.
struct JobReports {
  let views: FleetViews
  let store: FleetStore
  var radio = RadioPrice.assumed

  private var state: FleetState { views.core.state }

  /// Milliseconds after a job's end in which nodes may still tell of its last training.
  private static let lastWindowMilliseconds: Int64 = 60_000

  private func account() throws(StoreError) -> FederationAccount {
    FederationAccount(
      state: state, models: try store.everyModel(), radio: radio, table: views.table)
  }

  /// Reports of all jobs in name order, without nodes.
  func all() throws(StoreError) -> [JobReport] {
    let account = try account()
    var reports: [JobReport] = []
    for job in state.jobs.values.sorted(by: { $0.id < $1.id }) {
      var report = account.report(job, ended: try end(of: job))
      for index in report.rounds.indices { report.rounds[index].nodes = [] }
      report.nodes = []
      reports.append(report)
    }
    return reports
  }

  /// What a job cost and became; throws where there is none.
  func report(_ name: String) throws -> JobReport {
    guard let id = Identifier(name), let job = state.jobs[id] else {
      throw ServiceError(
        status: 404, code: "job-unknown",
        detail: "no job is called `\(name.prefix(80))`; `spikefleet federate status` lists them")
    }
    let ended = try end(of: job)
    var report = try account().report(job, ended: ended)
    let last = ended?.advanced(milliseconds: Self.lastWindowMilliseconds) ?? views.now
    let energies = try energies(
      of: report.nodes.compactMap { Identifier($0.node) }, since: job.createdAt,
      until: max(min(last, views.now), job.createdAt.advanced(milliseconds: 1)))
    for index in report.nodes.indices {
      report.nodes[index].energy = energies[report.nodes[index].node]
    }
    return report
  }

  /// When a job ended, as the journal has it; nil while it runs.
  private func end(of job: JobRecord) throws(StoreError) -> Instant? {
    guard job.state != .running else { return nil }
    var query = JournalQuery(limit: 1)
    query.part = .events
    query.subject = job.id.text
    query.kind = "job.\(job.state.rawValue)"
    query.newest = true
    guard case .happened(let event)? = try store.journal(query).first?.entry else { return nil }
    return event.at
  }

  /// All that nodes burnt in a span of time, by name; none where that is too much to add up.
  private func energies(
    of nodes: [Identifier], since: Instant, until: Instant
  ) throws -> [String: BurntEnergy] {
    let query = TelemetryQuery(
      since: since, until: until, groupBy: [.node],
      metrics: [.inferenceJoules, .learningJoules, .sentBytes, .receivedBytes], isSummed: true)
    var table = TelemetryTable(views: views, store: store, query: query)
    table.nodes = Set(nodes)
    let rows: [TelemetryAnswer.Row]
    do {
      rows = try table.answer().rows
    } catch let error as ServiceError where error.status == 413 {
      // A report without this figure is better than none.
      return [:]
    }
    var energies: [String: BurntEnergy] = [:]
    for row in rows {
      guard let node = row.group.first, row.values.count == 4 else { continue }
      let (sent, received) = (bytes(row.values[2]), bytes(row.values[3]))
      energies[node] = BurntEnergy(
        servingJoules: row.values[0], learningJoules: row.values[1], sentBytes: sent,
        receivedBytes: received, radioJoules: radio.joules(sent: sent, received: received),
        priceTables: row.priceTables, windows: row.windows, flagged: row.flagged)
    }
    return energies
  }

  private func bytes(_ value: Double?) -> UInt64 {
    value.flatMap { UInt64(exactly: $0.rounded()) } ?? 0
  }

  /// Everything that is known of a model, removed ones too.
  func detail(of digest: ContentDigest) throws -> ModelDetail {
    guard let detail = try account().detail(of: digest) else {
      throw ServiceError(
        status: 404, code: "model-unknown",
        detail: "no model has the digest \(digest.short); `spikefleet model list` shows them")
    }
    return detail
  }
}
