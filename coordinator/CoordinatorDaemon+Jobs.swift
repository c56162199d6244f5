import Accelerator
import CompiledModel
import Federation
import FleetAPI
import FleetCore
import FleetProtocol
import FleetStore
import Workbench

/// Federated jobs, as the admin endpoint serves them.
extension CoordinatorService {
  func jobs() async throws -> [JobView] { views.jobs() }

  func startJob(
    _ specification: JobSpecification, requestID: String
  ) async throws -> CommandView {
    let specification = try resolved(specification)
    _ = try mergePlan(of: specification)
    return try command(
      .startJob(specification, secret: specification.drawsInSecret ? .random() : nil), requestID)
  }

  func orderJob(
    _ request: JobRequest, name: String, requestID: String
  ) async throws -> CommandView {
    switch request.verb {
    case .pause: try command(.pauseJob(name), requestID)
    case .resume: try command(.resumeJob(name), requestID)
    }
  }

  func cancelJob(_ name: String, requestID: String) async throws -> CommandView {
    try command(.cancelJob(name), requestID)
  }

  private func resolved(
    _ specification: JobSpecification
  ) throws(ServiceError) -> JobSpecification {
    var specification = specification
    specification.model = try model(named: specification.model).digest.hex
    return specification
  }

  /// How rounds merge each layer; throws where parts of the job do not fit its model.
  private func mergePlan(
    of job: JobSpecification
  ) throws -> (model: CompiledModel, plan: MergePlan) {
    guard let digest = ContentDigest(hex: job.model) else {
      preconditionFailure("the model of a resolved job is a digest")
    }
    let model = try CompiledModel(reading: try daemon.blobs.read(digest))
    do throws(JobCheck.Refusal) {
      return (model, try JobCheck.plan(job, of: model))
    } catch {
      throw ServiceError(status: 409, code: error.code, detail: error.detail)
    }
  }

  func planJob(_ specification: JobSpecification) async throws -> JobPlanView {
    let specification = try resolved(specification)
    let plan: JobPlan
    do throws(CommandRefusal) {
      plan = try daemon.snapshot().plan(specification, at: WallClock.now())
    } catch {
      throw ServiceError(status: 409, code: error.code, detail: error.detail)
    }
    let (model, merge) = try mergePlan(of: specification)
    let tried = daemon.work.tryJob(specification, of: model, plan.model.digest)
    var view = JobPlanView(
      specification: specification, asked: plan.asked, downBytes: plan.model.size,
      upBytes: tried?.updateBytes
        ?? JobForecast.updateBytes(
          of: model, plan.model.digest, specification.compression,
          localLayers: specification.localLayers),
      priceTable: model.prices.name, grade: model.prices.weakestGrade.rawValue,
      nodes: plan.nodes.map { node in
        JobPlanView.Node(
          node: node.node.text, hindrance: node.hindrance,
          secondsPerRound: node.millisecondsPerSample.map {
            $0 * Double(specification.samplesPerRound) / 1_000
          })
      })
    view.privacy = PrivacyView(forecastOf: specification)
    view.merge = merge.layers.map {
      JobPlanView.Layer(layer: $0.name, rule: $0.rule.rawValue)
    }
    if let tried {
      view.samplesTried = tried.samples
      view.joules = views.total(tried.counts, model.prices).map {
        $0 / Double(tried.samples) * Double(specification.samplesPerRound)
      }
    }
    return view
  }

  func explain(job name: String, round: Int64, attempt: Int64) async throws -> RoundExplanation {
    let core = daemon.snapshot()
    guard let id = Identifier(name), let job = core.state.jobs[id] else {
      throw ServiceError(
        status: 404, code: "unknown-job",
        detail: "no job is called `\(name.prefix(80))`; `spikefleet federate status` lists them")
    }
    let keys = core.state.rounds.keys.filter { key in
      key.job == id && (round == 0 || Int64(key.round) == round)
        && (attempt == 0 || Int64(key.attempt) == attempt)
    }
    guard let key = keys.max(), let record = core.state.rounds[key] else {
      let wanted =
        round == 0 ? "a round" : "round \(round)" + (attempt == 0 ? "" : ".\(attempt)")
      let waits = core.waits[id].map { "; \($0)" } ?? ""
      throw ServiceError(
        status: 404, code: "unknown-round",
        detail: "job `\(id)` has not begun \(wanted)\(waits); "
          + "`spikefleet federate status \(id)` lists its rounds")
    }
    var query = JournalQuery(limit: 1_000)
    (query.subject, query.newest) = (key.description, true)
    return views.explanation(
      of: record, in: job, notes: try daemon.store.notes(of: key),
      events: try daemon.store.journal(query).map { EventView($0) })
  }
}

extension JobSecret {
  /// A fresh one, from the system's cryptographic generator.
  fileprivate static func random() -> JobSecret {
    var generator = SystemRandomNumberGenerator()
    let bytes = (0..<byteCount).map { _ in UInt8.random(in: 0...255, using: &generator) }
    guard let secret = JobSecret(bytes) else { preconditionFailure("\(byteCount) bytes") }
    return secret
  }
}

extension FleetViews {
  /// running and paused are two states to who reads.
  func state(of job: JobRecord) -> String {
    job.state == .running && job.pausedAt != nil ? "paused" : job.state.rawValue
  }

  func explanation(
    of round: RoundRecord, in job: JobRecord, notes: [CohortNote], events: [EventView]
  ) -> RoundExplanation {
    let terms = job.specification.cohort
    var view = RoundExplanation(
      job: job.id.text, jobState: state(of: job), round: self.round(round), base: round.base.hex,
      seed: round.seed,
      rule: terms.target == nil && terms.rule == .uniform ? "all" : terms.rule.description,
      minimumReports: job.specification.minimumReports,
      plannedMicroseconds: round.plannedAt.microseconds, notes: notes, events: events)
    view.waits = core.waits[job.id]
    view.targetReports = terms.target
    view.openedMicroseconds = round.openedAt?.microseconds
    guard case .open(let deadline) = round.state else { return view }
    view.deadlineMicroseconds = deadline.microseconds
    view.awaited = round.awaited.map { node in
      let progress = core.progress(of: node, in: round.key)
      return RoundExplanation.Awaited(
        node: node.text, liveness: core.sessions[node]?.liveness.rawValue ?? "never",
        receivedBytes: progress?.received, updateBytes: progress?.of)
    }
    return view
  }
}
