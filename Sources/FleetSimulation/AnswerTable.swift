/// What a model answers to each sample of a pool and what that costs: what a chip was seen to do,
/// or what is drawn.
///
/// A chip gives the same answer to the same sample on every node and at every time, so that a table
/// of one pass over the pool stands for as many nodes and runs as are wanted.
package struct AnswerTable: Sendable, Equatable {
  /// The position of the spikes in a vector of counts: `EventKind.spike`.
  package static let spikeKind = 3

  /// Kinds of events that are counted.
  package let kinds: Int
  /// The class that each sample is answered with.
  package private(set) var answers: [UInt8] = []
  /// Chip time of each sample, in picoseconds.
  package private(set) var picoseconds: [UInt64] = []
  /// Joules of one event, by kind.
  package var joulesPerEvent: [Double]
  /// Events of all samples, one vector after the other.
  private var counts: [UInt32] = []

  /// A table without samples.
  package init(joulesPerEvent: [Double]) {
    precondition(joulesPerEvent.count > Self.spikeKind, "\(joulesPerEvent.count) kinds of events")
    kinds = joulesPerEvent.count
    self.joulesPerEvent = joulesPerEvent
  }

  /// Samples of the pool.
  package var samples: Int { answers.count }

  /// Adds the next sample of the pool.
  package mutating func add(answer: UInt8, counts: [UInt64], picoseconds: UInt64) {
    precondition(counts.count == kinds, "\(counts.count) counts for \(kinds) kinds")
    answers.append(answer)
    self.counts += counts.map { UInt32(clamping: $0) }
    self.picoseconds.append(picoseconds)
  }

  /// Events of a sample, by kind.
  package func counts(of sample: Int) -> ArraySlice<UInt32> {
    counts[sample * kinds..<(sample + 1) * kinds]
  }

  /// Adds the events of a sample to sums by kind, and returns its spikes.
  @discardableResult
  package func add(_ sample: Int, to sums: inout [UInt64]) -> UInt64 {
    if sums.isEmpty { sums = [UInt64](repeating: 0, count: kinds) }
    let first = sample * kinds
    for kind in 0..<kinds { sums[kind] &+= UInt64(counts[first + kind]) }
    return UInt64(counts[first + Self.spikeKind])
  }

  /// Joules of so many events by kind.
  package func joules(of counts: [UInt64]) -> Double {
    zip(counts, joulesPerEvent).reduce(0) { $0 + Double($1.0) * $1.1 }
  }
}

// MARK: figures

extension AnswerTable {
  /// Share of the samples that are answered right, 0 without samples.
  package func accuracy(on truth: [UInt8]) -> Double {
    let right = zip(answers, truth).count { $0 == $1 }
    return samples == 0 ? 0 : Double(right) / Double(samples)
  }

  /// Joules of a mean sample.
  package var meanJoules: Double {
    var sums = [UInt64](repeating: 0, count: kinds)
    for sample in 0..<samples {
      for (kind, count) in counts(of: sample).enumerated() { sums[kind] += UInt64(count) }
    }
    return samples == 0 ? 0 : joules(of: sums) / Double(samples)
  }

  /// Spikes of a mean sample.
  package var meanSpikes: Double {
    let sum = (0..<samples).reduce(0) { $0 + UInt64(counts[$1 * kinds + Self.spikeKind]) }
    return samples == 0 ? 0 : Double(sum) / Double(samples)
  }

  /// Share of the samples that both tables answer with another class.
  package func disagreement(with other: AnswerTable) -> Double {
    let apart = zip(answers, other.answers).count { $0 != $1 }
    return samples == 0 ? 0 : Double(apart) / Double(samples)
  }
}

// MARK: what is done to a model

/// How a model is made another one in a rehearsal; nothing by default.
package struct ModelChange: Sendable, Equatable {
  /// Points of accuracy that it gains, or loses below 0.
  package var accuracyPoints = 0.0
  /// Percent of the inputs on which it is right where it was wrong, and as many the other way.
  package var churnPercent = 0.0
  /// Percent by which each event costs more joules, or less below 0.
  package var joulesPercent = 0.0
  /// Percent by which it spikes more, or less below 0; nothing else that is counted changes.
  package var spikesPercent = 0.0
  /// Percent by which an inference takes longer on the chip, or shorter below 0.
  package var latencyPercent = 0.0
  /// A layer is dead: no neuron fires, and every answer is the first class.
  package var isSilent = false

  /// No change.
  package init() {}
}

extension AnswerTable {
  /// The table of the model after the change; what is drawn follows from `seed`.
  package func changed(by change: ModelChange, truth: [UInt8], seed: UInt64) -> AnswerTable {
    precondition(truth.count == samples, "\(truth.count) labels for \(samples) samples")
    var table = self
    var random = SimulationRandom(seed: seed)
    let isRight = zip(answers, truth).map { $0 == $1 }
    var right = isRight.indices.filter { isRight[$0] }.shuffled(using: &random)
    var wrong = isRight.indices.filter { !isRight[$0] }.shuffled(using: &random)
    let churn = Self.part(change.churnPercent, of: samples)
    let moved = Self.part(abs(change.accuracyPoints), of: samples)
    for _ in 0..<churn + (change.accuracyPoints < 0 ? moved : 0) {
      guard let sample = right.popLast() else { break }
      table.answers[sample] = truth[sample] == 0 ? 1 : 0
    }
    for _ in 0..<churn + (change.accuracyPoints > 0 ? moved : 0) {
      guard let sample = wrong.popLast() else { break }
      table.answers[sample] = truth[sample]
    }
    table.joulesPerEvent = joulesPerEvent.map { $0 * (1 + change.joulesPercent / 100) }
    table.picoseconds = picoseconds.map { Self.scaled($0, by: change.latencyPercent) }
    for sample in 0..<samples {
      let place = sample * kinds + Self.spikeKind
      table.counts[place] = UInt32(
        clamping: Self.scaled(UInt64(counts[place]), by: change.spikesPercent))
      guard change.isSilent else { continue }
      table.counts[place] = 0
      table.answers[sample] = 0
    }
    return table
  }

  private static func part(_ percent: Double, of samples: Int) -> Int {
    Int((Double(samples) * percent / 100).rounded())
  }

  private static func scaled(_ value: UInt64, by percent: Double) -> UInt64 {
    UInt64(max(0, (Double(value) * (1 + percent / 100)).rounded()))
  }
}

// MARK: without a chip

/// A model of which only figures are known.
package struct DrawnModel: Sendable, Equatable {
  /// Percent of the inputs that it answers right.
  package var accuracyPercent = 90.0
  /// Microjoules of a mean inference.
  package var microjoules = 20.0
  /// Spikes of a mean inference.
  package var spikes = 300.0
  /// Chip time of a mean inference in microseconds.
  package var microseconds = 500.0

  /// A model of some hundred neurons.
  package init() {}

  /// Inputs of the pool that answers are drawn for.
  package static let samples = 40_000
  private static let classes: UInt8 = 10
  /// How far a single inference lies from the mean at most, as a share of it.
  private static let spread = 0.3

  /// Answers and true labels of a pool that follows from `seed`.
  package func table(seed: UInt64) -> (AnswerTable, truth: [UInt8]) {
    var random = SimulationRandom(seed: seed)
    // One operation costs what the mean inference does over its operations.
    let operations = 10_000.0
    var table = AnswerTable(joulesPerEvent: [microjoules * 1e-6 / operations, 0, 0, 0])
    let truth = (0..<Self.samples).map { _ in UInt8.random(in: 0..<Self.classes, using: &random) }
    let right = Int((Double(Self.samples) * accuracyPercent / 100).rounded())
    let order = truth.indices.shuffled(using: &random)
    var isRight = [Bool](repeating: false, count: truth.count)
    for place in order.prefix(right) { isRight[place] = true }
    for (place, label) in truth.enumerated() {
      let factor = 1 + Double.random(in: -Self.spread...Self.spread, using: &random)
      table.add(
        answer: isRight[place] ? label : (label + 1) % Self.classes,
        counts: [
          UInt64((operations * factor).rounded()), 0, 0, UInt64((spikes * factor).rounded()),
        ],
        picoseconds: UInt64((microseconds * factor * 1e6).rounded()))
    }
    return (table, truth)
  }
}
