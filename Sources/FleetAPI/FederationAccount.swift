package import CompiledModel
import Federation
package import FleetCore
package import FleetProtocol

/// Adds up what rounds cost and says where models come from.
///
/// A pure function of what the coordinator has stored.
package struct FederationAccount {
  /// The fleet's state.
  package var state: FleetState
  /// Facts of every model that was ever stored, by digest.
  package var models: [ContentDigest: ModelRecord]
  /// The price table of a digest; nil where no model carries it any more.
  package var table: (ContentDigest) -> PriceTable?
  /// What a byte costs.
  package var radio: RadioPrice

  /// An account of what is stored.
  package init(
    state: FleetState, models: [ContentDigest: ModelRecord], radio: RadioPrice = .assumed,
    table: @escaping (ContentDigest) -> PriceTable?
  ) {
    self.state = state
    self.models = models
    self.radio = radio
    self.table = table
  }

  /// The report of a job, without what its nodes burnt beside; `ended` is when it did.
  package func report(_ job: JobRecord, ended: Instant?) -> JobReport {
    let rounds = rounds(of: job.id)
    let costs = Self.sum(rounds.map(\.cost), radio)
    let tables = Set(
      state.rounds.values.filter { $0.key.job == job.id }
        .compactMap { models[$0.base].flatMap { table($0.priceDigest)?.name } })
    let first = ContentDigest(hex: job.specification.model)
    return JobReport(
      job: job.id.text, state: job.state.rawValue, detail: job.detail,
      strategy: job.specification.strategy.name.rawValue,
      compression: "\(job.specification.compression)", roundsAsked: job.specification.rounds,
      firstModel: job.specification.model,
      modelName: first.flatMap { models[$0]?.name.text } ?? "",
      currentModel: job.current.hex, bestAccuracy: job.bestAccuracy,
      startedMicroseconds: job.createdAt.microseconds, endedMicroseconds: ended?.microseconds,
      priceTables: tables.sorted(), radio: radio, privacy: PrivacyView(job, in: state), cost: costs,
      rounds: rounds,
      nodes: nodes(in: rounds))
  }

  /// Reports of a job's rounds and attempts, in order.
  package func rounds(of job: Identifier) -> [RoundReport] {
    state.rounds.values.filter { $0.key.job == job }.sorted { $0.key < $1.key }.map(round)
  }

  /// The report of one attempt.
  package func round(_ record: RoundRecord) -> RoundReport {
    var report = RoundReport(
      round: record.key.round, attempt: record.key.attempt, state: record.state.name, reason: "",
      base: record.base.hex, openedMicroseconds: record.openedAt?.microseconds,
      cost: .none(radio), nodes: [])
    var leftOut: [Identifier] = []
    switch record.state {
    case .committed(let result):
      (report.model, report.accuracy) = (result.model.hex, result.accuracy)
      (report.accepted, leftOut) = (result.accepted, result.leftOut)
      report.epsilon = result.privacy?.epsilon
      if !result.accepted {
        // Rounds of older versions do not say more.
        report.reason =
          "not taken: " + (result.reason.isEmpty ? "worse than the best" : result.reason)
      }
      report.seconds = record.openedAt.map {
        Double(result.committedAt.milliseconds(since: $0)) / 1_000
      }
    case .failed(let code, let detail): report.reason = "\(code): \(detail)"
    case .cancelled: report.reason = "the job was cancelled"
    case .planned, .open, .sealed: break
    }
    for participant in record.participants {
      var node = self.node(participant, base: record.base)
      node.isLeftOut = leftOut.contains(participant.node)
      report.nodes.append(node)
    }
    report.cost = Self.sum(report.nodes.compactMap(\.cost), radio)
    return report
  }

  private func node(_ participant: Participant, base: ContentDigest) -> CohortReport {
    var report = CohortReport(
      node: participant.node.text, state: participant.state.name, code: "", isLeftOut: false)
    switch participant.state {
    case .refused(let code): report.code = code
    case .pending, .late: break
    case .reported(let update):
      report.cost = cost(of: update, base: base)
      report.trainingSeconds = Double(update.trainingMilliseconds) / 1_000
      if update.samples > 0 {
        report.accuracy = 100 * Double(update.correct) / Double(update.samples)
      }
    }
    return report
  }

  private func cost(of update: UpdateRecord, base: ContentDigest) -> UpdateCost {
    let model = models[base]
    var cost = UpdateCost.none(radio)
    cost.sentBytes = update.size
    cost.receivedBytes = model?.size ?? 0
    cost.radioJoules = radio.joules(sent: cost.sentBytes, received: cost.receivedBytes)
    cost.samples = UInt64(update.samples)
    (cost.inferenceJoules, cost.learningJoules) = (nil, nil)
    guard let table = model.flatMap({ table($0.priceDigest) }) else { return cost }
    do throws(PricingError) {
      cost.inferenceJoules = try table.joules(of: update.counts, for: .inference)
      cost.learningJoules = try table.joules(of: update.counts, for: .learning)
      cost.chipGrade = table.weakestGrade
    } catch {
      // An event without a price makes the whole unknown, as everywhere.
      (cost.inferenceJoules, cost.learningJoules) = (nil, nil)
    }
    return cost
  }

  private func nodes(in rounds: [RoundReport]) -> [NodeReport] {
    var parts: [String: [CohortReport]] = [:]
    for round in rounds {
      for node in round.nodes { parts[node.node, default: []].append(node) }
    }
    return parts.sorted { $0.key < $1.key }.map { name, parts in
      let cost = Self.sum(parts.compactMap(\.cost), radio)
      let right = parts.reduce(0.0) { sum, part in
        sum + (part.accuracy ?? 0) * Double(part.cost?.samples ?? 0)
      }
      func count(_ state: String) -> Int { parts.count { $0.state == state } }
      return NodeReport(
        node: name, asked: parts.count, reported: count("reported"), late: count("late"),
        refused: count("refused"), leftOut: parts.count { $0.isLeftOut },
        accuracy: cost.samples > 0 ? right / Double(cost.samples) : nil, cost: cost)
    }
  }

  /// Costs one after the other, in their order.
  static func sum(_ costs: [UpdateCost], _ radio: RadioPrice) -> UpdateCost {
    costs.reduce(.none(radio)) { $0.adding($1) }
  }
}
