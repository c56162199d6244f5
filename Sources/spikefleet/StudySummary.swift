import Federation
import FleetCore
import Foundation
import Synchronization
import Workbench

/// What a study is doing, on standard error: a line that changes on a terminal, and elsewhere one
/// line a round.
final class StudyStatus: Sendable {
  private let line = StatusLine()
  private let rounds: UInt32
  private let last = Mutex("")

  init(rounds: UInt32) { self.rounds = rounds }

  /// Says something that stays.
  func say(_ text: String) {
    line.clear()
    Console.writeError(text + "\n")
  }

  func show(_ activity: FederatedStudy.Activity) {
    switch activity {
    case .training(let round, let trained, let ordered):
      guard Console.hasErrorTerminal else { return }
      line.show(
        "round \(round)/\(rounds): \(trained) of \(ordered) nodes have trained"
          + last.withLock { $0 })
    case .committed(let round):
      let accuracy = "\(Figure.fixed(round.accuracy, 2)) %"
      last.withLock { $0 = "; \(accuracy) after round \(round.round)" }
      guard !Console.hasErrorTerminal else { return }
      Console.writeError(
        "round \(round.round)/\(rounds): \(accuracy)"
          + (round.isAccepted ? "" : ", not accepted")
          + (round.round == 0 ? ", the base model" : detail(round)) + "\n")
    }
  }

  private func detail(_ round: StudyRound) -> String {
    var words = ["\(round.reports) reports"]
    if round.late > 0 { words.append("\(round.late) late") }
    if round.refused > 0 { words.append("\(round.refused) refused") }
    if round.leftOut > 0 { words.append("\(round.leftOut) left out") }
    if let pooled = round.pooled { words.append("pooled \(Figure.fixed(pooled.accuracy, 2)) %") }
    return ", " + words.joined(separator: ", ")
  }

  func clear() { line.clear() }
}

/// What a study came to.
struct StudySummary: Encodable {
  var name: String
  var out: String
  var nodes: Int
  var poisoned: [String]
  var partition: String
  var strategy: String
  var compression: String
  /// Rounds that were committed.
  var rounds: UInt32
  /// Rounds whose model the check refused.
  var notAccepted: Int
  /// Nil where all rounds were committed.
  var failure: String?
  /// Percent of the held-out samples, as are the others.
  var baseAccuracy: Double
  /// Of the model that the study has come to.
  var accuracy: Double
  var bestAccuracy: Double?
  var pooledAccuracy: Double?
  /// Of each node's own model where it learns alone, in node order.
  var loneAccuracies: [Double]?
  var joules: Double
  var inferenceJoules: Double
  var learningJoules: Double
  var priceTable: String
  var grade: String
  /// Bytes as frames.
  var bytesUp: UInt64
  var bytesDown: UInt64
  var updateBytes: UInt64
  /// SHA-256 of the model.
  var model: String

  init(_ plan: StudyPlan, _ progress: StudyProgress, _ study: FederatedStudy, out: String) {
    let done = progress.rounds.dropFirst()
    name = plan.job.name
    self.out = out
    nodes = plan.job.nodes.count
    poisoned = study.nodes.filter(\.isPoisoned).map(\.name)
    partition = plan.partition
    strategy = plan.job.strategy.name.rawValue
    compression = plan.job.compression.description
    rounds = progress.rounds.last?.round ?? 0
    notAccepted = done.count { !$0.isAccepted }
    if case .failed(let detail) = progress.end { failure = detail }
    baseAccuracy = progress.rounds.first?.accuracy ?? 0
    accuracy = progress.rounds.last { $0.isAccepted }?.accuracy ?? 0
    bestAccuracy = progress.bestAccuracy
    pooledAccuracy = progress.rounds.last?.pooled?.accuracy
    loneAccuracies = progress.lone
    func joules(_ part: (StudyRound) -> UInt64) -> Double {
      Double(done.reduce(0) { $0 + part($1) }) * 1e-9
    }
    self.joules = joules(\.nanojoules)
    inferenceJoules = joules(\.inferenceNanojoules)
    learningJoules = joules(\.learningNanojoules)
    (priceTable, grade) = study.prices
    bytesUp = done.reduce(0) { $0 + $1.bytesUp }
    bytesDown = done.reduce(0) { $0 + $1.bytesDown }
    updateBytes = done.reduce(0) { $0 + $1.updateBytes }
    model = progress.model.hex
  }

  var text: String {
    var lines = [
      "\(name): \(rounds) rounds on \(nodes) nodes, \(strategy), \(compression), \(partition)",
      "accuracy: \(Figure.fixed(accuracy, 2)) %, from \(Figure.fixed(baseAccuracy, 2)) %"
        + (pooledAccuracy.map { ", pooled on one chip \(Figure.fixed($0, 2)) %" } ?? "")
        + (loneAccuracies?.max().map { ", best lone node \(Figure.fixed($0, 2)) %" } ?? "")
        + (notAccepted > 0 ? ", \(notAccepted) rounds not accepted" : ""),
    ]
    if !poisoned.isEmpty { lines.append("poisoned: \(poisoned.joined(separator: ", "))") }
    lines.append(
      "energy: \(Figure.fixed(joules, 3)) J, \(Figure.fixed(learningJoules, 3)) J of it for "
        + "learning; prices: \(priceTable), evidence \(grade)")
    lines.append(
      "bytes: \(bytesUp) up, \(bytesDown) down, \(updateBytes) of them updates that counted")
    lines.append("model: \(out)/model.snn, \(Figure.digest(model))")
    lines.append("see \(out)/rounds.csv, nodes.csv, accuracy.svg and accuracy-per-joule.svg")
    return lines.map { $0 + "\n" }.joined()
  }
}
