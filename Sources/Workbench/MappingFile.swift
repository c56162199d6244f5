package import NetworkCompiler

/// Where an operator wants populations to lie on the chip, as a YAML (or JSON) file says it.
///
/// Populations that are left out are placed by the compiler.
package struct MappingFile: Codable, Sendable, Equatable {
  /// By name of the population.
  package var populations: [String: Entry]

  /// Where one population goes: either a number of cores or the tiles of each.
  package struct Entry: Codable, Sendable, Equatable {
    /// Evenly over so many cores, wherever the compiler puts them.
    package var cores: Int?
    /// A core for each, with its share of the neurons in their order.
    package var tiles: [Tile]?
  }

  /// A core's tile and how many neurons it holds.
  package struct Tile: Codable, Sendable, Equatable {
    /// Tile's place in its row of the mesh, from 0.
    package var column: Int
    /// Tile's place in its column of the mesh, from 0.
    package var row: Int
    /// Neurons of the core.
    package var neurons: Int
  }

  /// Largest number that the file may hold; what fits the chip is for the compiler to say.
  private static let numberMax = 1 << 20

  /// Reads a mapping; a key that is not known is refused.
  package static func read(
    _ path: String
  ) throws(ConfigurationError) -> [String: PopulationMapping] {
    let document = try StrictDocument(contentsOf: path)
    let file = try document.value(MappingFile.self)
    var mapping: [String: PopulationMapping] = [:]
    for (name, entry) in file.populations.sorted(by: { $0.key < $1.key }) {
      mapping[name] = try entry.mapping(key: "populations.\(name)", in: document)
    }
    return mapping
  }

  fileprivate static func check(
    _ number: Int, from least: Int, key: String, in document: StrictDocument
  ) throws(ConfigurationError) {
    guard number < least || number > numberMax else { return }
    throw ConfigurationError(
      file: document.place(of: key), key: key, found: "\(number)",
      expected: "\(least) to \(numberMax)", cure: "write a number of the chip and the network")
  }
}

extension MappingFile.Entry {
  fileprivate func mapping(
    key: String, in document: StrictDocument
  ) throws(ConfigurationError) -> PopulationMapping {
    switch (cores, tiles) {
    case (let cores?, nil):
      try MappingFile.check(cores, from: 1, key: key + ".cores", in: document)
      return .cores(cores)
    case (nil, let tiles?) where !tiles.isEmpty:
      var places: [PopulationMapping.Place] = []
      for (index, tile) in tiles.enumerated() {
        let key = "\(key).tiles[\(index)]"
        try MappingFile.check(tile.column, from: 0, key: key + ".column", in: document)
        try MappingFile.check(tile.row, from: 0, key: key + ".row", in: document)
        try MappingFile.check(tile.neurons, from: 1, key: key + ".neurons", in: document)
        places.append(.init(column: tile.column, row: tile.row, neuronCount: tile.neurons))
      }
      return .places(places)
    default:
      throw ConfigurationError(
        file: document.place(of: key), key: key,
        found: cores != nil ? "both `cores` and `tiles`" : "neither `cores` nor any `tiles`",
        expected: "one of them", cure: "say how many cores, or which tiles")
    }
  }
}
