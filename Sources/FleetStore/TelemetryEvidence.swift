package import FleetCore
package import FleetProtocol

/// What a gate may believe of one node in a span of time: increments of windows that hold up.
///
/// A window with a mark of `TelemetryFlags.implausible` adds nothing, nor does one before which
/// nothing is known; both are counted, so that a gate can say «insufficient» instead of guessing.
package struct TelemetryEvidence: Sendable, Equatable {
  /// What was counted under one model and one price table.
  package struct Part: Sendable, Equatable {
    /// The model that served; nil where none did.
    package var model: ContentDigest?
    /// The price table of the counts; nil where there was no model.
    package var price: ContentDigest?
    /// Increments between windows that hold up.
    package var counters: CumulativeCounters
    /// Time that these increments cover, in microseconds of the node's clock.
    package var microseconds: UInt64
  }

  /// What one window added to the comparison of a shadow with the model that served.
  package struct ShadowStep: Sendable, Equatable {
    /// The model that ran along.
    package var shadow: ContentDigest
    /// The model that served.
    package var serving: ContentDigest?
    /// The price table of the counts; nil where there was none.
    package var price: ContentDigest?
    /// What was counted since the window before.
    package var tally: WireShadowTally
  }

  /// What one window added under one model.
  package struct ServingStep: Sendable, Equatable {
    /// The model that served from the window before to this one.
    package var model: ContentDigest
    /// The window's own time.
    package var at: Instant
    /// True where the model learnt while it served.
    package var learns: Bool
    /// Increments, without what a shadow took beside it.
    package var counters: CumulativeCounters
  }

  /// In the order of their first window.
  package var parts: [Part] = []
  /// Window by window, those in which a shadow took a sample.
  package var shadowSteps: [ShadowStep] = []
  /// Window by window, those in which one model served and answered from beginning to end.
  package var servingSteps: [ServingStep] = []
  /// Windows that count.
  package var windows = 0
  /// Windows that do not.
  package var leftOut = 0
  /// Marks of all windows of the span, of those left out too.
  package var flags: TelemetryFlags = []

  /// No window at all.
  package init() {}

  /// Takes the windows of one boot.
  mutating func add(_ telemetry: BootTelemetry) {
    var highest = telemetry.before.map(CumulativeCounters.init) ?? CumulativeCounters()
    var earlier = telemetry.before
    var isKnown = !telemetry.startsUnknown
    for marked in telemetry.windows {
      let window = marked.window
      let counters = CumulativeCounters(window)
      flags.formUnion(marked.flags)
      if isKnown, marked.flags.isDisjoint(with: .implausible) {
        let since = earlier?.atUs ?? window.atUs
        count(
          window, counters.since(highest), window.atUs > since ? window.atUs - since : 0)
        compare(window, earlier)
        follow(window, earlier, counters.since(highest))
        windows += 1
      } else {
        leftOut += 1
      }
      highest = highest.highest(counters)
      earlier = window
      isKnown = true
    }
  }

  private mutating func compare(_ window: WireTelemetryWindow, _ earlier: WireTelemetryWindow?) {
    guard window.hasShadow, let shadow = ContentDigest(window.shadow.modelDigest) else { return }
    let tally = window.shadow.since(earlier?.shadow ?? WireShadowTally())
    guard tally.samples > 0 else { return }
    shadowSteps.append(
      ShadowStep(
        shadow: shadow, serving: ContentDigest(window.modelDigest),
        price: ContentDigest(window.priceDigest), tally: tally))
  }

  /// A window in which the model changed, or began or ceased to learn, holds answers of both.
  private mutating func follow(
    _ window: WireTelemetryWindow, _ earlier: WireTelemetryWindow?, _ step: CumulativeCounters
  ) {
    let learns = window.learningState == LearningState.serving
    guard let model = ContentDigest(window.modelDigest), step.inferences > 0,
      let earlier, earlier.modelDigest == window.modelDigest,
      learns == (earlier.learningState == LearningState.serving)
    else { return }
    var counters = step
    if window.hasShadow {
      let beside = window.shadow.since(earlier.shadow)
      counters.leaveOut(beside.shadowCounts, microseconds: beside.shadowTimeUs)
    }
    servingSteps.append(
      ServingStep(
        model: model, at: Instant(microseconds: Int64(clamping: window.atUs)), learns: learns,
        counters: counters))
  }

  private mutating func count(
    _ window: WireTelemetryWindow, _ step: CumulativeCounters, _ microseconds: UInt64
  ) {
    let (model, price) = (ContentDigest(window.modelDigest), ContentDigest(window.priceDigest))
    if let index = parts.firstIndex(where: { $0.model == model && $0.price == price }) {
      parts[index].counters = parts[index].counters.adding(step)
      parts[index].microseconds &+= microseconds
    } else {
      parts.append(Part(model: model, price: price, counters: step, microseconds: microseconds))
    }
  }
}

extension FleetStore {
  /// The one way for gates to telemetry: evidence about a node in a span of its clock.
  package func evidence(
    about node: Identifier, in span: Range<Instant>, tier: TelemetryTier = .raw
  ) throws(StoreError) -> TelemetryEvidence {
    var evidence = TelemetryEvidence()
    try readTelemetry(tier, in: span, nodes: [node]) { evidence.add($0) }
    return evidence
  }
}

extension CumulativeCounters {
  /// Takes out inference that did not serve; what a peer says too much of leaves nothing.
  fileprivate mutating func leaveOut(_ counts: [UInt64], microseconds: UInt64) {
    for (kind, count) in counts.enumerated() where kind < inferenceCounts.count {
      inferenceCounts[kind] -= min(count, inferenceCounts[kind])
    }
    chipMicroseconds -= min(microseconds, chipMicroseconds)
  }
}

extension WireShadowTally {
  /// What was counted since an earlier tally of the same boot; what fell counts as unchanged.
  fileprivate func since(_ earlier: WireShadowTally) -> WireShadowTally {
    func step(_ path: KeyPath<WireShadowTally, UInt64>) -> UInt64 {
      let (now, before) = (self[keyPath: path], earlier[keyPath: path])
      return now > before ? now - before : 0
    }
    func steps(_ path: KeyPath<WireShadowTally, [UInt64]>) -> [UInt64] {
      let before = earlier[keyPath: path]
      return self[keyPath: path].enumerated().map { kind, now in
        let then = kind < before.count ? before[kind] : 0
        return now > then ? now - then : 0
      }
    }
    var tally = WireShadowTally()
    tally.modelDigest = modelDigest
    tally.samples = step(\.samples)
    tally.labelled = step(\.labelled)
    tally.onlyServing = step(\.onlyServing)
    tally.onlyShadow = step(\.onlyShadow)
    tally.disagreements = step(\.disagreements)
    tally.servingTimeUs = step(\.servingTimeUs)
    tally.shadowTimeUs = step(\.shadowTimeUs)
    tally.servingCounts = steps(\.servingCounts)
    tally.shadowCounts = steps(\.shadowCounts)
    return tally
  }
}
