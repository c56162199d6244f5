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
  /// What nodes lost from one window to its partner, by the place of the pair.
  private var losses: [[Double]] = []
  private var controlLosses: [[Double]] = []
  private var disagreements: UInt64 = 0

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
      let steps = found.servingSteps.filter { $0.model == other.before }
      let after = steps.firstIndex { $0.at >= other.changedAt } ?? steps.endIndex
      // The window in which the first subject changed is as much before as after.
      Self.note(steps[..<after].dropLast(), steps[after...], in: &controlLosses)
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
    // A model that learns is held against one that did, and one at rest against one at rest.
    for learns in [false, true] {
      let (then, now) = (
        before.filter { $0.learns == learns }, after.filter { $0.learns == learns }
      )
      for (new, present) in zip(now, then.reversed()) {
        evidence.pairs.append(WindowPair(present: cost(present), new: cost(new)))
      }
      Self.note(then[...], now[...], in: &losses)
    }
  }

  private static func note(
    _ before: ArraySlice<TelemetryEvidence.ServingStep>,
    _ after: ArraySlice<TelemetryEvidence.ServingStep>, in losses: inout [[Double]]
  ) {
    for (place, (new, present)) in zip(after, before.reversed()).enumerated() {
      if place == losses.count { losses.append([]) }
      guard new.counters.labelled > 0, present.counters.labelled > 0 else { continue }
      losses[place].append(share(present.counters) - share(new.counters))
    }
  }

  private static func share(_ counters: CumulativeCounters) -> Double {
    Double(counters.correct) / Double(counters.labelled)
  }

  /// What a model that learns spends on an answer is counted with its learning.
  private func cost(_ step: TelemetryEvidence.ServingStep) -> WindowCost {
    let counters = step.counters
    var counts = counters.inferenceCounts
    if step.learns {
      for (kind, count) in counters.learningCounts.enumerated() where kind < counts.count {
        counts[kind] += count
      }
    }
    return cost(counters.inferences, counts, counters.chipMicroseconds, of: step.model)
  }

  // MARK: the end

  func assessment() -> GateAssessment {
    var evidence = evidence
    if isShadow {
      if paired.total > 0 { evidence.accuracy = .paired(paired) }
      evidence.disagreements = .init(hits: disagreements, of: evidence.samples)
    } else {
      evidence.accuracy = lossesApart().map { .apart($0) }
    }
    return GateAssessment(evidence, bounds: order.bounds)
  }

  /// What the subjects lost, less what the control group lost meanwhile.
  ///
  /// With a control group there is one difference for each place of a pair: a mean that were taken
  /// off all losses alike would bring its own chance into each of them, and a small group with slow
  /// streams would stop good models by it.
  private func lossesApart() -> MeanOfPairs? {
    func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
    var found = MeanOfPairs()
    if controlLosses.joined().isEmpty {
      for loss in losses.joined() { found.add(loss) }
    } else {
      for (own, others) in zip(losses, controlLosses) where !own.isEmpty && !others.isEmpty {
        found.add(mean(own) - mean(others))
      }
    }
    return found.count == 0 ? nil : found
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
