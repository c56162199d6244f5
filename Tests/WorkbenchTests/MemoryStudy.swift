import Accelerator
import CompiledModel

/// A network of 784-100 that learns one sample by pair STDP on `cim-stdp`, and what its joules come
/// to under different readings of the two published figures.
struct MemoryStudy {
  /// Published: operations per joule, and joules of a pixel.
  static let operationsPerJoule = 70.38e12
  static let joulesPerPixel = 0.47e-9
  static let pixels = 784
  static let columns = 100

  let chip: Chip
  /// Counts of the sample, learnt without a label.
  let counts: [UInt64]
  let inputSpikes: Int
  let outputSpikes: Int

  /// Shows an input of 5 % to the chip.
  init(_ chip: Chip) throws {
    self.chip = chip
    let model = Self.model(for: chip)
    try model.validate()
    var accelerator = Accelerator(model)
    let shown = accelerator.learn(
      [UInt8](repeating: 13, count: Self.pixels), sample: 1, label: nil, seed: 1, ordinal: 0)
    counts = accelerator.learningCounts
    inputSpikes = shown.inputSpikes
    outputSpikes = shown.layerSpikes.reduce(0, +)
  }

  private static func model(for chip: Chip) -> CompiledModel {
    // From 0 to 96 of 127, spread evenly; the eight bits that the chip keeps are the upper ones.
    let weights = (0..<pixels * columns).map { Int16($0 * 7919 % 97 * 256) }
    let rule = PairSTDPProgram(
      preDecay: 3892, postDecay: 3892, impulse: 1024, potentiation: 40, depression: 40)
    return CompiledModel(
      name: "stdp-784-100", chip: chip.name, steps: 100, inputs: pixels,
      input: .bernoulli(seed: 1), arithmetic: chip.arithmetic,
      layers: [
        CompiledLayer(
          name: "output",
          neurons: .spiking(
            SpikingProgram(
              membrane: MembraneProgram(decay: 3686), threshold: NeuronValues(20_000),
              reset: .hard)), size: columns, exponent: 0,
          connections: [
            CompiledConnection(
              source: nil, sourceSize: pixels,
              weights: .plastic(weights, .pairSTDP(rule), bounds: 0...32_512))
          ], phase: 1)
      ],
      cores: [PlacedCore(layer: 0, firstNeuron: 0, neuronCount: columns, column: 0, row: 0)],
      prices: chip.prices, timing: chip.timing)
  }

  /// Counts of the sample.
  var countLines: [String] {
    var table = PageTable(header: ["event", "count"])
    for kind in EventKind.allCases where counts[kind.rawValue] > 0 {
      table.rows.append([kind.name, PageNumber.grouped(counts[kind.rawValue])])
    }
    return table.lines
  }

  /// The sample under different readings of an operation and of a pixel.
  func sensitivity() throws -> [String] {
    var table = PageTable(
      header: [
        "reading", "one operation pJ", "one visit pJ", "array nJ", "learning nJ",
        "neurons, traffic, barrier nJ", "together nJ",
      ])
    let visits = Double(counts[EventKind.learningOperation.rawValue])
    let operation = 1 / Self.operationsPerJoule
    let pixel = Self.joulesPerPixel
    for columns in [10.0, 64, 100, 128, 256, 1024] {
      table.rows.append(
        try row(
          "a pixel is one visit of its row, \(Int(columns)) columns"
            + (columns == 128 ? ", **the file**" : ""),
          operation: 2 * operation, visit: pixel / columns))
    }
    table.rows.append(
      try row(
        "the file, a weight added being one operation", operation: operation, visit: pixel / 128))
    table.rows.append(
      try row(
        "a pixel is all visits of its row in a sample", operation: 2 * operation,
        visit: pixel * Double(Self.pixels) / visits))
    table.rows.append(
      try row("a visit is two operations", operation: 2 * operation, visit: 2 * operation))
    return table.lines
  }

  private func row(
    _ reading: String, operation: Double, visit: Double
  ) throws -> [String] {
    let array = Double(counts[EventKind.synapticOperation.rawValue]) * operation
    let learning = Double(counts[EventKind.learningOperation.rawValue]) * visit
    let parts = try chip.prices.joules(of: counts)
    let rest = [EnergyComponent.neuron, .traffic, .synchronisation].reduce(0) {
      $0 + (parts[$1] ?? 0)
    }
    return [reading, PageNumber.rounded(operation * 1e12), PageNumber.rounded(visit * 1e12)]
      + [array, learning, rest, array + learning + rest].map { PageNumber.rounded($0 * 1e9) }
  }
}
