import CompiledModel
import FleetCore
import FleetProtocol
import Foundation
import SpikingNetwork
import Synchronization

/// A study of federated learning in one process: the fleet's own machines, its chips, virtual time.
///
/// Goes on where it was left, whenever that was. A committed round is never done twice, and the
/// final model is the same to the byte as if it had never been interrupted.
package final class FederatedStudy {
  /// What a study is doing.
  package enum Activity: Sendable, Equatable {
    /// Nodes have trained in this round, so many of those that were ordered to.
    case training(round: UInt32, trained: Int, ordered: Int)
    /// A round was committed; round 0 is the base model.
    case committed(StudyRound)
  }

  private let setup: StudySetup
  private let folder: StudyFolder
  private let threads: Int
  /// What it has come to; nil before its base model was judged.
  package private(set) var progress: StudyProgress?

  /// Opens the study's folder; throws, before anything is begun, where inputs do not fit together
  /// or are others than the study was begun with.
  package init(
    _ plan: StudyPlan, folder path: String, threads: Int
  ) throws(ConfigurationError) {
    precondition(threads > 0, "\(threads) threads")
    setup = try StudySetup(plan)
    try StudyFleet.admit(setup)
    var plan = plan
    plan.job = setup.job
    folder = try StudyFolder(path: path, inputs: try plan.inputs())
    self.threads = threads
    progress = try folder.readProgress()
    if let progress, progress.nodes.count != setup.nodes.count || progress.rounds.isEmpty {
      throw ConfigurationError(
        file: path + "/progress.json", key: "nodes", found: "\(progress.nodes.count)",
        expected: "\(setup.nodes.count)", cure: "begin the study again in another folder")
    }
  }

  /// Labels of each node's samples, by class, and whether it is poisoned.
  package var nodes: [(name: String, labels: [Int], isPoisoned: Bool)] {
    setup.nodes.enumerated().map { index, name in
      var labels = [Int](repeating: 0, count: setup.model.classes)
      for position in setup.plan.hands[index] { labels[Int(setup.plan.data.labels[position])] += 1 }
      return (name.text, labels, setup.poisoned.contains(index))
    }
  }

  /// The model's price table by name, and the evidence for its prices.
  package var prices: (table: String, grade: String) {
    (setup.model.prices.name, setup.model.prices.weakestGrade.rawValue)
  }

  /// The model that the study has come to.
  package func model() throws(ConfigurationError) -> [UInt8] {
    try content(progress?.model ?? setup.record.digest)
  }

  /// Runs round after round to the end, or to this one; `show` hears what is done, on any thread.
  package func run(
    to last: UInt32 = .max, show: @escaping @Sendable (Activity) -> Void
  ) throws(ConfigurationError) -> StudyProgress {
    var progress: StudyProgress
    if let stored = self.progress { progress = stored } else { progress = try begun(show) }
    try write(progress)
    while progress.end == nil, let round = progress.rounds.last?.round, round < last {
      progress = try next(progress, round: round + 1, show)
      try folder.store(progress)
      self.progress = progress
      try write(progress)
      if let committed = progress.rounds.last, progress.end == nil || progress.end == .finished {
        show(.committed(committed))
      }
    }
    if setup.plan.isLone, progress.end == .finished, progress.lone == nil {
      progress.lone = LoneNodes(setup: setup, threads: threads).accuracies()
      try folder.store(progress)
      self.progress = progress
      try write(progress)
    }
    return progress
  }

  /// Judges the base model, which every round is held against.
  private func begun(
    _ show: (Activity) -> Void
  ) throws(ConfigurationError) -> StudyProgress {
    let found = ParallelEvaluation.run(setup.model, on: setup.plan.check, threads: threads)
    let digest = setup.record.digest
    var base = StudyRound(
      round: 0, attempts: 0, accuracy: found.accuracyPercent, isAccepted: true, reports: 0, late: 0,
      refused: 0, leftOut: 0, samples: 0, correct: 0, inferenceNanojoules: 0,
      learningNanojoules: 0, bytesUp: 0, bytesDown: 0, updateBytes: 0, milliseconds: 0,
      nanojoulesPerInference: nanojoules(found), model: digest)
    if setup.plan.isPooled {
      base.pooled = StudyPool(
        model: digest, samples: 0, accuracy: found.accuracyPercent, nanojoules: 0)
    }
    try folder.put(setup.plan.base)
    let progress = StudyProgress(
      rounds: [base], model: digest, manifest: Data(setup.record.manifest),
      at: StudyTrust.start, nodes: setup.nodes.map { _ in StudyNode() })
    try folder.store(progress)
    self.progress = progress
    show(.committed(base))
    return progress
  }

  private func nanojoules(_ found: ParallelEvaluation) -> UInt64 {
    setup.model.prices.nanojoules(of: found.counts) / UInt64(max(1, found.samples))
  }

  // MARK: rounds

  private func next(
    _ progress: StudyProgress, round: UInt32, _ show: @escaping @Sendable (Activity) -> Void
  ) throws(ConfigurationError) -> StudyProgress {
    let fleet = try StudyFleet(setup, progress, folder: folder, threads: threads) {
      show(.training(round: round, trained: $0, ordered: $1))
    }
    let pooled = Mutex<Result<StudyPool?, ConfigurationError>?>(nil)
    let (setup, folder, last) = (setup, folder, progress.rounds.last?.pooled)
    let pool: @Sendable () -> Void = {
      let result = Result { () throws(ConfigurationError) in
        try last.map { pool throws(ConfigurationError) in
          try Self.learned(pool, setup: setup, folder: folder)
        }
      }
      pooled.withLock { $0 = result }
    }
    if last != nil { fleet.beside = pool }
    try fleet.run()
    if fleet.beside != nil { pool() }
    return fleet.concluded(progress, pooled: try pooled.withLock { $0 }?.get())
  }

  /// The chip that sees everything learns as many samples as all nodes together were offered.
  private static func learned(
    _ pool: StudyPool, setup: StudySetup, folder: StudyFolder
  ) throws(ConfigurationError) -> StudyPool {
    let bytes =
      pool.model == setup.record.digest ? setup.plan.base : try folder.content(pool.model)
    let model: CompiledModel
    do {
      model = try CompiledModel(reading: bytes)
    } catch {
      preconditionFailure("a model that was learnt here: \(error)")
    }
    let count = setup.nodes.count * Int(setup.job.samplesPerRound)
    var training = ChipTraining(
      model, stream: setup.plan.data, seed: setup.job.seed, from: pool.samples)
    training.learn(count)
    let learnt = training.model
    let prices = setup.model.prices
    let (inference, learning) = training.counts
    return StudyPool(
      model: try folder.put(learnt.encoded()), samples: pool.samples + UInt64(count),
      accuracy: ParallelEvaluation.run(learnt, on: setup.plan.check).accuracyPercent,
      nanojoules: pool.nanojoules + prices.nanojoules(of: inference)
        + prices.nanojoules(of: learning))
  }

  private func content(_ digest: ContentDigest) throws(ConfigurationError) -> [UInt8] {
    digest == setup.record.digest ? setup.plan.base : try folder.content(digest)
  }

  // MARK: what a person reads

  private func write(_ progress: StudyProgress) throws(ConfigurationError) {
    let report = StudyReport(progress, nodes: nodes)
    try folder.write(report.rounds, as: "rounds.csv")
    try folder.write(report.nodeTable, as: "nodes.csv")
    try folder.write(report.accuracyPicture(setup.job.name), as: "accuracy.svg")
    try folder.write(report.energyPicture(setup.job.name), as: "accuracy-per-joule.svg")
    try folder.write(try content(progress.model), as: "model.snn")
  }
}
