package import CompiledModel
import FleetProtocol

/// What one inference costs: spikes, events, joules and time, with where the figures come from.
package struct InferenceCost: Codable, Sendable, Equatable {
  /// Where the spikes come from; raw values are stable text.
  package enum Basis: String, Codable, Sendable {
    /// The chip was shown samples; figures are means.
    case measured
    /// Every neuron was taken to spike equally often; figures are a guess.
    case assumed
  }

  /// Joules of a part of the chip.
  package struct Component: Codable, Sendable, Equatable {
    /// Name of the part.
    package let component: String
    /// Its energy; nil for learning in a network that learns, which is no part of an inference.
    package let joulesPerInference: Double?
    /// Weakest evidence grade of the prices that were charged; nil where nothing was.
    package let weakestGrade: EvidenceGrade?
  }

  /// Spikes of a layer.
  package struct Spikes: Codable, Sendable, Equatable {
    /// Name of the layer.
    package let layer: String
    /// Its spikes.
    package let perInference: Double
  }

  /// Where the spikes come from.
  package let basis: Basis
  /// Samples shown; 0 for assumed spikes.
  package let samples: Int
  /// Share of steps in which each neuron was taken to spike; nil for measured spikes.
  package let assumedSpikeShare: Double?
  /// Spikes of the input.
  package let inputSpikesPerInference: Double
  /// Spikes of each layer that can spike.
  package let layerSpikes: [Spikes]
  /// Events by the name of their kind; kinds that do not occur are left out.
  package let eventsPerInference: [String: Double]
  /// Joules by part of the chip.
  package let components: [Component]
  /// Joules of all parts.
  package let joulesPerInference: Double
  /// Modelled time of the chip, without waiting for input.
  package let microsecondsPerInference: Double
  /// Name of the price table.
  package let priceTable: String
  /// SHA-256 of the price table, in hexadecimal digits.
  package let priceDigest: String
  /// Weakest evidence grade of the prices that were charged.
  package let weakestGradeCharged: EvidenceGrade
  /// Weakest evidence grade of all prices of the table.
  package let weakestGrade: EvidenceGrade

  /// Prices events, one number for each kind; throws for an event without a price.
  init(
    _ model: CompiledModel, basis: Basis, samples: Int, assumedSpikeShare: Double?,
    spikes: [Double], events: [Double], picoseconds: Double
  ) throws(PricingError) {
    self.basis = basis
    self.samples = samples
    self.assumedSpikeShare = assumedSpikeShare
    inputSpikesPerInference = spikes[0]
    layerSpikes = zip(ProbedPopulation.all(of: model), spikes).dropFirst()
      .filter { $0.0.spikes }.map { Spikes(layer: $0.name, perInference: $1) }
    var named: [String: Double] = [:]
    var joules: [EnergyComponent: Double] = [:]
    var grades: [EnergyComponent: EvidenceGrade] = [:]
    for kind in EventKind.allCases where events[kind.rawValue] > 0 {
      let number = events[kind.rawValue]
      named[kind.name] = number
      joules[kind.component, default: 0] += try model.prices.joules(of: kind, number)
      let grade = model.prices[kind]?.grade ?? .assumed
      grades[kind.component] = max(grades[kind.component] ?? grade, grade)
    }
    eventsPerInference = named
    let learns = !model.plasticConnections.isEmpty
    components = EnergyComponent.allCases.map {
      Component(
        component: $0.rawValue,
        joulesPerInference: joules[$0] ?? (learns && $0 == .learning ? nil : 0),
        weakestGrade: grades[$0])
    }
    joulesPerInference = components.reduce(0) { $0 + ($1.joulesPerInference ?? 0) }
    microsecondsPerInference = picoseconds / 1e6
    priceTable = model.prices.name
    priceDigest = Hex.text(model.prices.digest)
    weakestGradeCharged = grades.values.max() ?? model.prices.weakestGrade
    weakestGrade = model.prices.weakestGrade
  }

  /// What a run showed, as means; throws for an event without a price.
  init(_ model: CompiledModel, of run: ParallelEvaluation) throws(PricingError) {
    let samples = Double(max(1, run.samples))
    try self.init(
      model, basis: .measured, samples: run.samples, assumedSpikeShare: nil,
      spikes: ([run.inputSpikes] + run.layerSpikes).map { Double($0) / samples },
      events: run.counts.map { Double($0) / samples },
      picoseconds: Double(run.picoseconds) / samples)
  }
}

extension PriceTable {
  /// Joules of a mean number of events of one kind; throws for a kind without a price.
  func joules(of kind: EventKind, _ number: Double) throws(PricingError) -> Double {
    guard let price = self[kind] else {
      throw PricingError(table: name, event: kind.name, count: UInt64(number.rounded(.up)))
    }
    return number * price.picojoules * 1e-12
  }

  /// Joules of mean numbers of events by kind; throws for an event without a price.
  func joules(of events: [Double]) throws(PricingError) -> Double {
    var sum = 0.0
    for kind in EventKind.allCases where events[kind.rawValue] > 0 {
      sum += try joules(of: kind, events[kind.rawValue])
    }
    return sum
  }
}
