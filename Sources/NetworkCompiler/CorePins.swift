import CompiledModel
import SpikingNetwork

/// The tiles to which a mapping binds cores.
struct CorePins {
  /// By core in the order of layers and neurons; nil where the placement is free.
  private(set) var tiles: [Int?] = []
  private(set) var violations: [DesignViolation] = []

  init(graph: PopulationGraph, allocation: CoreAllocation, chip: Chip, options: CompilerOptions) {
    let names = graph.nodes.map(\.population.name)
    for name in options.mapping.keys.sorted() where !names.contains(name) {
      refuse(
        name, .topology, "a mapping of " + names.joined(separator: ", "), "one of `\(name)`",
        "name a population of neurons")
    }
    var used = [Int](repeating: 0, count: chip.columns * chip.rows)
    for (index, name) in names.enumerated() {
      let cores = allocation.starts[index].count - 1
      guard case .places(let places)? = options.mapping[name], places.count == cores else {
        tiles += [Int?](repeating: nil, count: cores)
        continue
      }
      for place in places {
        guard (0..<chip.columns).contains(place.column), (0..<chip.rows).contains(place.row)
        else {
          refuse(
            name, .chipCores, "\(chip.columns) x \(chip.rows) tiles",
            "a tile at column \(place.column), row \(place.row)", "map it to a tile of the chip")
          tiles.append(nil)
          continue
        }
        let tile = place.row * chip.columns + place.column
        used[tile] += 1
        if used[tile] == chip.coresPerTile + 1 {
          refuse(
            name, .chipCores, "\(chip.coresPerTile) cores on a tile",
            "one more at column \(place.column), row \(place.row)", "map it to another tile")
        }
        tiles.append(tile)
      }
    }
  }

  private mutating func refuse(
    _ layer: String, _ rule: DesignRule, _ limit: String, _ need: String, _ cure: String
  ) {
    violations.append(
      DesignViolation(layer: layer, rule: rule, limit: limit, need: need, cure: cure))
  }
}
