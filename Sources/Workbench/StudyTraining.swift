import Accelerator
import CompiledModel
import Dispatch
import Federation
import FleetCore
import Synchronization

/// Trains what nodes were ordered to, on as many threads as there are.
///
/// A run depends on its order and the node's stream alone, and outcomes come back in the order of
/// their tasks: results are the same on one thread and on many. Updates and what they leave out go
/// to the disk at once, so that memory holds no more runs than threads.
struct StudyTraining: Sendable {
  /// An order of a node.
  struct Task: Sendable {
    var node: Int
    var order: TrainingOrder
    var begunAt: Instant
  }

  /// What came of it.
  struct Outcome: Sendable {
    var task: Task
    var result: TrainingResult
    var nextOrdinal: UInt64
    var inferenceNanojoules: UInt64
    var learningNanojoules: UInt64
    var chipMilliseconds: Int64
  }

  let setup: StudySetup
  let folder: StudyFolder
  let base: CompiledModel
  let threads: Int

  /// Runs all tasks, and `beside` along with them; `show` hears how many are done.
  func run(
    _ tasks: [Task], beside: (@Sendable () -> Void)? = nil,
    show: @escaping @Sendable (Int) -> Void
  ) throws(ConfigurationError) -> [Outcome] {
    let first = beside == nil ? 0 : -1
    let next = Mutex(first)
    let results = Mutex([Result<Outcome, ConfigurationError>?](repeating: nil, count: tasks.count))
    let done = Mutex(0)
    DispatchQueue.concurrentPerform(iterations: min(threads, tasks.count - first)) { _ in
      while true {
        let place = next.withLock { place in
          defer { place += 1 }
          return place
        }
        guard place < tasks.count else { return }
        // The longest first, so that nobody waits for it at the end.
        guard place >= 0 else {
          beside?()
          continue
        }
        let result = Result { () throws(ConfigurationError) in try train(tasks[place]) }
        results.withLock { $0[place] = result }
        show(
          done.withLock { done in
            done += 1
            return done
          })
      }
    }
    var outcomes: [Outcome] = []
    for result in results.withLock({ $0 }) {
      if let result { outcomes.append(try result.get()) }
    }
    return outcomes
  }

  private func train(_ task: Task) throws(ConfigurationError) -> Outcome {
    do {
      var run = try TrainingRun(
        task.order, model: base, stream: setup.stream(of: task.node),
        settings: LearningSettings(),
        localState: try task.order.localState.map { try folder.content($0) })
      if let residual = task.order.residual { try run.carry(try folder.content(residual)) }
      while !run.isDone { _ = run.trainNext() }
      let isPoisoned = setup.poisoned.contains(task.node)
      let finished = run.finished(
        sending: isPoisoned ? try setup.plan.attack.poisoned(run.update) : nil)
      let chip = run.accelerator
      let chipMilliseconds = Int64(
        clamping: (chip.inferencePicoseconds + chip.learningPicoseconds) / 1_000_000_000)
      var pending: PendingResidual?
      if let residual = finished.residual {
        pending = PendingResidual(
          accepted: try folder.put(residual.accepted), unused: try folder.put(residual.unused))
      }
      var result = TrainingResult(
        digest: try folder.put(finished.update), size: UInt64(finished.update.count),
        samples: finished.samples, correct: finished.correct, counts: finished.counts,
        milliseconds: UInt32(clamping: chipMilliseconds), residual: pending,
        lossMillionths: finished.lossMillionths)
      result.localLayers = try finished.localState.map { try folder.put($0) }
      return Outcome(
        task: task, result: result, nextOrdinal: finished.nextOrdinal,
        inferenceNanojoules: run.prices.nanojoules(of: chip.counts.answering),
        learningNanojoules: run.prices.nanojoules(of: chip.counts.learning),
        chipMilliseconds: chipMilliseconds)
    } catch let error as ConfigurationError {
      throw error
    } catch {
      throw ConfigurationError(
        file: folder.path, key: "update of \(setup.nodes[task.node])", found: "\(error)",
        expected: "what this node has kept of earlier rounds",
        cure: "begin the study again in another folder")
    }
  }
}

extension [UInt64] {
  /// Events by kind that an answer takes, as if nothing were learnt.
  var answering: [UInt64] { indices.map { Self.isOfLearning($0) ? 0 : self[$0] } }

  /// Events by kind that there are for the sake of learning alone.
  var learning: [UInt64] { indices.map { Self.isOfLearning($0) ? self[$0] : 0 } }

  private static func isOfLearning(_ kind: Int) -> Bool {
    EventKind(rawValue: kind)?.purpose == .learning
  }
}
