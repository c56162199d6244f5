import Foundation

extension CompileReport {
  /// The report as text, for a terminal: a headline, one table of layers and one of cores.
  package func text() -> String {
    var lines = [
      "\(network) for \(chip): \(inputs) inputs, \(steps) steps, \(classes) classes",
      "\(cores.count) of \(chipCores) cores, \(kibibytes(footprintBytes)) of synapse memory, "
        + "\(kibibytes(fileBytes)) file, structure \(structureDigest.prefix(12))",
      "",
    ]
    lines += table(
      ["layer", "neurons", "cores", "weights", "exponent", "rounding", "learning"],
      layers.map { layer in
        [
          layer.name, "\(layer.neurons)", "\(layer.cores)", "\(layer.weights)",
          "\(layer.exponent)", String(format: "%.5f", layer.roundingError), layer.rule,
        ]
      })
    lines.append("")
    lines += table(
      ["core", "layer", "tile", "neurons", "in-axons", "out-axons", "synapse memory"],
      cores.enumerated().map { index, core in
        [
          "\(index)", core.layer, "\(core.column),\(core.row)", use(core.neurons),
          use(core.inAxons), use(core.outAxons),
          use(core.synapseMemoryBytes) + " B, \(core.learningBytes) B to learn",
        ]
      })
    lines += ["", "prices: \(priceTable), weakest grade \(priceGrade)"]
    if let calibration { lines += text(of: calibration) }
    return lines.joined(separator: "\n") + "\n"
  }

  private func text(of facts: CalibrationFacts) -> [String] {
    let float = facts.accuracyFloat.map { String(format: "%.1f %% in float, ", $0 * 100) } ?? ""
    let chip = String(format: "%.1f %% on the chip", facts.accuracyChip * 100)
    let spikes = zip(layers, facts.layerSpikes).map { layer, mean in
      "\(layer.name) " + String(format: "%.1f", mean)
    }
    return [
      "calibration on \(facts.samples) samples: accuracy \(float)\(chip)",
      "an inference: spikes input " + String(format: "%.1f, ", facts.inputSpikes)
        + spikes.joined(separator: ", ")
        + String(
          format: "; %.3f uJ, %.1f us", facts.joulesPerInference * 1e6,
          facts.microsecondsPerInference),
    ]
  }

  private func kibibytes(_ bytes: Int) -> String {
    String(format: "%.1f KiB", Double(bytes) / 1024)
  }

  private func use(_ use: Use) -> String {
    String(
      format: "%d/%d (%.0f %%)", use.used, use.limit,
      100 * Double(use.used) / Double(max(1, use.limit)))
  }

  /// Columns as wide as their widest cell.
  private func table(_ header: [String], _ rows: [[String]]) -> [String] {
    let widths = header.indices.map { column in
      ([header] + rows).reduce(0) { max($0, $1[column].count) }
    }
    return ([header] + rows).map { row in
      let cells = zip(row, widths).map { cell, width in
        cell + String(repeating: " ", count: width - cell.count)
      }
      let line = cells.joined(separator: "  ")
      return String(line.reversed().drop { $0 == " " }.reversed())
    }
  }
}
