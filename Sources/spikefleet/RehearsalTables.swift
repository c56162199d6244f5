import FleetCore
import FleetSimulation
import RolloutGates
import Workbench

/// One rehearsal in words.
enum RehearsalText {
  static func write(_ report: RehearsalReport, of name: String, _ models: RehearsedModels) {
    Console.write(RehearsedFigures(models).text)
    for event in report.events { Console.line(event) }
    for decision in report.decisions {
      Console.line()
      Console.line("\(after(decision, report)) \(RolloutTables.words(decision))")
      if let assessment = decision.assessment {
        Console.write(RolloutTables.gates(assessment).text)
      }
    }
    Console.line()
    let reason = report.reason.isEmpty ? "" : ": \(report.reason)"
    Console.line(
      "rollout \(name) would be \(report.state.rawValue) after "
        + "\(Figure.duration(milliseconds: report.milliseconds))\(reason)")
    Console.line(
      "\(RolloutTables.steps(report.steps)); \(report.mostServing) nodes at most served the new "
        + "model at a time, \(report.everServing) in all")
  }

  private static func after(_ decision: RolloutDecision, _ report: RehearsalReport) -> String {
    Figure.duration(milliseconds: decision.at.milliseconds(since: report.beganAt)) + ":"
  }
}

/// What the two models of a rehearsal truly do over the whole pool.
struct RehearsedFigures: Encodable {
  struct Model: Encodable {
    var accuracyPercent: Double
    var joulesPerInference: Double
    var spikesPerInference: Double
  }

  var samples: Int
  var present: Model
  var new: Model
  /// Percent of the samples that they answer with another class.
  var disagreementPercent: Double

  init(_ models: RehearsedModels) {
    func figures(_ table: AnswerTable) -> Model {
      Model(
        accuracyPercent: 100 * table.accuracy(on: models.truth),
        joulesPerInference: table.meanJoules, spikesPerInference: table.meanSpikes)
    }
    samples = models.truth.count
    (present, new) = (figures(models.present), figures(models.new))
    disagreementPercent = 100 * models.present.disagreement(with: models.new)
  }

  var text: String {
    func line(_ name: String, _ model: Model) -> String {
      "\(name): \(Figure.fixed(model.accuracyPercent, 2)) % right, "
        + "\(Figure.joules(model.joulesPerInference)) and "
        + "\(Figure.fixed(model.spikesPerInference, 1)) spikes an inference\n"
    }
    return line("present model", present) + line("new model", new)
      + "both over \(samples) samples, \(Figure.fixed(disagreementPercent, 2)) % of them answered "
      + "differently\n\n"
  }
}

/// What came of the same deployment with many seeds.
struct RehearsalSum: Encodable {
  /// How long decisions took, over the seeds that had one.
  struct Spread: Encodable {
    var median: Double
    var p95: Double

    init?(_ values: [Double]) {
      guard !values.isEmpty else { return nil }
      let sorted = values.sorted()
      median = sorted[(sorted.count - 1) / 2]
      p95 = sorted[min(sorted.count - 1, (sorted.count * 95 + 99) / 100 - 1)]
    }
  }

  var rollout: String
  var models: RehearsedFigures
  var seeds: Int
  /// Seeds of which the rollout went beyond its first wave.
  var pastFirstWave = 0
  /// Seeds by where the rollout ended or paused.
  var states: [String: Int] = [:]
  /// Seeds that a gate stopped, by the bounds that it found broken.
  var stoppedBy: [String: Int] = [:]
  /// Seeds in which a gate's time was over before it knew.
  var insufficient = 0
  /// Most nodes that served the new model at a time in any seed.
  var mostServing = 0
  /// Inputs that the new model had answered at the first decision.
  var inputsToDecision: Spread?
  /// Inputs that the first wave's streams had brought by then.
  var streamToDecision: Spread?
  /// Virtual seconds until then.
  var secondsToDecision: Spread?
  /// Virtual seconds until the rollout ended or paused.
  var secondsToEnd: Spread?

  init(_ rollout: String, _ models: RehearsedModels, _ reports: [RehearsalReport]) {
    self.rollout = rollout
    self.models = RehearsedFigures(models)
    seeds = reports.count
    for report in reports {
      states[report.state.rawValue, default: 0] += 1
      let isPast = report.decisions.contains { $0.wave > 0 } || report.state == .completed
      pastFirstWave += isPast ? 1 : 0
      insufficient += report.decisions.contains { $0.verdict == .insufficient } ? 1 : 0
      mostServing = max(mostServing, report.mostServing)
      guard let stop = report.decisions.first(where: { $0.verdict == .stopped }) else { continue }
      let broken = (stop.assessment?.results ?? []).filter { $0.finding == .breach }
      let bounds = broken.map(\.subject.rawValue).joined(separator: " and ")
      stoppedBy[bounds.isEmpty ? "failures" : bounds, default: 0] += 1
    }
    let decided = reports.filter { !$0.decisions.isEmpty }
    inputsToDecision = Spread(
      decided.compactMap { $0.decisions.first?.assessment.map { Double($0.samples) } })
    streamToDecision = Spread(decided.map { Double($0.streamed) })
    secondsToDecision = Spread(
      decided.compactMap { report in
        report.decisions.first.map {
          Double($0.at.milliseconds(since: report.beganAt)) / 1_000
        }
      })
    secondsToEnd = Spread(reports.map { Double($0.milliseconds) / 1_000 })
  }

  var text: String {
    func counts(_ counts: [String: Int]) -> String {
      counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        .map { "\($0.value) \($0.key)" }.joined(separator: ", ")
    }
    func spread(_ spread: Spread?, _ digits: Int = 0) -> String {
      guard let spread else { return Figure.missing }
      return "\(Figure.fixed(spread.median, digits)) (95 %: \(Figure.fixed(spread.p95, digits)))"
    }
    var lines = [
      "\(rollout), \(seeds) seeds: \(counts(states))",
      "beyond the first wave: \(pastFirstWave)",
    ]
    if !stoppedBy.isEmpty { lines.append("stopped: \(counts(stoppedBy))") }
    if insufficient > 0 { lines.append("a gate's time was over: \(insufficient)") }
    lines += [
      "inputs until the first decision: \(spread(inputsToDecision)) of the new model, "
        + "\(spread(streamToDecision)) of the first wave's streams",
      "seconds until the first decision: \(spread(secondsToDecision)); until the end: "
        + spread(secondsToEnd),
      "nodes that served the new model at a time: \(mostServing) at most",
    ]
    return models.text + lines.joined(separator: "\n") + "\n"
  }
}
