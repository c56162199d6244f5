import FleetProtocol

/// How a node lives on the energy that it may use in a day.
///
/// The limit is the least of what the coordinator told and what the agent's own settings say, and
/// holds without a coordinator. What was used is stored with each telemetry window.
extension AgentCore {
  /// Nanojoules that may be used in a day; nil for any.
  var energyLimit: UInt64? {
    [state.energyLimit, settings.energyLimitNanojoules].compactMap(\.self).min()
  }

  /// Takes the coordinator's limit; 0 stands for none.
  mutating func take(
    energyLimit told: UInt64, at now: Instant, into directives: inout [AgentDirective]
  ) {
    let limit = told == 0 ? nil : told
    guard limit != state.energyLimit else { return }
    persist([.energyLimited(limit)], into: &directives)
    let text = limit.map { "\(EnergyText.joules($0)) a day" } ?? "none"
    report("energy.limit", text, at: now, into: &directives)
    regulate(at: now, into: &directives)
  }

  /// What a window adds to the day, to be stored with it.
  mutating func charge(
    _ window: WireTelemetryWindow, _ reading: EnergyReading, at now: Instant
  ) -> [AgentChange] {
    var last = meter
    last.at = last.at ?? startedAt
    justMetered = meter
    meter = EnergyMeter(reading: reading, inferences: window.inferences, at: now)
    let used = EnergyReading(
      inferenceNanojoules: reading.inferenceNanojoules &- last.reading.inferenceNanojoules,
      learningNanojoules: reading.learningNanojoules &- last.reading.learningNanojoules)
    // What the chip says: the window may be of the time before a change that was ordered since.
    if let model = ContentDigest(window.modelDigest) {
      governor.note(
        used, inferences: window.inferences &- last.inferences, by: model,
        seconds: last.at.map { Double(now.milliseconds(since: $0)) / 1_000 } ?? 0)
    }
    guard used.nanojoules > 0 else { return [] }
    let day = state.energyDay.on(now).adding(used.nanojoules)
    return day == state.energyDay ? [] : [.energyUsed(day)]
  }

  /// Decides how fast the chip works, and tells it where that is news.
  mutating func regulate(at now: Instant, into directives: inout [AgentDirective]) {
    guard let active = state.active else { return }
    let day = state.energyDay.on(now)
    governor.keep([active.model] + active.standIns.map(\.model))
    governor.decide(
      limit: energyLimit, used: day.nanojoules, secondsLeft: EnergyDay.secondsLeft(at: now),
      ordered: active.model, standIns: mayStandIn ? readyStandIns(of: active) : [])
    let pace = governor.pace
    guard told?.perMille != pace.perMille || told?.learns != pace.learns else { return }
    tell(pace, at: now, into: &directives)
    directives.append(.pace(perMille: pace.perMille, learns: pace.learns))
    told = pace
  }

  /// A model that is on probation, or that another one is compared with, answers itself.
  private var mayStandIn: Bool {
    state.probeStarts == nil && wantedShadow == nil && wantedModel == nil
  }

  /// The smaller model that is to answer now: one of those that the active order lists.
  private var chosenStandIn: ContentDigest? {
    guard mayStandIn, let chosen = governor.pace.standIn,
      state.active?.standIns.contains(where: { $0.model == chosen }) == true
    else { return nil }
    return chosen
  }

  private func readyStandIns(of active: AcceptedModel) -> [ContentDigest] {
    active.standIns.map(\.model).filter {
      stored.contains($0) && !unloadable.contains($0) && !lost.contains($0)
    }
  }

  /// Notes when energy begins to run short, is used up, and suffices again.
  private mutating func tell(
    _ pace: EnergyPace, at now: Instant, into directives: inout [AgentDirective]
  ) {
    let stage = EnergyStage(pace, least: settings.energyLeastPerMille)
    let before = told.map { EnergyStage($0, least: settings.energyLeastPerMille) } ?? .full
    guard stage != before else { return }
    let used = EnergyText.joules(state.energyDay.on(now).nanojoules)
    let limit = energyLimit.map { " of \(EnergyText.joules($0))" } ?? ""
    let detail = "\(used)\(limit) used today; \(stage.detail)"
    persist(
      [.noticed(notice(stage.notice, "", "energy", detail, at: now))], into: &directives)
    report(stage.notice.rawValue, detail, at: now, into: &directives)
  }

  // MARK: stand-ins

  /// The smaller models of an order: published ones, each with the manifest that the order names.
  func verifiedStandIns(
    _ desired: WireDesiredState, _ verified: VerifiedModel, at now: Instant
  ) throws(ModelRefusal) -> [StandIn] {
    guard desired.standIns.count == verified.standIns.count else {
      throw ModelRefusal(
        "manifest-digest",
        "\(desired.standIns.count) manifests of models to stand in, the order names "
          + "\(verified.standIns.count)")
    }
    var standIns: [StandIn] = []
    for (envelope, digest) in zip(desired.standIns, verified.standIns) {
      let manifest = [UInt8](envelope)
      let facts = try verifier(at: now).verify(manifest: manifest, baseManifest: [])
      guard facts.manifestDigest == digest else {
        throw ModelRefusal(
          "manifest-digest", "the order names another manifest to stand in than the one sent")
      }
      standIns.append(StandIn(model: facts.model, manifest: manifest))
    }
    return standIns
  }

  /// Brings smaller models to the disk, and has the chosen one answer.
  mutating func pursueStandIns(at now: Instant, into directives: inout [AgentDirective]) {
    guard let active = state.active, serving == active.model, wantedModel == nil else { return }
    let chosen = chosenStandIn
    if chosen != standIn {
      let next = chosen ?? active.model
      if !unloadable.contains(next), !lost.contains(next) {
        load(next, learnt: chosen == nil ? active.learnt : nil, into: &directives)
      }
    }
    guard download == nil else { return }
    for standIn in active.standIns where !stored.contains(standIn.model) {
      guard !unloadable.contains(standIn.model) else { continue }
      if fetch(standIn.model, standIn.manifest, at: now, into: &directives) { return }
    }
  }

  /// The chip has read a model that is to answer in place of another, or again.
  mutating func substitute(_ model: ContentDigest, into directives: inout [AgentDirective]) {
    let chosen = chosenStandIn
    guard let active = state.active, serving == active.model, chosen != standIn,
      model == chosen ?? active.model
    else { return }
    standIn = chosen
    directives.append(.serve(model))
  }

  /// How the node stands with its energy; nil where it has no limit.
  func energyState(at now: Instant) -> WireEnergyState? {
    guard let limit = energyLimit else { return nil }
    var wire = WireEnergyState()
    wire.limitNanojoules = limit
    wire.usedNanojoules = state.energyDay.on(now).nanojoules
    wire.ratePerMille = (told ?? .full).perMille
    wire.learningPaused = !(told ?? .full).learns
    wire.standIn = wireBytes(standIn?.bytes ?? [])
    return wire
  }
}

/// The last reading of the chip's meters, from which the next window is counted.
struct EnergyMeter: Sendable, Equatable {
  var reading = EnergyReading()
  var inferences: UInt64 = 0
  /// Nil before the first window.
  var at: Instant?
}

/// How short a node's energy is.
enum EnergyStage: Equatable {
  case full, limited(EnergyPace), exhausted

  init(_ pace: EnergyPace, least: UInt32) {
    if pace.perMille <= least, pace.perMille < 1_000 {
      self = .exhausted
    } else {
      self = pace == .full ? .full : .limited(pace)
    }
  }

  /// Two shares of the full speed are one stage.
  static func == (left: EnergyStage, right: EnergyStage) -> Bool {
    switch (left, right) {
    case (.full, .full), (.exhausted, .exhausted): true
    case (.limited(let left), .limited(let right)):
      left.learns == right.learns && left.standIn == right.standIn
        && (left.perMille == 1_000) == (right.perMille == 1_000)
    case (.full, _), (.limited, _), (.exhausted, _): false
    }
  }

  var notice: NoticeKind {
    switch self {
    case .full: .energySuffices
    case .limited: .energyShort
    case .exhausted: .energyUsedUp
    }
  }

  var detail: String {
    switch self {
    case .full: "nothing is held back"
    case .exhausted:
      "nothing is left until midnight UTC; raise the limit (`spikefleet budget set`) or deploy a "
        + "smaller model"
    case .limited(let pace):
      ([pace.learns ? nil : "learning pauses"]
        + [pace.standIn.map { "\($0.short) answers in place of the ordered model" }]
        + [pace.perMille < 1_000 ? "\(pace.perMille) of 1000 inferences are made" : nil])
        .compactMap(\.self).joined(separator: ", ")
    }
  }
}

/// Energy as people read it.
package enum EnergyText {
  /// Joules with a prefix and two decimals, such as `1.25 mJ`; whole nanojoules.
  package static func joules(_ nanojoules: UInt64) -> String {
    let units: [(UInt64, String)] = [
      (1_000_000_000, "J"), (1_000_000, "mJ"), (1_000, "uJ"), (1, "nJ"),
    ]
    let (scale, unit) = units.first { nanojoules >= $0.0 } ?? (1, "nJ")
    let hundredths = (UInt64(nanojoules / scale) * 100) + nanojoules % scale * 100 / scale
    let rest = hundredths % 100
    return scale == 1
      ? "\(nanojoules) nJ" : "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest) \(unit)"
  }
}
