import Foundation

/// How much of the chaos is tried: everything under `make chaos`, a little in every test run.
enum ChaosPlan {
  private static let environment = ProcessInfo.processInfo.environment

  /// True under `make chaos`.
  static var isWhole: Bool { environment["SPIKEFLEET_CHAOS"] != nil }

  /// Fleets that are tried side by side.
  static var fleetsAtOnce: Int { isWhole ? 12 : 4 }

  /// Points of a daemon that each test run tries.
  private static let sampleSize = 5

  /// The points to try, of so many: all, the one of `CRASH=daemon:point`, or drawn ones.
  static func points(of daemon: String, in count: Int) -> [ChaosFleet.Crash] {
    if let text = environment["SPIKEFLEET_CHAOS_CRASH"], !text.isEmpty {
      let parts = text.split(separator: ":")
      guard parts.count == 2, parts[0] == daemon, let point = Int(parts[1]) else { return [] }
      return [ChaosFleet.Crash(daemon: daemon, point: point)]
    }
    let all = (1...count).map { ChaosFleet.Crash(daemon: daemon, point: $0) }
    return isWhole ? all : Array(all.shuffled().prefix(sampleSize))
  }

  /// Scenarios to try: all or the one of `FAULT=name`; in every test run one that needs no root.
  static var scenarios: [FaultScenario] {
    if let name = environment["SPIKEFLEET_CHAOS_SCENARIO"], !name.isEmpty {
      let named = FaultScenario.all.filter { $0.name == name }
      precondition(
        !named.isEmpty,
        "FAULT=\(name): expected one of \(FaultScenario.all.map(\.name).joined(separator: ", "))"
      )
      return named
    }
    return FaultScenario.all.filter { isWhole || $0.name == "proxy-mixed" }
  }

  /// Seeds of each scenario.
  static var seeds: [UInt64] {
    if let seed = environment["SPIKEFLEET_CHAOS_SEED"].flatMap(UInt64.init) { return [seed] }
    return isWhole ? [1, 2, 3] : [.random(in: 1...1_000_000)]
  }

  /// A line for who watches; details only under `make chaos`.
  static func say(_ line: String, onlyWhereAll: Bool = false) {
    guard isWhole || !onlyWhereAll else { return }
    print("chaos: \(line)")
    fflush(nil)
  }
}
