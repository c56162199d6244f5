import Accelerator
import CompiledModel
import FleetAPI
import FleetCore
import FleetProtocol
import FleetStore

/// Answers a question about telemetry: reads one boot at a time and adds up what was counted.
struct TelemetryTable {
  let views: FleetViews
  let store: FleetStore
  let query: TelemetryQuery
  /// The nodes that it is about; nil means all.
  var nodes: Set<Identifier>?

  /// Windows that one answer reads at most; more take too long for a waiting operator.
  private static let windowsMax = 4_000_000

  private struct Place: Hashable {
    var at: Int64
    var group: [String]
  }

  func answer() throws -> TelemetryAnswer {
    let tier = try tier()
    var sums: [Place: TelemetrySum] = [:]
    var windows = 0
    var refusal: ServiceError?
    do {
      try store.readTelemetry(tier, in: query.since..<query.until, nodes: nodes) { telemetry in
        windows += telemetry.windows.count
        add(telemetry, tier, to: &sums)
        if windows > Self.windowsMax { refusal = tooMuch("\(Self.windowsMax) windows") }
        if sums.count > 10_000 { refusal = tooMuch("10000 rows") }
        if let refusal { throw refusal }
      }
    } catch {
      // The store would report it as a failure of its own.
      throw refusal ?? error
    }
    let places = sums.keys.sorted { ($0.at, $0.group.joined()) < ($1.at, $1.group.joined()) }
    let rows = places.compactMap { place in
      sums[place].map { row(place, $0) }
    }
    return TelemetryAnswer(
      tier: tier.name, sinceMicroseconds: query.since.microseconds,
      untilMicroseconds: query.until.microseconds, groupBy: query.groupBy.map(\.rawValue),
      metrics: query.metrics.map(\.rawValue), rows: rows)
  }

  private func tier() throws(ServiceError) -> TelemetryTier {
    guard let name = query.tier else {
      switch query.until.milliseconds(since: query.since) {
      case ...7_200_000: return .raw
      case ...172_800_000: return .minute
      default: return .hour
      }
    }
    guard let tier = TelemetryTier.allCases.first(where: { $0.name == name }) else {
      throw ServiceError(
        status: 400, code: "query",
        detail: "query parameter tier is `\(name.prefix(40))`, expected raw, minute or hour")
    }
    return tier
  }

  private func tooMuch(_ limit: String) -> ServiceError {
    ServiceError(
      status: 413, code: "query",
      detail: "the answer takes more than \(limit); ask for less time, a coarser tier or a sum")
  }

  private func add(
    _ telemetry: BootTelemetry, _ tier: TelemetryTier, to sums: inout [Place: TelemetrySum]
  ) {
    var highest = telemetry.before.map(CumulativeCounters.init) ?? CumulativeCounters()
    var isKnown = !telemetry.startsUnknown
    let step = Int64(tier.microseconds ?? 1_000_000)
    for marked in telemetry.windows {
      let counters = CumulativeCounters(marked.window)
      let increment = isKnown ? counters.since(highest) : CumulativeCounters()
      highest = highest.highest(counters)
      isKnown = true
      let isTrue = marked.flags.isDisjoint(with: .implausible)
      if query.isPlausibleOnly, !isTrue { continue }
      let at = Int64(clamping: marked.window.atUs)
      let place = Place(
        at: query.isSummed ? 0 : at / step * step,
        group: query.groupBy.map { text(of: $0, telemetry.node, marked.window) })
      sums[place, default: TelemetrySum()].add(
        increment, of: marked, node: telemetry.node, isTrue: isTrue)
    }
  }

  private func text(
    of key: TelemetryQuery.Key, _ node: Identifier, _ window: WireTelemetryWindow
  ) -> String {
    switch key {
    case .node: return node.text
    case .label(let name?): return views.core.state.nodes[node]?.terms.labels[name] ?? ""
    case .label(nil):
      let labels = views.core.state.nodes[node]?.terms.labels ?? [:]
      return labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        .joined(separator: " ")
    case .chip: return views.core.state.nodes[node]?.chip ?? ""
    case .model:
      guard let digest = ContentDigest(window.modelDigest) else { return "none" }
      let name = views.core.state.models[digest].map { "\($0.name) \($0.releaseCounter) " } ?? ""
      return name + digest.short
    }
  }

  private func row(_ place: Place, _ sum: TelemetrySum) -> TelemetryAnswer.Row {
    var tables: [String] = []
    var inference: Double? = 0
    var learning: Double? = 0
    for (digest, counts) in sum.counts.sorted(by: { $0.key < $1.key }) {
      guard let table = views.table(digest) else {
        (inference, learning) = (nil, nil)
        continue
      }
      tables.append("\(table.name) (\(table.weakestGrade.rawValue))")
      inference = Self.add(inference, views.total(counts.inferenceCounts, table))
      learning = Self.add(learning, views.total(counts.learningCounts, table))
    }
    return TelemetryAnswer.Row(
      atMicroseconds: query.isSummed ? nil : place.at, group: place.group,
      values: query.metrics.map { value(of: $0, sum, inference, learning) },
      nodes: sum.nodes.count, windows: sum.windows, flagged: sum.flagged,
      flags: sum.flags.words, priceTables: tables)
  }

  private static func add(_ left: Double?, _ right: Double?) -> Double? {
    left.flatMap { left in right.map { left + $0 } }
  }

  private func value(
    of metric: TelemetryQuery.Metric, _ sum: TelemetrySum, _ inference: Double?,
    _ learning: Double?
  ) -> Double? {
    let all = sum.all
    func ratio(_ part: Double?, _ whole: UInt64) -> Double? {
      whole == 0 ? nil : part.map { $0 / Double(whole) }
    }
    func events(_ kind: EventKind) -> Double {
      [all.inferenceCounts, all.learningCounts].reduce(0) { sum, counts in
        sum + (kind.rawValue < counts.count ? Double(counts[kind.rawValue]) : 0)
      }
    }
    return switch metric {
    case .inferences: Double(all.inferences)
    case .labelled: Double(all.labelled)
    case .accuracy: ratio(100 * Double(all.correct), all.labelled)
    case .joules: Self.add(inference, learning)
    case .inferenceJoules: inference
    case .learningJoules: learning
    case .joulesPerInference: ratio(inference, all.inferences)
    case .learningSamples: Double(all.learningSamples)
    case .learningAccuracy: ratio(100 * Double(all.learningCorrect), all.learningSamples)
    case .synapticOperations: events(.synapticOperation)
    case .spikes: events(.spike)
    case .chipSeconds: Double(all.chipMicroseconds) / 1e6
    case .busySeconds: Double(all.busyMicroseconds) / 1e6
    case .cpuSeconds: Double(all.cpuMicroseconds) / 1e6
    case .sentBytes: Double(all.sentBytes)
    case .receivedBytes: Double(all.receivedBytes)
    case .residentKibibytes: Double(sum.residentKibibytes)
    }
  }
}

/// What the windows of one row add up to.
private struct TelemetrySum {
  var all = CumulativeCounters()
  /// Events by price table; those without one are in `all` alone.
  var counts: [ContentDigest: CumulativeCounters] = [:]
  var nodes: Set<Identifier> = []
  var windows = 0
  var flagged = 0
  var flags: TelemetryFlags = []
  var residentKibibytes: UInt32 = 0

  mutating func add(
    _ increment: CumulativeCounters, of marked: MarkedWindow, node: Identifier, isTrue: Bool
  ) {
    all = all.adding(increment)
    if let price = ContentDigest(marked.window.priceDigest) {
      counts[price] = (counts[price] ?? CumulativeCounters()).adding(increment)
    }
    nodes.insert(node)
    windows += 1
    if !isTrue { flagged += 1 }
    flags.formUnion(marked.flags)
    residentKibibytes = max(residentKibibytes, marked.window.residentKibibytes)
  }
}
