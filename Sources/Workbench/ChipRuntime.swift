import Accelerator
import CompiledModel
import Federation
package import FleetCore
package import FleetProtocol
package import SpikingNetwork

/// The chips of a node as a value: one serves the stream; beside it another one may learn, and
/// another one run along to be compared.
///
/// Whoever owns it says when: each call shows one sample or none. It reads no clock and no disk.
/// Counters only rise, also over changes of the model and runs that were given up.
package struct ChipRuntime: Sendable {
  /// Samples over which online accuracy is judged; a new model starts a new window.
  package static let recentSamples = 200
  /// Models that are loaded and not asked to serve yet; the oldest gives way.
  private static let loadedMax = 2

  private let chip: String
  private let stream: NodeStream
  private let settings: LearningSettings
  private let labelMax: Int
  private var loaded: [LoadedModel] = []
  private var serving: LoadedModel?
  private var shadow: ChipShadow?
  private var probe: ChipProbation?
  /// What shadows that are gone were found to do.
  private var shadowTally = WireShadowTally()
  /// What the model before the one that serves did.
  private var before = ProbeFigures.Tally()
  private var cursor = 0
  private var runs: [TrainingRun] = []
  private var recent = RecentAccuracy(size: recentSamples)
  /// What was counted by chips that are gone, and all that is no count of a chip.
  private var counters = WireTelemetryWindow()
  private var retiredEnergy = EnergyReading()
  /// False where learning waits.
  private var learns = true
  private var retiredPicoseconds: UInt64 = 0
  /// The table of the last model that was probed or trained: what counts where none serves.
  private var lastPrices: [UInt8] = []

  /// A node without a model; the stream has at least one sample.
  package init(
    chip: String, stream: NodeStream, settings: LearningSettings = LearningSettings()
  ) {
    precondition(!stream.samples.isEmpty, "a stream without samples")
    self.chip = chip
    self.stream = stream
    self.settings = settings
    labelMax = stream.labelMax
  }

  /// The same with a stream in which each sample has its own label.
  package init(chip: String, stream: LabelledSamples) {
    self.init(chip: chip, stream: NodeStream(stream))
  }

  // MARK: models

  /// Reads a model, holds it against chip and stream, and shows it one sample as a probe.
  ///
  /// The probe counts as an inference. What serves goes on.
  package mutating func load(
    _ digest: ContentDigest, bytes: [UInt8], learnt: [UInt8]? = nil
  ) -> LoadOutcome {
    let model: CompiledModel
    do {
      model = try readModel(bytes)
    } catch {
      return .refused(code: error.code, detail: error.detail)
    }
    var state = model.learnedState
    if let learnt {
      guard let read = LearntBlob.state(learnt, of: model) else {
        return .learningLost(detail: "\(learnt.count) bytes that this model cannot have learnt")
      }
      state = read
    }
    var accelerator = Accelerator(learnt == nil ? model : model.replacingLearnedState(state))
    let probe = stream.samples[cursor]
    _ = accelerator.infer(probe.intensities, sample: probe.id)
    counters.inferences += 1
    lastPrices = model.prices.digest
    for older in loaded where older.digest == digest { retire(older) }
    loaded.removeAll { $0.digest == digest }
    if loaded.count == Self.loadedMax { retire(loaded.removeFirst()) }
    loaded.append(
      LoadedModel(digest: digest, model: model, learnt: state, accelerator: accelerator))
    return .ready
  }

  /// Takes a model out of those that are loaded and not asked for yet.
  private mutating func take(_ digest: ContentDigest) -> LoadedModel? {
    loaded.firstIndex { $0.digest == digest }.map { loaded.remove(at: $0) }
  }

  /// Serves a loaded model from the next sample on; false where it is not loaded.
  package mutating func serve(_ digest: ContentDigest) -> Bool {
    guard let next = take(digest) else { return serving?.digest == digest }
    if let serving { retire(serving) }
    before = serving?.counted ?? ProbeFigures.Tally()
    serving = next
    probe = nil
    recent = RecentAccuracy(size: Self.recentSamples)
    return true
  }

  /// Whether a model serves.
  package var isServing: Bool { serving != nil }

  /// Shows the next sample of the stream to the model that serves, and starts over at its end.
  package mutating func inferNext() {
    guard serving != nil else { return }
    let position = cursor
    let sample = stream.samples[position]
    let known = stream.events.labels[position]
    cursor = (cursor + 1) % stream.samples.count
    let answer = infer(sample, known: known, at: position)
    probe?.count()
    counters.inferences += 1
    guard let known else { return }
    let isHit = answer == known
    counters.labelled += 1
    if isHit { counters.correct += 1 }
    recent.add(isHit)
  }

  /// The answer of the model that serves; where it is the shadow's turn, it answers too.
  private mutating func infer(
    _ sample: LabelledSample, known: Int?, at position: Int
  ) -> Int? {
    guard shadow?.isDue() == true, let start = serving?.cost else {
      return serve(sample, known: known, at: position)
    }
    guard let answer = serve(sample, known: known, at: position), let end = serving?.cost else {
      return nil
    }
    shadow?.compare(sample, known: known, with: answer, cost: end.since(start))
    return answer
  }

  private mutating func serve(
    _ sample: LabelledSample, known: Int?, at position: Int
  ) -> Int? {
    guard learns, serving?.isLearning == true else {
      return serving?.infer(sample, known: known)
    }
    guard
      let (answer, isLearnt) = serving?.learn(
        sample, known: known, reward: stream.events.reward(of: position))
    else { return nil }
    if isLearnt {
      counters.learningSamples += 1
      if let known, answer == known { counters.learningCorrect += 1 }
    }
    return answer
  }

  // MARK: learning while serving

  /// Lets the model that serves learn, or learn no longer; nothing happens to another one.
  package mutating func learn(
    _ digest: ContentDigest, _ terms: ServingLearning?
  ) throws(ConfigurationError) {
    guard var serving, serving.digest == digest else { return }
    if let terms {
      let former = try serving.startLearning(terms, settings)
      retire(former, serving.model.prices)
    } else {
      serving.stopLearning()
    }
    self.serving = serving
  }

  /// Learns from now on, or waits with learning, in rounds and while serving.
  package mutating func pace(learns: Bool) { self.learns = learns }

  /// What the model that serves has learnt, as the bytes of a blob; nil where it does not learn.
  package func servingLearnt() -> (model: ContentDigest, samples: UInt64, bytes: [UInt8])? {
    guard let serving, let samples = serving.learntSamples else { return nil }
    return (serving.digest, samples, LearntBlob.bytes(of: serving.learnedState))
  }

  /// Samples that the model that serves has learnt from; nil where it does not learn.
  package var servingLearntSamples: UInt64? { serving?.learntSamples }

  // MARK: shadow and probation

  /// Runs a loaded model beside what serves from the next sample on; false where it is not loaded.
  package mutating func shadow(_ digest: ContentDigest, perMille: UInt32) -> Bool {
    guard let model = take(digest) else { return false }
    stopShadow()
    shadow = ChipShadow(model, perMille: perMille, tally: shadowTally)
    return true
  }

  /// Nothing runs beside what serves any more; what was counted stays counted.
  package mutating func stopShadow() {
    guard let shadow else { return }
    retire(shadow.model)
    shadowTally = shadow.tally
    self.shadow = nil
  }

  /// Counts what the model that serves does in its next inferences.
  package mutating func probe(_ digest: ContentDigest, inferences: UInt32) {
    guard let serving, serving.digest == digest else { return }
    probe = ChipProbation(inferences: UInt64(max(1, inferences)), start: serving.counted)
  }

  /// The figures of a probe, once, when it has made its inferences.
  package mutating func takeProbe() -> (ContentDigest, ProbeFigures)? {
    guard let probe, probe.isDone, let serving else { return nil }
    self.probe = nil
    return (
      serving.digest, ProbeFigures(probed: serving.counted.since(probe.start), before: before)
    )
  }

  // MARK: training

  /// Starts a training run, after those that were started before.
  ///
  /// `residual` is what earlier updates of the job left out, encoded; one that is not of the model
  /// is refused with the code `residual`. `localState` is what the order's local layers have
  /// learnt; one that is not of the model is refused with the code `local-state`.
  package mutating func begin(
    _ order: TrainingOrder, base bytes: [UInt8], residual: [UInt8]? = nil,
    localState: [UInt8]? = nil
  ) throws(ChipRefusal) {
    let model = try readModel(bytes)
    var run: TrainingRun
    do {
      run = try TrainingRun(
        order, model: model, stream: stream, settings: settings, localState: localState)
    } catch let error as ChipRefusal {
      throw error
    } catch {
      throw ChipRefusal(code: "not-plastic", detail: "\(error)")
    }
    do throws(UpdateError) {
      try run.carry(residual)
    } catch {
      throw ChipRefusal(code: ChipRefusal.residualCode, detail: "\(error)")
    }
    guard labelMax < model.classes else {
      throw ChipRefusal(
        code: "stream-labels",
        detail: "the stream has label \(labelMax), model `\(model.name)` \(model.classes) classes")
    }
    guard order.samples > 0 else {
      throw ChipRefusal(code: "samples", detail: "a run of no samples")
    }
    stopTraining(order.key)
    lastPrices = model.prices.digest
    runs.append(run)
  }

  /// Gives up a run; what it counted stays counted.
  package mutating func stopTraining(_ key: RoundKey) {
    for index in runs.indices.reversed() where runs[index].order.key == key {
      retire(runs.remove(at: index))
    }
  }

  /// The round whose run is trained next; nil without any, or where learning waits.
  package var trainingKey: RoundKey? { learns ? runs.first?.order.key : nil }

  /// Trains the next sample of the oldest run, or shows it to the base whose loss is asked for; the
  /// run's outcome after its last one.
  package mutating func trainNext() -> FinishedTraining? {
    guard !runs.isEmpty, !runs[0].measureNext() else { return nil }
    let isHit = runs[0].trainNext()
    counters.learningSamples += 1
    if isHit == true { counters.learningCorrect += 1 }
    guard runs[0].isDone else { return nil }
    let run = runs.removeFirst()
    retire(run)
    return run.finished()
  }

  // MARK: telemetry

  /// All counters since the start; the owner adds what it alone knows.
  package func window() -> WireTelemetryWindow {
    var window = counters
    var picoseconds = retiredPicoseconds
    let servers = loaded + [serving, shadow?.model].compactMap { $0 }
    for accelerator in servers.map(\.accelerator) {
      window.addInference(on: accelerator)
      picoseconds += accelerator.picoseconds
    }
    for accelerator in runs.map(\.accelerator) {
      window.addTraining(on: accelerator)
      picoseconds += accelerator.picoseconds
    }
    window.chipTimeUs = picoseconds / 1_000_000
    window.modelDigest = wireBytes(serving?.digest.bytes ?? [])
    window.priceDigest = wireBytes(serving?.model.prices.digest ?? lastPrices)
    window.learningState =
      serving?.isLearning == true
      ? LearningState.serving
      : runs.first.map { "\($0.order.key)" } ?? LearningState.idle
    window.recentLabelled = UInt32(recent.labelled)
    window.recentCorrect = UInt32(recent.correct)
    if let shadow {
      window.shadow = shadow.tally
      window.shadow.modelDigest = wireBytes(shadow.model.digest.bytes)
    } else if shadowTally.samples > 0 {
      window.shadow = shadowTally
    }
    return window
  }

  /// What all chips have used since the start, by the price tables of their models.
  package func energy() -> EnergyReading {
    var energy = retiredEnergy
    for server in loaded + [serving, shadow?.model].compactMap(\.self) {
      energy.add(server.accelerator, server.model.prices)
    }
    for run in runs { energy.add(run.accelerator, run.prices, isTraining: true) }
    return energy
  }

  private mutating func retire(_ server: LoadedModel) {
    retire(server.accelerator, server.model.prices)
  }

  private mutating func retire(_ accelerator: Accelerator, _ prices: PriceTable) {
    counters.addInference(on: accelerator)
    retiredPicoseconds += accelerator.picoseconds
    retiredEnergy.add(accelerator, prices)
  }

  private mutating func retire(_ run: TrainingRun) {
    counters.addTraining(on: run.accelerator)
    retiredPicoseconds += run.accelerator.picoseconds
    retiredEnergy.add(run.accelerator, run.prices, isTraining: true)
  }

  private func readModel(_ bytes: [UInt8]) throws(ChipRefusal) -> CompiledModel {
    let model: CompiledModel
    do {
      model = try CompiledModel(reading: bytes)
    } catch {
      throw ChipRefusal(code: "model-unreadable", detail: "\(error)")
    }
    guard model.chip == chip else {
      throw ChipRefusal(
        code: "chip", detail: "compiled for `\(model.chip)`, this node carries `\(chip)`")
    }
    guard model.sampleSize == stream.samples.channels else {
      throw ChipRefusal(
        code: "stream-shape",
        detail: "model `\(model.name)` has \(model.sampleSize) inputs, the stream "
          + "\(stream.samples.channels) channels")
    }
    return model
  }
}

extension Accelerator {
  /// Time of the chip so far.
  fileprivate var picoseconds: UInt64 { inferencePicoseconds + learningPicoseconds }
}

extension EnergyReading {
  /// Adds what a chip has used; a training run's counts are all for learning.
  fileprivate mutating func add(
    _ accelerator: Accelerator, _ prices: PriceTable, isTraining: Bool = false
  ) {
    let inference = prices.nanojoules(of: accelerator.inferenceCounts)
    let learning = prices.nanojoules(of: accelerator.learningCounts)
    inferenceNanojoules += isTraining ? 0 : inference
    learningNanojoules += isTraining ? inference + learning : learning
  }
}

extension WireTelemetryWindow {
  /// Adds the events of a chip that never learns.
  fileprivate mutating func addInference(on accelerator: Accelerator) {
    inferenceCounts = Self.sum(inferenceCounts, accelerator.inferenceCounts)
    learningCounts = Self.sum(learningCounts, accelerator.learningCounts)
  }

  /// Adds the events of a training run, also of what a taught model is shown without learning.
  fileprivate mutating func addTraining(on accelerator: Accelerator) {
    learningCounts = Self.sum(learningCounts, accelerator.counts)
    inferenceCounts = Self.sum(inferenceCounts, accelerator.counts.map { _ in 0 })
  }

  /// The sum kind by kind; an empty list has counted nothing.
  static func sum(_ left: [UInt64], _ right: [UInt64]) -> [UInt64] {
    left.isEmpty ? right : zip(left, right).map { $0 &+ $1 }
  }
}
