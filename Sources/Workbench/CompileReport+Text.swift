package import CompiledModel

extension CompileReport {
  /// Cores that the text lists one by one; of more, the fullest of each layer stands for all.
  static let listedCoresMax = 40

  /// The report as text for a terminal, at most 100 columns wide: what was compiled, how full each
  /// core is, `picture`, what an inference costs, and how well the chip agrees.
  package func text(picture: MeshPicture) -> String {
    var lines = [
      "\(network) on \(chip): \(inputs) inputs, \(steps) steps, \(classes) classes, structure "
        + "\(structureDigest.prefix(12))",
      "\(cores.count) of \(mesh.cores) cores on \(mesh.tilesUsed) of \(mesh.columns) x "
        + "\(mesh.rows) tiles; \(Self.bytes(footprint.synapseMemoryBytes)) of synapse memory, "
        + "\(Self.bytes(footprint.learningBytes)) of it to learn",
      "\(Self.bytes(footprint.parameterAndStateBytes)) of parameters and state, file of "
        + "\(Self.bytes(footprint.fileBytes)); \(Self.percent(connectionSparsityShare)) % of "
        + "weights are zero or missing",
      "",
    ]
    lines += layerTable.lines + [""] + connectionTable.lines + [""] + coreLines + [""]
    lines += ["Energy of cores for an inference", picture.text().dropLast() + "", ""]
    lines += costLines
    if let comparison { lines += [""] + Self.lines(of: comparison) }
    return lines.joined(separator: "\n") + "\n"
  }

  private var layerTable: TextTable {
    var table = TextTable([
      .text("LAYER"), .number("NEURONS"), .number("CORES"), .number("PHASE"),
      .number("UNIT OF WEIGHTS"), .text("PER CHANNEL"), .text("LEARNS BY"),
    ])
    for layer in layers {
      table.add([
        layer.name, "\(layer.neurons)", "\(layer.cores)", "\(layer.phaseSteps)",
        Figure.fixed(layer.weightUnit, 7), layer.isPerChannel ? "yes, mean" : "no",
        layer.rule == "none" ? Figure.missing : layer.rule,
      ])
    }
    return table
  }

  private var connectionTable: TextTable {
    var table = TextTable([
      .text("CONNECTION"), .text("LAYOUT"), .number("WEIGHTS"), .number("BITS"),
      .number("ZERO %"), .number("ROUNDING RMS"), .number("DELAY"),
    ])
    for layer in layers {
      for connection in layer.connections {
        table.add([
          "\(connection.source) -> \(layer.name)", connection.layout, "\(connection.weights)",
          "\(connection.weightBits)", Self.percent(connection.zeroWeightShare),
          Figure.fixed(connection.roundingErrorRMS, 6), "\(connection.delaySteps)",
        ])
      }
    }
    return table
  }

  /// Each core against its limits, or the fullest of each layer.
  private var coreLines: [String] {
    var shown = Array(cores.indices)
    var lines: [String] = []
    if shown.count > Self.listedCoresMax {
      shown = layers.compactMap { layer in
        cores.indices.filter { cores[$0].layer == layer.name }
          .max { cores[$0].synapseMemoryBytes.used < cores[$1].synapseMemoryBytes.used }
      }
      lines.append("Of each layer's cores the one with the fullest memory; --report lists all")
    }
    let learns = footprint.learningBytes > 0
    var table = TextTable(
      [
        .number("CORE"), .text("LAYER"), .text("TILE"), .number("NEURONS"), .number("IN-AXONS"),
        .number("OUT-AXONS"), .number("SYNAPSE MEMORY"),
      ] + (learns ? [.number("LEARN KiB")] : []))
    for index in shown {
      let core = cores[index]
      let memory = core.synapseMemoryBytes
      let cells = [
        "\(index)", core.layer, "\(core.column),\(core.row)", Self.use(core.neurons),
        Self.use(core.inAxons), Self.use(core.outAxons),
        Self.memory(memory),
      ]
      table.add(cells + (learns ? [Self.kibibytes(core.learningBytes)] : []))
    }
    return lines + table.lines
  }

  private var costLines: [String] {
    var lines: [String]
    switch inference.basis {
    case .measured:
      lines = ["An inference on the chip, mean of \(inference.samples) samples"]
    case .assumed:
      let share = inference.assumedSpikeShare.map { "\(Self.percent($0)) % of steps" }
      lines = [
        "An inference if every neuron spiked in \(share ?? "as many steps as told"): a guess, "
          + "--data measures"
      ]
    }
    var table = TextTable([
      .text("PART"), .number("ENERGY"), .number("SHARE %"), .text("WEAKEST PRICE"),
    ])
    for component in inference.components {
      let share = component.joulesPerInference.map {
        Self.percent($0 / max(inference.joulesPerInference, 1e-30))
      }
      table.add([
        component.component, Figure.joules(component.joulesPerInference),
        share ?? Figure.missing, component.weakestGrade?.rawValue ?? Figure.missing,
      ])
    }
    table.add([
      "all", Figure.joules(inference.joulesPerInference), "100.0",
      inference.weakestGradeCharged.rawValue,
    ])
    lines += table.lines
    if inference.components.contains(where: { $0.joulesPerInference == nil }) {
      lines.append("learning is no part of an inference: chip run --learn shows what it costs")
    }
    lines.append(
      "prices: \(inference.priceTable), digest \(Figure.digest(inference.priceDigest)); weakest of "
        + "the whole table: \(inference.weakestGrade.rawValue)")
    let time = inference.microsecondsPerInference
    lines.append("time: \(Figure.fixed(time, time < 10 ? 3 : 1)) us of the chip")
    let spikes = inference.layerSpikes.map { "\($0.layer) \(Figure.fixed($0.perInference, 1))" }
    lines += Self.wrapped(
      ["spikes: input \(Figure.fixed(inference.inputSpikesPerInference, 1))"] + spikes)
    let saved =
      traffic.hopsRowMajor > 0
      ? " (\(Figure.signed(100 * (traffic.hopsPlaced / traffic.hopsRowMajor - 1), 1)) %)" : ""
    lines.append(
      "traffic: \(Figure.fixed(traffic.messagesPerInference, 1)) messages; hops "
        + "\(Figure.fixed(traffic.hopsPlaced, 1)), row by row "
        + Figure.fixed(traffic.hopsRowMajor, 1) + saved)
    return lines
  }

  private static func lines(of comparison: Comparison) -> [String] {
    let judged =
      comparison.isHeldOut
      ? "calibrated with \(comparison.calibrationSamples) others" : "those of the calibration"
    var lines = [
      "Chip against floating point, same input spikes: \(comparison.samples) samples, \(judged)",
      "accuracy: float \(Figure.fixed(comparison.accuracyFloatPercent, 2)) %, chip "
        + "\(Figure.fixed(comparison.accuracyChipPercent, 2)) % ("
        + Figure.signed(comparison.accuracyChipPercent - comparison.accuracyFloatPercent, 2)
        + " points); same label for \(Figure.fixed(comparison.sameLabelPercent, 2)) %",
    ]
    guard !comparison.layers.isEmpty else { return lines }
    var table = TextTable([
      .text("LAYER"), .number("SPIKES FLOAT"), .number("SPIKES CHIP"), .number("COINCIDENT %"),
      .number("SILENT %"), .number("SATURATIONS"),
    ])
    for layer in comparison.layers {
      table.add([
        layer.layer, Figure.fixed(layer.spikesPerInferenceFloat, 1),
        Figure.fixed(layer.spikesPerInferenceChip, 1), percent(layer.coincidenceShare),
        percent(layer.silenceShare), Figure.fixed(layer.saturationsPerInference, 2),
      ])
    }
    lines += table.lines
    return lines
  }

  /// Items divided by commas, in lines of at most 100 columns.
  private static func wrapped(_ items: [String]) -> [String] {
    var lines: [String] = []
    for item in items {
      if let last = lines.last, last.count + item.count + 2 < 100 {
        lines[lines.count - 1] = last + ", " + item
      } else {
        lines.append(lines.isEmpty ? item : "  " + item)
      }
    }
    return lines
  }

  private static func percent(_ share: Double) -> String { Figure.fixed(100 * share, 1) }

  private static func bytes(_ bytes: Int) -> String { Figure.bytes(UInt64(bytes)) }

  private static func kibibytes(_ bytes: Int) -> String { Figure.fixed(Double(bytes) / 1024, 1) }

  private static func memory(_ use: Use) -> String {
    guard use.limit >= 16_384 else { return "\(use.used)/\(use.limit) B \(share(use))" }
    return "\(kibibytes(use.used))/\(kibibytes(use.limit)) KiB \(share(use))"
  }

  private static func use(_ use: Use) -> String { "\(use.used)/\(use.limit) \(share(use))" }

  private static func share(_ use: Use) -> String {
    let percent = Figure.fixed(100 * Double(use.used) / Double(max(1, use.limit)), 0)
    return String(repeating: " ", count: max(0, 3 - percent.count)) + percent + " %"
  }
}

extension MeshPicture {
  /// A report's model, its cores coloured by the energy of their events.
  package init(_ report: CompileReport, model: CompiledModel) {
    let joules = report.cores.map(\.joulesPerInference)
    let units = [("uJ", 1e-6), ("nJ", 1e-9), ("pJ", 1e-12)]
    let (unit, size) = units.first { (joules.max() ?? 0) >= $0.1 } ?? units[2]
    self.init(
      model: model, columns: report.mesh.columns, rows: report.mesh.rows,
      load: joules.map { $0 / size }, measure: "\(unit) an inference")
  }
}
