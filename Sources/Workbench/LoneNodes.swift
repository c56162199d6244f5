import Dispatch
import FleetCore
import SpikingNetwork
import Synchronization

/// What each node of a study would reach alone: as many samples, the same rule, and nobody to ask.
struct LoneNodes: Sendable {
  let setup: StudySetup
  let threads: Int

  /// Accuracy of each node's own model on the held-out samples in percent, in node order.
  ///
  /// A node's samples alone decide it, so that it is the same on one thread and on many.
  func accuracies() -> [Double] {
    let count = setup.nodes.count
    let next = Mutex(0)
    let found = Mutex([Double](repeating: 0, count: count))
    DispatchQueue.concurrentPerform(iterations: min(threads, count)) { _ in
      while true {
        let node = next.withLock { node in
          defer { node += 1 }
          return node
        }
        guard node < count else { return }
        let accuracy = accuracy(of: node)
        found.withLock { $0[node] = accuracy }
      }
    }
    return found.withLock { $0 }
  }

  private func accuracy(of node: Int) -> Double {
    var training = ChipTraining(
      setup.model, stream: setup.stream(of: node).samples, seed: setup.job.seed)
    training.learn(Int(setup.job.rounds) * Int(setup.job.samplesPerRound))
    return ParallelEvaluation.run(training.model, on: setup.plan.check).accuracyPercent
  }
}
