import ArgumentParser
import FleetSimulation
import FleetStore
import Foundation
import Synchronization

/// The real database in memory, as a simulation goes along with it.
extension FleetStore: DurableFleet {}

/// `spikefleet simulate chaos`.
struct SimulateChaosCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "chaos",
    abstract: "Prove coordinator and agents against seeded faults, in virtual time.",
    discussion: """
      The real state machines of one coordinator and its agents run in one thread. The seed \
      decides loss, delay, repeats, partitions, half-open connections, deaths between any two \
      steps, full disks, pauses, slow nodes and clocks, for --minutes; then everything heals and \
      the fleet must come to rest. Every rule that must hold is checked at each step: nothing \
      acknowledged is lost, nothing counts twice, energy adds up to what was spent, nothing runs \
      that a node must refuse. Every eighth seed goes through the real database as well.

      The last line sums up. A seed that fails is printed with what replays it, and the exit \
      status is 1. The same seed gives the same run on every machine.
      """)

  @Option(help: "Seeds, as FIRST..LAST or one number.")
  var seeds: SeedRange

  @Option(help: "Nodes of the fleet; 3 to 12, by the seed, unless given.")
  var nodes: Int?

  @Option(help: "Virtual minutes of faults.")
  var minutes = 10

  @Option(help: "Seeds that run at a time; one for each processor unless given.")
  var workers: Int?

  @Flag(help: "Print what happens, with virtual times in milliseconds.")
  var trace = false

  func validate() throws {
    guard nodes.map({ (1...10_000).contains($0) }) ?? true else {
      throw ValidationError("--nodes is 1 to 10000")
    }
    guard (1...10_000).contains(minutes) else { throw ValidationError("--minutes is 1 to 10000") }
    guard workers.map({ (1...1_024).contains($0) }) ?? true else {
      throw ValidationError("--workers is 1 to 1024")
    }
  }

  func perform() async throws {
    var options = ChaosOptions(nodes: nodes, minutes: minutes)
    options.isTracing = trace
    let sum = ChaosSum()
    let queue = SeedQueue(seeds)
    let started = ContinuousClock.now
    let count = trace ? 1 : workers ?? ProcessInfo.processInfo.activeProcessorCount
    try await withThrowingTaskGroup { group in
      for _ in 0..<count {
        group.addTask { [options] in
          while let seed = queue.next() {
            try Task.checkCancellation()
            let database = seed % 8 == 0 ? try FleetStore.inMemory() : nil
            let report = ChaosRun(seed: seed, options: options, database: database).run()
            sum.add(report)
            if !report.violations.isEmpty { explain(report) }
          }
        }
      }
      try await group.waitForAll()
    }
    print(sum.line(seconds: (ContinuousClock.now - started) / .seconds(1)))
    if sum.failures > 0 { throw ExitCode.refused }
  }

  private func explain(_ report: ChaosReport) {
    let more =
      (nodes.map { " NODES=\($0)" } ?? "") + (minutes == 10 ? "" : " MINUTES=\(minutes)")
    print(
      """
      seed \(report.seed) fails after \(report.virtualMilliseconds) ms: \
      \(report.violations.joined(separator: "; "))
      \(report.picture)
      replay: make sim SEED=\(report.seed)\(more)
      """)
  }
}

/// The seeds of a run.
struct SeedRange: ExpressibleByArgument {
  let first: UInt64
  let last: UInt64

  init(first: UInt64, last: UInt64) { (self.first, self.last) = (first, last) }

  init?(argument: String) {
    let parts = argument.split(separator: ".", omittingEmptySubsequences: false)
    let numbers = [parts.first, parts.last].compactMap { $0.flatMap { UInt64($0) } }
    guard numbers.count == 2, numbers[0] <= numbers[1],
      parts.count == 1 || (parts.count == 3 && parts[1].isEmpty)
    else { return nil }
    (first, last) = (numbers[0], numbers[1])
  }
}

/// Deals seeds to whoever is free.
final class SeedQueue: Sendable {
  private let waiting: Mutex<UInt64?>
  private let last: UInt64

  init(_ seeds: SeedRange) {
    waiting = Mutex(seeds.first)
    last = seeds.last
  }

  func next() -> UInt64? {
    waiting.withLock { waiting in
      guard let seed = waiting, seed <= last else { return nil }
      waiting = seed < .max ? seed + 1 : nil
      return seed
    }
  }
}

/// What all seeds of a run add up to.
final class ChaosSum: Sendable {
  private struct Figures {
    var seeds = 0
    var stored = 0
    var failures = 0
    var milliseconds: Int64 = 0
    var slowest: Int64 = 0
    var messages = 0
    var crashes = 0
  }

  private let figures = Mutex(Figures())

  func add(_ report: ChaosReport) {
    figures.withLock { figures in
      figures.seeds += 1
      figures.stored += report.isStored ? 1 : 0
      figures.failures += report.violations.isEmpty ? 0 : 1
      figures.milliseconds += report.virtualMilliseconds
      figures.slowest = max(figures.slowest, report.convergenceMilliseconds)
      figures.messages += report.messages
      figures.crashes += report.crashes
    }
  }

  var failures: Int { figures.withLock { $0.failures } }

  func line(seconds: Double) -> String {
    let sum = figures.withLock { $0 }
    let hours = String(format: "%.1f", Double(sum.milliseconds) / 3_600_000)
    let speed = String(format: "%.0f", Double(sum.milliseconds) / 1_000 / max(seconds, 0.001))
    let rest = String(format: "%.0f", Double(sum.slowest) / 1_000)
    return "\(sum.seeds) seeds (\(sum.stored) through the database), \(sum.failures) failed: "
      + "\(hours) simulated hours, \(sum.messages) messages, \(sum.crashes) crashes, at rest "
      + "\(rest) s after the faults at the latest, \(speed) times faster than real time"
  }
}
