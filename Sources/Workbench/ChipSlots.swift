import Accelerator
import CompiledModel
import FleetCore
import FleetProtocol
import SpikingNetwork

/// A model on a chip of its own, and what it was seen to do.
struct LoadedModel: Sendable {
  let digest: ContentDigest
  /// As it was published.
  let model: CompiledModel
  var accelerator: Accelerator
  /// Of inferences on the stream; the sample of its first check is not one.
  private(set) var counted = ProbeFigures.Tally()
  private var learner: ServingLearner?
  /// What it had learnt when it was loaded, or learnt last.
  private var learnt: [[Int16]]

  init(
    digest: ContentDigest, model: CompiledModel, learnt: [[Int16]], accelerator: Accelerator
  ) {
    self.digest = digest
    self.model = model
    self.learnt = learnt
    self.accelerator = accelerator
  }

  /// Shows a sample; the class that it answers with.
  mutating func infer(_ sample: LabelledSample, known: Int?) -> Int {
    let before = spikes
    let answer = accelerator.infer(sample.intensities, sample: sample.id).label
    count(answer, known, spikes - before)
    return answer
  }

  /// Shows a sample and learns from it; what it answers with never knows the label.
  mutating func learn(
    _ sample: LabelledSample, known: Int?, reward: Int32?
  ) -> (answer: Int, isLearnt: Bool) {
    guard var learner else { return (infer(sample, known: known), false) }
    // Taken out while it works, so that nothing of it is copied.
    self.learner = nil
    let before = spikes
    let shown = learner.show(sample, known: known, reward: reward, on: &accelerator)
    self.learner = learner
    count(shown.answer, known, spikes - before)
    return shown
  }

  private mutating func count(_ answer: Int, _ known: Int?, _ spikes: UInt64) {
    counted.inferences += 1
    counted.spikes += spikes
    if let known {
      counted.labelled += 1
      if answer == known { counted.correct += 1 }
    }
  }

  private var spikes: UInt64 {
    let kind = EventKind.spike.rawValue
    return accelerator.inferenceCounts[kind] + accelerator.learningCounts[kind]
  }

  // MARK: learning while serving

  /// Whether it learns.
  var isLearning: Bool { learner != nil }
  /// Samples that it has learnt from; nil where it does not learn.
  var learntSamples: UInt64? { learner?.samples }

  /// What it has learnt.
  var learnedState: [[Int16]] { learner?.state(of: model, on: accelerator) ?? learnt }

  /// Goes on learning on a chip of its own; what the one before counted is returned.
  mutating func startLearning(
    _ terms: ServingLearning, _ settings: LearningSettings
  ) throws(ConfigurationError) -> Accelerator {
    let before = accelerator
    learner = try ServingLearner(
      terms, published: model, learnt: learnedState, settings: settings, accelerator: &accelerator)
    return before
  }

  /// Keeps what it has learnt and learns no more.
  mutating func stopLearning() {
    learnt = learnedState
    learner = nil
  }

  /// What its chip has counted and how long it took.
  var cost: ChipCost {
    ChipCost(counts: accelerator.inferenceCounts, picoseconds: accelerator.inferencePicoseconds)
  }
}

/// Events and time of a chip.
struct ChipCost: Sendable {
  var counts: [UInt64]
  var picoseconds: UInt64

  func since(_ earlier: ChipCost) -> ChipCost {
    ChipCost(
      counts: zip(counts, earlier.counts).map { $0 - $1 },
      picoseconds: picoseconds - earlier.picoseconds)
  }
}

/// A model that runs beside the one that serves, on a share of the same samples.
struct ChipShadow: Sendable {
  private(set) var model: LoadedModel
  /// Of all shadows since the start.
  private(set) var tally: WireShadowTally
  private let perMille: UInt32
  private var due: UInt32 = 0
  private var servingPicoseconds: UInt64
  private var shadowPicoseconds: UInt64

  init(_ model: LoadedModel, perMille: UInt32, tally: WireShadowTally) {
    self.model = model
    self.perMille = perMille
    self.tally = tally
    servingPicoseconds = tally.servingTimeUs * 1_000_000
    shadowPicoseconds = tally.shadowTimeUs * 1_000_000
  }

  /// Whether it takes the next sample: evenly spread, so that no pattern of the stream decides.
  mutating func isDue() -> Bool {
    due += perMille
    guard due >= 1_000 else { return false }
    due -= 1_000
    return true
  }

  /// Answers a sample that the serving model has answered at that cost.
  mutating func compare(
    _ sample: LabelledSample, known: Int?, with answer: Int, cost: ChipCost
  ) {
    let start = model.cost
    let own = model.infer(sample, known: known)
    let ownCost = model.cost.since(start)
    tally.samples += 1
    if own != answer { tally.disagreements += 1 }
    if let known {
      tally.labelled += 1
      if answer == known, own != known { tally.onlyServing += 1 }
      if own == known, answer != known { tally.onlyShadow += 1 }
    }
    tally.servingCounts = WireTelemetryWindow.sum(tally.servingCounts, cost.counts)
    tally.shadowCounts = WireTelemetryWindow.sum(tally.shadowCounts, ownCost.counts)
    servingPicoseconds += cost.picoseconds
    shadowPicoseconds += ownCost.picoseconds
    tally.servingTimeUs = servingPicoseconds / 1_000_000
    tally.shadowTimeUs = shadowPicoseconds / 1_000_000
  }
}

/// The first inferences of a model that serves, being counted.
struct ChipProbation: Sendable {
  private(set) var remaining: UInt64
  let start: ProbeFigures.Tally

  init(inferences: UInt64, start: ProbeFigures.Tally) {
    remaining = inferences
    self.start = start
  }

  var isDone: Bool { remaining == 0 }

  mutating func count() {
    if remaining > 0 { remaining -= 1 }
  }
}

extension ProbeFigures.Tally {
  func since(_ earlier: Self) -> Self {
    var tally = self
    tally.inferences -= earlier.inferences
    tally.labelled -= earlier.labelled
    tally.correct -= earlier.correct
    tally.spikes -= earlier.spikes
    return tally
  }
}
