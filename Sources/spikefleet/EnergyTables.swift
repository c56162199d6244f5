import CompiledModel
import FleetAPI
import Workbench

/// Energy of nodes as tables.
enum EnergyTables {
  /// Joules by component, inference and learning apart, with microjoules per inference.
  static func components(_ views: [EnergyView]) -> TextTable {
    let components = EnergyComponent.allCases.map(\.rawValue)
    var table = TextTable(
      [.text("NODE"), .text("FOR"), .number("SAMPLES")]
        + components.map { .number($0.uppercased()) }
        + [.number("TOTAL"), .number("uJ/SAMPLE")])
    for view in views {
      for (purpose, samples, joules) in [
        ("inference", view.inferences, view.inferenceJoules),
        ("learning", view.learningSamples, view.learningJoules),
      ] {
        // Empty where an event that was counted has no price: the joules are unknown, not 0.
        let known = components.map { joules.isEmpty ? nil : joules[$0] ?? 0 }
        let total = joules.isEmpty ? nil : known.reduce(0) { $0 + ($1 ?? 0) }
        let each = samples == 0 ? nil : total.map { $0 / Double(samples) * 1e6 }
        table.add(
          [view.node, purpose, "\(samples)"] + known.map { Figure.joules($0) }
            + [Figure.joules(total), Figure.fixed(each, 3)])
      }
    }
    return table
  }

  /// What crossed the wire since each agent was accepted.
  static func bytes(_ views: [EnergyView]) -> TextTable {
    var table = TextTable([.text("NODE"), .number("SENT"), .number("RECEIVED")])
    for view in views {
      table.add([view.node, Figure.bytes(view.sentBytes), Figure.bytes(view.receivedBytes)])
    }
    return table
  }

  /// The price tables behind the joules, each once.
  static func priceLines(_ views: [EnergyView]) -> [String] {
    var lines: [String] = []
    for view in views {
      let line =
        "prices: \(view.priceTable), evidence \(view.grade), "
        + "digest \(Figure.digest(view.priceDigest))"
      if !lines.contains(line) { lines.append(line) }
    }
    return lines
  }
}
