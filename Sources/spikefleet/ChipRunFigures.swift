import CompiledModel
import Workbench

/// A run's figures, in the units people compare.
struct ChipRunFigures: Encodable {
  /// Events of a layer's cores.
  struct Layer: Encodable {
    var name: String
    var spikesPerSample: Double
    /// By kind; kinds that did not occur are left out.
    var events: [String: UInt64]
  }

  var model: String
  var chip: String
  var samples: Int
  var correct: Int
  /// Percent; with learning, of samples before they were learnt.
  var accuracy: Double
  var learnt: Bool
  var inputSpikesPerSample: Double
  var layers: [Layer]
  /// Of the whole chip, port and barriers included, by kind.
  var events: [String: UInt64]
  /// By component.
  var joulesPerSample: [String: Double]
  var microjoulesPerSample: Double
  var microsecondsPerSample: Double
  /// By the detailed model of time, if it was asked for.
  var detailedMicrosecondsPerSample: Double?
  var saturations: UInt64
  var priceTable: String
  var grade: String
  var metrics: ChipMetrics?
  /// Modelled by the price table, where the model learnt.
  var learning: LearningEfficiency?
  var publishedLearning: [PublishedLearning]?

  /// Throws for an event without a price.
  init(_ run: ChipRun) throws {
    let count = Double(max(1, run.samples))
    model = run.model.name
    chip = run.model.chip
    samples = run.samples
    correct = run.correct
    accuracy = 100 * Double(run.correct) / Double(max(1, run.labelled))
    learnt = run.learnt
    inputSpikesPerSample = Double(run.inputSpikes) / count
    layers = run.model.layers.enumerated().map { index, layer in
      var sums = [UInt64](repeating: 0, count: EventKind.allCases.count)
      for (core, counts) in zip(run.model.cores, run.coreCounts) where core.layer == index {
        for kind in sums.indices { sums[kind] += counts[kind] }
      }
      return Layer(
        name: layer.name, spikesPerSample: Double(run.layerSpikes[index]) / count,
        events: Self.named(sums))
    }
    events = Self.named(run.counts)
    joulesPerSample = [:]
    for (component, joules) in try run.model.prices.joules(of: run.counts) {
      joulesPerSample[component.rawValue] = joules / count
    }
    microjoulesPerSample = try run.model.prices.totalJoules(of: run.counts) / count * 1e6
    microsecondsPerSample = Double(run.picoseconds) / count / 1e6
    detailedMicrosecondsPerSample = run.detailedPicoseconds.map { Double($0) / count / 1e6 }
    saturations = run.saturations
    priceTable = run.model.prices.name
    grade = run.model.prices.weakestGrade.rawValue
    metrics = run.metrics
    learning = try run.learning.flatMap { learning in
      try LearningEfficiency(
        counts: learning.counts, samples: learning.samples, pixels: run.model.inputs,
        prices: run.model.prices)
    }
  }

  private static func named(_ counts: [UInt64]) -> [String: UInt64] {
    var named: [String: UInt64] = [:]
    for kind in EventKind.allCases where counts[kind.rawValue] > 0 {
      named[kind.name] = counts[kind.rawValue]
    }
    return named
  }

  /// The figures of a model's run for a terminal.
  func text(of model: CompiledModel) -> String {
    var lines = [
      "\(model.name) on \(chip): \(correct) of \(samples) right"
        + (learnt ? " before they were learnt" : "") + ", \(Figure.fixed(accuracy, 1)) %",
      "", "events of all samples",
    ]
    lines += eventTable.lines
    lines += ["", "energy for a sample"]
    lines += energyTable.lines
    lines += [
      "prices: \(priceTable), evidence \(grade)",
      "time for a sample: \(Figure.fixed(microsecondsPerSample, 1)) us of the chip; "
        + "\(saturations) values met the end of their range",
    ]
    if let learning {
      let efficiency =
        learning.teraOperationsPerWatt.map { ", \(Figure.fixed($0, 2)) TOPS/W" } ?? ""
      lines.append(
        "learning, modelled: \(Figure.fixed(learning.nanojoulesPerPixel, 4)) nJ a pixel"
          + "\(efficiency), synapses included")
    }
    if learnt, model.layers.contains(where: { $0.teacher != nil }) {
      lines.append("a sample is shown twice: to be judged, and with its teacher to be learnt")
    } else if learnt, model.learnsWithinSamples {
      lines.append(
        "a sample is shown twice: to be judged, and to be learnt, as weights change in each step")
    }
    if let assignment = model.layers.last?.assignment, assignment.isEmpty {
      lines.append(
        "no neuron is assigned to a class yet, so that class 0 is all it says; show samples with "
          + "--learn or --assign")
    }
    if let detailedMicrosecondsPerSample {
      lines.append(
        "with messages followed over the mesh: \(Figure.fixed(detailedMicrosecondsPerSample, 1)) us"
      )
      if model.sendsMoreThanSpikes {
        lines.append("messages by which cores find winners and scores are not among them")
      }
    }
    if let metrics {
      lines += ["", "metrics as NeuroBench defines them"] + metrics.table(of: model).lines
      lines += ownCounts(of: model)
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// Work of neurons as this chip counts it, and whose work NeuroBench has no measure for.
  private func ownCounts(of model: CompiledModel) -> [String] {
    var table = TextTable([.text("COUNT OF THE CHIP"), .number("VALUE"), .text("UNIT")])
    for kind in [EventKind.neuronUpdate, .neuronAccess] {
      let count = Double(events[kind.name] ?? 0) / Double(max(1, samples))
      table.add([kind.name, Figure.fixed(count, 1), "a sample"])
    }
    let missing = ChipMetrics.layersWithoutCounterpart(in: model)
    guard !missing.isEmpty else { return [""] + table.lines }
    return [
      "",
      "NeuronOperations: NeuroBench has no such neurons as those of "
        + missing.joined(separator: ", "), "",
    ] + table.lines
  }

  private var eventTable: TextTable {
    let kinds = EventKind.allCases.filter { events[$0.name] != nil }
    var table = TextTable(
      [.text("EVENT")] + layers.map { .number($0.name) } + [.number("chip")])
    table.add(
      ["spikes of a sample"] + layers.map { Figure.fixed($0.spikesPerSample, 1) }
        + ["input \(Figure.fixed(inputSpikesPerSample, 1))"])
    for kind in kinds {
      table.add(
        [kind.name]
          + layers.map { layer in layer.events[kind.name].map { "\($0)" } ?? Figure.missing }
          + ["\(events[kind.name] ?? 0)"])
    }
    return table
  }

  private var energyTable: TextTable {
    var table = TextTable(
      EnergyComponent.allCases.map { .number($0.rawValue) } + [.number("uJ/sample")])
    table.add(
      EnergyComponent.allCases.map { Figure.joules(joulesPerSample[$0.rawValue]) }
        + [Figure.fixed(microjoulesPerSample, 3)])
    return table
  }
}
