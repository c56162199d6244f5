import CompiledModel
import SpikingNetwork

/// The tiles to which a mapping binds cores.
struct CorePins {
  /// By core in the order of layers and neurons; nil where the placement is free.
  private(set) var tiles: [Int?] = []
  private(set) var violations: [DesignViolation] = []

  /// A mapping of another network has no population right: a few show it.
  private static let unknownMax = 8

  init(graph: PopulationGraph, allocation: CoreAllocation, chip: Chip, options: CompilerOptions) {
    let names = graph.nodes.map(\.population.name)
    let unknown = Set(options.mapping.keys).subtracting(names).sorted()
    for name in unknown.prefix(Self.unknownMax) {
      refuse(
        name, .mapping, "the network's populations: " + names.joined(separator: ", "),
        "a population `\(name)`, which the mapping names",
        "correct the name in the mapping, or take it out")
    }
    var used: [Int: Int] = [:]
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
            name, .mapping,
            "columns 0 to \(chip.columns - 1), rows 0 to \(chip.rows - 1)",
            "a tile at column \(place.column), row \(place.row)", "map it to a tile of the chip")
          tiles.append(nil)
          continue
        }
        let tile = place.row * chip.columns + place.column
        used[tile, default: 0] += 1
        if used[tile] == chip.coresPerTile + 1 {
          refuse(
            name, .mapping,
            "\(chip.coresPerTile) \(chip.coresPerTile == 1 ? "core" : "cores") on a tile",
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
