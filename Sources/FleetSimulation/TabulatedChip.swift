package import FleetCore
package import FleetProtocol

/// A node's chip that looks its answers up: it counts and compares as `ChipRuntime` does, over a
/// stream that is paced by a clock.
package struct TabulatedChip: Sendable {
  /// A model with its table.
  package struct Model: Sendable {
    /// What the fleet knows it by.
    package var digest: ContentDigest
    /// What its price table is known by.
    package var price: ContentDigest
    /// What it answers and costs.
    package var table: AnswerTable

    /// A model with its table.
    package init(digest: ContentDigest, price: ContentDigest, table: AnswerTable) {
      self.digest = digest
      self.price = price
      self.table = table
    }
  }

  /// A model on the chip, and what it was seen to do there.
  private struct Loaded {
    var model: Model
    var counted = ProbeFigures.Tally()
  }

  /// The models that it may be given.
  private let models: [ContentDigest: Model]
  /// The true class of each sample of the pool.
  private let truth: [UInt8]
  /// Positions in the pool, in the order of the sensor.
  private let stream: [Int32]
  /// Share of the samples whose label is known, of a thousand.
  private let labelledPerMille: UInt32
  /// A model that does not fire here once it serves: what only a probe finds.
  package var mute: ContentDigest?
  /// A model that it does not take.
  package var refused: ContentDigest?
  /// Share of the samples, of a thousand, that its sensor spoils: no model answers them right.
  package var spoiltPerMille: UInt32 = 0
  /// Thousandths of an inference a second.
  package var milliRate: Int64
  private var random: SimulationRandom
  private var serving: Loaded?
  private var shadow: Loaded?
  private var shadowPerMille: UInt32 = 0
  private var shadowDue: UInt32 = 0
  private var tally = WireShadowTally()
  private var servingPicoseconds: UInt64 = 0
  private var shadowPicoseconds: UInt64 = 0
  private var probe: (remaining: UInt64, start: ProbeFigures.Tally)?
  private var before = ProbeFigures.Tally()
  private var lastPrices: ContentDigest?
  private var cursor = 0
  private var counters = WireTelemetryWindow()
  private var picoseconds: UInt64 = 0
  private var clock: Instant?
  /// Thousandths of a thousandth of an inference that are left over.
  private var rest: Int64 = 0

  /// A chip without a model, on a stream of so many thousandths of an inference a second.
  package init(
    models: [Model], truth: [UInt8], stream: [Int32], milliRate: Int64,
    labelledPerMille: UInt32 = 1_000, seed: UInt64 = 0
  ) {
    precondition(!stream.isEmpty, "a stream without samples")
    self.models = Dictionary(uniqueKeysWithValues: models.map { ($0.digest, $0) })
    self.truth = truth
    self.stream = stream
    self.milliRate = milliRate
    self.labelledPerMille = labelledPerMille
    random = SimulationRandom(seed: seed)
    let kinds = models.map(\.table.kinds).max() ?? 0
    counters.inferenceCounts = [UInt64](repeating: 0, count: kinds)
    counters.learningCounts = counters.inferenceCounts
  }

  /// The model that serves; nil while none does.
  package var servedModel: ContentDigest? { serving?.model.digest }

  /// Inferences of the stream so far.
  package private(set) var streamed: UInt64 = 0

  // MARK: models

  /// Shows a model one sample, as a node does before it takes it.
  package mutating func load(_ digest: ContentDigest) -> LoadOutcome {
    guard let model = models[digest] else {
      return .refused(code: "model-unreadable", detail: "no table of this model")
    }
    if digest == refused {
      return .refused(code: "rehearsal", detail: "the rehearsal's script has this node refuse it")
    }
    _ = spend(model, Int(stream[cursor]), isMute: false)
    counters.inferences += 1
    lastPrices = model.price
    return .ready
  }

  /// Serves a model from the next sample on.
  package mutating func serve(_ digest: ContentDigest) {
    guard serving?.model.digest != digest, let model = models[digest] else { return }
    before = serving?.counted ?? ProbeFigures.Tally()
    serving = Loaded(model: model)
    probe = nil
  }

  /// Runs a model beside what serves.
  package mutating func shadow(_ digest: ContentDigest, perMille: UInt32) {
    guard let model = models[digest] else { return }
    shadow = Loaded(model: model)
    (shadowPerMille, shadowDue) = (perMille, 0)
    servingPicoseconds = tally.servingTimeUs * 1_000_000
    shadowPicoseconds = tally.shadowTimeUs * 1_000_000
  }

  /// Nothing runs beside what serves any more.
  package mutating func stopShadow() { shadow = nil }

  /// Counts what the model that serves does in its next inferences.
  package mutating func probe(_ digest: ContentDigest, inferences: UInt32) {
    guard let serving, serving.model.digest == digest else { return }
    probe = (UInt64(max(1, inferences)), serving.counted)
  }

  /// The figures of a probe, once, when it has made its inferences.
  package mutating func takeProbe() -> (ContentDigest, ProbeFigures)? {
    guard let probe, probe.remaining == 0, let serving else { return nil }
    self.probe = nil
    return (
      serving.model.digest,
      ProbeFigures(probed: serving.counted.since(probe.start), before: before)
    )
  }

  /// Milliseconds until a probe of so many inferences can have ended.
  package func milliseconds(of inferences: UInt32) -> Int64 {
    milliRate > 0 ? Int64(inferences) * 1_000_000 / milliRate + 1 : 3_600_000
  }

  // MARK: the stream

  /// Shows what the sensor has brought since the last time.
  package mutating func run(until now: Instant) {
    let since = clock ?? now
    clock = max(since, now)
    rest += max(0, now.milliseconds(since: since)) * milliRate
    while rest >= 1_000_000 {
      rest -= 1_000_000
      inferNext()
    }
  }

  /// Shows the next sample of the stream to the model that serves.
  package mutating func inferNext() {
    guard serving != nil else { return }
    let sample = Int(stream[cursor])
    cursor = (cursor + 1) % stream.count
    let isLabelled =
      labelledPerMille >= 1_000 || random.chance(Double(labelledPerMille) / 1_000)
    infer(sample, known: isLabelled ? truth[sample] : nil)
    streamed += 1
    if let left = probe?.remaining, left > 0 { probe?.remaining = left - 1 }
  }

  private mutating func infer(_ sample: Int, known: UInt8?) {
    guard let model = serving?.model else { return }
    let isMute = model.digest == mute
    let answer = answer(sample, of: model, isMute: isMute)
    let spikes = spend(model, sample, isMute: isMute)
    serving?.counted.add(spikes: spikes, isHit: known.map { $0 == answer })
    counters.inferences += 1
    if let known {
      counters.labelled += 1
      if answer == known { counters.correct += 1 }
    }
    guard shadow != nil else { return }
    shadowDue += shadowPerMille
    guard shadowDue >= 1_000 else { return }
    shadowDue -= 1_000
    compare(sample, known: known, answer, of: model)
  }

  /// Lets the shadow answer too.
  private mutating func compare(
    _ sample: Int, known: UInt8?, _ answer: UInt8, of present: Model
  ) {
    guard let new = shadow?.model else { return }
    let own = self.answer(sample, of: new, isMute: false)
    let spikes = spend(new, sample, isMute: false)
    shadow?.counted.add(spikes: spikes, isHit: known.map { $0 == own })
    tally.samples += 1
    if own != answer { tally.disagreements += 1 }
    if let known {
      tally.labelled += 1
      if answer == known, own != known { tally.onlyServing += 1 }
      if own == known, answer != known { tally.onlyShadow += 1 }
    }
    present.table.add(sample, to: &tally.servingCounts)
    new.table.add(sample, to: &tally.shadowCounts)
    servingPicoseconds += present.table.picoseconds[sample]
    shadowPicoseconds += new.table.picoseconds[sample]
    tally.servingTimeUs = servingPicoseconds / 1_000_000
    tally.shadowTimeUs = shadowPicoseconds / 1_000_000
  }

  private func answer(_ sample: Int, of model: Model, isMute: Bool) -> UInt8 {
    if isSpoilt(sample) { return truth[sample] == 0 ? 1 : 0 }
    return isMute ? 0 : model.table.answers[sample]
  }

  /// The same samples for every model.
  private func isSpoilt(_ sample: Int) -> Bool {
    guard spoiltPerMille > 0 else { return false }
    var draw = SimulationRandom(seed: UInt64(sample))
    return draw.next() % 1_000 < UInt64(spoiltPerMille)
  }

  /// Counts the events of one inference; its spikes.
  private mutating func spend(_ model: Model, _ sample: Int, isMute: Bool) -> UInt64 {
    let spikes = model.table.add(sample, to: &counters.inferenceCounts)
    picoseconds += model.table.picoseconds[sample]
    guard isMute else { return spikes }
    counters.inferenceCounts[AnswerTable.spikeKind] -= spikes
    return 0
  }

  // MARK: telemetry

  /// All counters since the start.
  package func window() -> WireTelemetryWindow {
    var window = counters
    window.chipTimeUs = picoseconds / 1_000_000
    window.modelDigest = wireBytes(serving?.model.digest.bytes ?? [])
    window.priceDigest = wireBytes((serving?.model.price ?? lastPrices)?.bytes ?? [])
    window.learningState = "idle"
    if shadow != nil || tally.samples > 0 { window.shadow = tally }
    if let shadow { window.shadow.modelDigest = wireBytes(shadow.model.digest.bytes) }
    return window
  }
}

extension ProbeFigures.Tally {
  /// One inference; `isHit` is nil where the label is not known.
  fileprivate mutating func add(spikes: UInt64, isHit: Bool?) {
    inferences += 1
    self.spikes += spikes
    guard let isHit else { return }
    labelled += 1
    if isHit { correct += 1 }
  }

  fileprivate func since(_ earlier: Self) -> Self {
    Self(
      inferences: inferences - earlier.inferences, labelled: labelled - earlier.labelled,
      correct: correct - earlier.correct, spikes: spikes - earlier.spikes)
  }
}
