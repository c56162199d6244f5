import CompiledModel
import Federation
import FleetAPI
import FleetCore
import FleetProtocol
import FleetStore
import Workbench
import ZeroMQTransport

/// The fleet as the admin endpoint shows it: pure functions of a snapshot and stored rows.
struct FleetViews {
  let core: CoordinatorCore
  let prices: PriceTables
  let now: Instant

  private var state: FleetState { core.state }

  func nodes() -> [NodeView] {
    state.nodes.keys.sorted().compactMap { id in
      guard let record = state.nodes[id] else { return nil }
      let session = core.sessions[id]
      var view = NodeView(
        name: id.text, publicKey: record.publicKey,
        fingerprint: CurvePublicKey(z85: record.publicKey)?.fingerprint.text ?? "",
        liveness: session?.liveness.rawValue ?? "never",
        silentMilliseconds: session.map { now.milliseconds(since: $0.lastHeard) },
        chip: record.chip, desiredModel: record.desired?.model.hex,
        desiredGeneration: record.desired.map { "\($0.generation)" },
        observedGeneration: record.observed.map { "\($0.generation)" },
        observedModel: record.observed?.model.hex, phase: record.observed?.phase.rawValue,
        code: record.observed?.code ?? "", detail: record.observed?.detail ?? "",
        alarm: record.alarm,
        rootVersion: session.flatMap { $0.rootVersion > 0 ? $0.rootVersion : nil })
      let terms = record.terms
      view.duty = duty(record)
      view.labels = terms.labels
      view.quarantine = terms.quarantine?.reason
      view.agentVersion = terms.agentVersion
      view.isOutdated = !terms.agentVersion.isEmpty && terms.agentVersion != Version.text
      view.isRotating = terms.isRotating
      view.duplicateMicroseconds = core.duplicateSeen(id)?.microseconds
      return view
    }
  }

  /// What an operator reads: revoked, open, quarantined, cordoned, draining, or drained.
  private func duty(_ record: NodeRecord) -> String {
    if record.terms.revokedAt != nil { return "revoked" }
    if record.terms.duty == .open, record.terms.quarantine != nil { return "quarantined" }
    guard record.terms.duty == .draining else { return record.terms.duty.rawValue }
    return core.awaitedRounds(of: record.id).isEmpty ? "drained" : "draining"
  }

  func models() -> [ModelView] {
    let newestFirst = state.models.values.sorted {
      ($1.addedAt, $1.digest) < ($0.addedAt, $0.digest)
    }
    return newestFirst.map { model in
      let active = state.nodes.values.filter {
        $0.observed?.phase == .active && $0.observed?.model == model.digest
      }
      return ModelView(
        name: model.name.text, releaseCounter: model.releaseCounter, digest: model.digest.hex,
        size: model.size, chips: model.chips, published: model.published?.hex,
        addedMicroseconds: model.addedAt.microseconds, activeOn: active.map(\.id.text).sorted())
    }
  }

  func jobs() -> [JobView] {
    state.jobs.keys.sorted().compactMap { id in
      guard let job = state.jobs[id] else { return nil }
      let rounds = state.rounds.keys.filter { $0.job == id }.sorted()
      var view = JobView(
        specification: job.specification, state: self.state(of: job), detail: job.detail,
        currentModel: job.current.hex, bestAccuracy: job.bestAccuracy,
        rounds: rounds.compactMap { state.rounds[$0] }.map(round))
      view.waits = core.waits[id]
      view.privacy = PrivacyView(job, in: state)
      return view
    }
  }

  func round(_ record: RoundRecord) -> RoundView {
    var view = RoundView(
      round: record.key.round, attempt: record.key.attempt, state: record.state.name,
      detail: "", updateBytes: 0, participants: record.participants.map(participant))
    let updates = record.reported.map(\.update)
    view.updateBytes = updates.reduce(0) { $0 + $1.size }
    view.joules = joules(of: updates, base: record.base)
    switch record.state {
    case .committed(let result):
      view.accuracy = result.accuracy
      view.accepted = result.accepted
      view.detail = result.reason
      view.epsilon = result.privacy?.epsilon
      view.model = result.model.hex
      let leftOut = Set(result.leftOut.map(\.text))
      for index in view.participants.indices {
        view.participants[index].isLeftOut = leftOut.contains(view.participants[index].node)
      }
      view.seconds = record.openedAt.map {
        Double(result.committedAt.milliseconds(since: $0)) / 1_000
      }
    case .failed(let code, let detail): view.detail = "\(code): \(detail)"
    case .planned, .open, .sealed, .cancelled: break
    }
    return view
  }

  private func participant(_ participant: Participant) -> ParticipantView {
    var view = ParticipantView(
      node: participant.node.text, state: participant.state.name, code: "", samples: 0)
    switch participant.state {
    case .reported(let update):
      view.samples = update.samples
      if update.samples > 0 {
        view.accuracy = 100 * Double(update.correct) / Double(update.samples)
      }
    case .refused(let code): view.code = code
    case .pending, .late: break
    }
    return view
  }

  private func joules(of updates: [UpdateRecord], base: ContentDigest) -> Double? {
    guard let digest = state.models[base]?.priceDigest, let table = table(digest) else {
      return nil
    }
    return updates.reduce(0.0 as Double?) { sum, update in
      guard let sum, let joules = total(update.counts, table) else { return nil }
      return sum + joules
    }
  }

  /// The price table of a digest, as a held model carries it.
  func table(_ digest: ContentDigest) -> PriceTable? {
    prices.table(digest, among: state.models.values)
  }

  /// Joules of these counts; nil when an event of them has no price.
  func total(_ counts: [UInt64], _ table: PriceTable) -> Double? {
    do {
      return try table.totalJoules(of: counts)
    } catch {
      return nil
    }
  }

  func energy(_ totals: [NodeTotals]) -> [EnergyView] {
    totals.compactMap { total in
      guard let price = total.price, let table = table(price) else { return nil }
      let counters = total.counters
      return EnergyView(
        node: total.node.text, priceTable: table.name, priceDigest: price.hex,
        grade: table.weakestGrade.rawValue,
        inferenceJoules: components(counters.inferenceCounts, table),
        learningJoules: components(counters.learningCounts, table),
        inferences: counters.inferences, learningSamples: counters.learningSamples,
        sentBytes: counters.sentBytes, receivedBytes: counters.receivedBytes)
    }
  }

  private func components(_ counts: [UInt64], _ table: PriceTable) -> [String: Double] {
    do {
      var named: [String: Double] = [:]
      for (component, joules) in try table.joules(of: counts) {
        named[component.rawValue] = joules
      }
      return named
    } catch {
      return [:]
    }
  }

  func telemetry(_ stored: StoredWindow) -> TelemetryView {
    let window = stored.window
    let table = ContentDigest(window.priceDigest).flatMap(table)
    let joules = table.flatMap { table in
      total(window.inferenceCounts, table).flatMap { first in
        total(window.learningCounts, table).map { first + $0 }
      }
    }
    return TelemetryView(
      node: stored.node.text, boot: Hex.text(stored.boot.prefix(6)), sequence: window.sequence,
      atMicroseconds: window.atUs, model: Hex.text(window.modelDigest),
      inferences: window.inferences, labelled: window.labelled, correct: window.correct,
      learningSamples: window.learningSamples, joules: joules,
      learningState: window.learningState, residentKibibytes: window.residentKibibytes,
      flags: stored.flags.words)
  }
}
