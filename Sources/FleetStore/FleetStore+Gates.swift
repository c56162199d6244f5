package import FleetCore
import FleetProtocol
package import RolloutGates

/// Prices events of a model: its digest and counts by event kind go in, joules come out; nil where
/// its price table is not known.
package typealias ModelPricing = @Sendable (ContentDigest, [UInt64]) -> Double?

/// What telemetry says of a wave, node by node.
struct GateReading {
  private let order: AssessmentOrder
  private let joules: ModelPricing
  private let subjects: [Identifier: AssessedNode]
  private let control: [Identifier: AssessedNode]
  private var evidence = GateEvidence()
  private var paired = PairedProportions(onlyFirst: 0, onlySecond: 0, alike: 0)
  private var losses: [Double] = []
  private var disagreements: UInt64 = 0
  private var controlLosses: [Double] = []

  /// The position of the spikes in a vector of counts: `EventKind.spike`.
  private static let spikeKind = 3
  /// How far a node's clock may lie behind without a mark, so that nothing of it is missed.
  private static let clockMilliseconds: Int64 = 60_000

  init(_ order: AssessmentOrder, _ joules: @escaping ModelPricing) {
    self.order = order
    self.joules = joules
    subjects = Dictionary(uniqueKeysWithValues: order.subjects.map { ($0.node, $0) })
    control = Dictionary(uniqueKeysWithValues: order.control.map { ($0.node, $0) })
  }

  private var isShadow: Bool { order.key.stage == .shadowing }

  var nodes: Set<Identifier> {
    Set(subjects.keys).union(isShadow ? [] : Set(control.keys))
  }

  /// From as long before a change as the end lies after it.
  var span: Range<Instant> {
    let first = (order.subjects + order.control).map(start).min() ?? order.until
    return
      first..<max(
        first.advanced(milliseconds: 1), order.until.advanced(milliseconds: Self.clockMilliseconds))
  }

  private func start(_ node: AssessedNode) -> Instant {
    let since = isShadow ? 0 : max(0, order.until.milliseconds(since: node.changedAt))
    return node.changedAt.advanced(milliseconds: -since - Self.clockMilliseconds)
  }

  mutating func add(_ found: TelemetryEvidence, of node: Identifier) {
    if subjects[node] != nil {
      if isShadow { compare(found) } else { follow(found) }
    } else if let other = control[node] {
      let (before, after) = (
        accuracy(found, of: other.before, other.changedAt, isAfter: false),
        accuracy(found, of: other.before, other.changedAt, isAfter: true)
      )
      if let before, let after { controlLosses.append(before - after) }
    }
  }

  // MARK: both on the same inputs

  private mutating func compare(_ found: TelemetryEvidence) {
    for step in found.shadowSteps where step.shadow == order.model {
      guard let serving = step.serving, serving != order.model else { continue }
      let tally = step.tally
      evidence.samples += tally.samples
      disagreements += tally.disagreements
      paired.onlyFirst += tally.onlyServing
      paired.onlySecond += tally.onlyShadow
      let apart = tally.onlyServing + tally.onlyShadow
      paired.alike += tally.labelled > apart ? tally.labelled - apart : 0
      evidence.pairs.append(
        WindowPair(
          present: cost(
            tally.samples, tally.servingCounts, tally.servingTimeUs, of: serving),
          new: cost(tally.samples, tally.shadowCounts, tally.shadowTimeUs, of: order.model)))
    }
  }

  private func cost(
    _ inferences: UInt64, _ counts: [UInt64], _ microseconds: UInt64, of model: ContentDigest
  ) -> WindowCost {
    WindowCost(
      inferences: inferences, joules: joules(model, counts),
      spikes: counts.count > Self.spikeKind ? counts[Self.spikeKind] : 0,
      microseconds: microseconds)
  }

  // MARK: before and after

  /// Pairs the first window after the change with the last one before it, the second with the last
  /// but one: a pair once made stays as it is, however much later somebody looks.
  private mutating func follow(_ found: TelemetryEvidence) {
    let change = found.servingSteps.firstIndex { $0.model == order.model } ?? 0
    let before = found.servingSteps[..<change]
    let after = found.servingSteps[change...].filter { $0.model == order.model }
    evidence.samples += after.reduce(0) { $0 + $1.counters.inferences }
    for (new, present) in zip(after, before.reversed()) {
      evidence.pairs.append(
        WindowPair(
          present: cost(present.counters, present.model), new: cost(new.counters, order.model)))
      guard new.counters.labelled > 0, present.counters.labelled > 0 else { continue }
      losses.append(share(present.counters) - share(new.counters))
    }
  }

  private func share(_ counters: CumulativeCounters) -> Double {
    Double(counters.correct) / Double(counters.labelled)
  }

  private func cost(_ counters: CumulativeCounters, _ model: ContentDigest) -> WindowCost {
    cost(counters.inferences, counters.inferenceCounts, counters.chipMicroseconds, of: model)
  }

  private func accuracy(
    _ found: TelemetryEvidence, of model: ContentDigest, _ change: Instant, isAfter: Bool
  ) -> Double? {
    let sum = found.servingSteps
      .filter { $0.model == model && ($0.at >= change) == isAfter }
      .reduce(CumulativeCounters()) { $0.adding($1.counters) }
    return sum.labelled > 0 ? share(sum) : nil
  }

  // MARK: the end

  func assessment() -> GateAssessment {
    var evidence = evidence
    if isShadow {
      if paired.total > 0 { evidence.accuracy = .paired(paired) }
      evidence.disagreements = .init(hits: disagreements, of: evidence.samples)
    } else if !losses.isEmpty {
      let drift =
        controlLosses.isEmpty
        ? 0 : controlLosses.reduce(0, +) / Double(controlLosses.count)
      var mean = MeanOfPairs()
      for loss in losses { mean.add(loss - drift) }
      evidence.accuracy = .apart(mean)
    }
    return GateAssessment(evidence, bounds: order.bounds)
  }
}

extension FleetStore {
  /// Holds the telemetry of a wave against its bounds; what plausibility has marked adds nothing.
  package func assess(
    _ order: AssessmentOrder, joules: @escaping ModelPricing
  ) throws(StoreError) -> GateAssessment {
    var reading = GateReading(order, joules)
    var (node, found): (Identifier?, TelemetryEvidence) = (nil, TelemetryEvidence())
    try readTelemetry(.raw, in: reading.span, nodes: reading.nodes) { boot in
      if let last = node, last != boot.node {
        reading.add(found, of: last)
        found = TelemetryEvidence()
      }
      node = boot.node
      found.add(boot)
    }
    if let node { reading.add(found, of: node) }
    return reading.assessment()
  }
}
