import Accelerator
import CompiledModel
import Workbench

/// A network of 784-100 that learns one sample by pair STDP on `cim-stdp`, and what the prices of
/// the file make of a pixel and of an operation.
struct MemoryStudy {
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

  /// Counts of the sample, what each comes to, and its operations.
  func countLines() throws -> [String] {
    var table = PageTable(header: ["event", "count", "operations each", "nJ"])
    for kind in EventKind.allCases where counts[kind.rawValue] > 0 {
      let picojoules = (chip.prices[kind]?.picojoules ?? 0) * Double(counts[kind.rawValue])
      table.rows.append([
        kind.name, PageNumber.grouped(counts[kind.rawValue]),
        PageNumber.exact(LearningEfficiency.operations(of: kind)),
        PageNumber.rounded(picojoules / 1000),
      ])
    }
    return table.lines
  }

  /// The model's two figures beside the published ones, and under other assumptions.
  func sensitivity() throws -> [String] {
    var table = PageTable(header: ["modelled", "nJ a pixel", "TOPS/W"])
    try table.rows.append(row("**the file**") { _, price in price })
    try table.rows.append(
      row("converters cost nothing") { $0 == .columnConversion ? 0 : $1 })
    try table.rows.append(
      row("converters cost 10 times as much") { $0 == .columnConversion ? 10 * $1 : $1 })
    try table.rows.append(
      row("writing costs 10 times as much") { $0 == .weightWrite ? 10 * $1 : $1 })
    try table.rows.append(
      row("an operation costs 10 times as much") { kind, price in
        LearningEfficiency.operations(of: kind) > 0 ? 10 * price : price
      })
    table.rows.append(
      ["**published**, not said of what"]
        + ["nJ/pixel", "TOPS/W"].map { unit in
          chip.published.first { $0.unit == unit }.map { PageNumber.exact($0.value) } ?? "none"
        })
    return table.lines
  }

  private func row(
    _ assumption: String, _ price: (EventKind, Double) -> Double
  ) throws -> [String] {
    var prices: [EventKind: Price] = [:]
    for kind in EventKind.allCases {
      guard let known = chip.prices[kind] else { continue }
      prices[kind] = Price(
        picojoules: price(kind, known.picojoules), source: known.source, grade: known.grade)
    }
    let table = PriceTable(name: chip.name, prices: prices)
    let figures = try LearningEfficiency(
      counts: counts, samples: 1, pixels: Self.pixels, prices: table)
    return [
      assumption, PageNumber.rounded(figures?.nanojoulesPerPixel ?? 0),
      PageNumber.rounded(figures?.teraOperationsPerWatt ?? 0),
    ]
  }
}
