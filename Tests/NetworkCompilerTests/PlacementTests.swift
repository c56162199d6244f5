import CompiledModel
import NetworkCompiler
import SpikingNetwork
import Testing

/// Where cores go on the mesh, and what their messages cost there.
@Suite struct PlacementTests {
  /// Layers of one neuron a core on a mesh of `side` x `side` tiles of one core.
  private func chip(_ side: Int, coresPerTile: Int = 1) -> Chip {
    var chip = CompilerFixture.roomyChip
    chip.columns = side
    chip.rows = side
    chip.coresPerTile = coresPerTile
    chip.core.neurons = 1
    return chip
  }

  private func dense(_ source: String, _ target: String, _ count: Int, delay: Int = 0) -> Projection
  {
    Projection(
      source: source, target: target,
      connectivity: .dense(weights: [Float](repeating: 1, count: count)), delay: delay)
  }

  /// Populations of random sizes with random connections onward.
  private func random(_ seed: UInt64) -> SpikingNetwork {
    let random = CounterRandom(seed: seed, purpose: .training)
    func draw(_ a: Int, _ b: Int, below limit: Int) -> Int {
      Int(CounterRandom.draw(random.stream(UInt64(a)), UInt64(b)) % UInt64(limit))
    }
    var populations = [Population(name: "input", size: 4, model: .input)]
    var projections: [Projection] = []
    for layer in 0..<6 {
      let size = 1 + draw(layer, 0, below: 7)
      let population = Population(name: "p\(layer)", size: size, model: CompilerFixture.lif())
      let before = populations[populations.count - 1]
      projections.append(dense(before.name, population.name, before.size * size))
      let skip = populations[draw(layer, 1, below: populations.count)]
      projections.append(dense(skip.name, population.name, skip.size * size, delay: 2))
      populations.append(population)
    }
    return CompilerFixture.network(populations, projections)
  }

  /// Hops by the model's own routes: the truth to hold the compiler's figure against.
  private func hops(_ compilation: Compilation, _ rates: SpikeRates?) -> Double {
    let model = compilation.model
    var sum = 0.0
    for route in RoutingTable(of: model).routes {
      for neuron in route.neurons {
        var (column, row) = (model.port.column, model.port.row)
        var name = "input"
        if let source = route.source {
          let core = model.cores.first { $0.layer == source && $0.neurons.contains(neuron) }
          (column, row) = (core?.column ?? 0, core?.row ?? 0)
          name = model.layers[source].name
        }
        let spikes =
          rates?.spikes(of: name, neuron: neuron) ?? SpikeRates.assumed * Double(model.steps)
        for core in route.cores {
          let place = model.cores[core]
          sum += spikes * Double(abs(place.column - column) + abs(place.row - row))
        }
      }
    }
    return sum
  }

  @Test(arguments: 0..<12)
  func `no placement is worse than row by row, and figures are the routes'`(seed: UInt64) throws {
    let rates =
      seed % 2 == 0 ? nil : SpikeRates(spikes: ["input": [1, 9, 0, 2], "p1": [5], "p3": [0]])
    let options = CompilerOptions(rates: rates)
    for coresPerTile in [1, 3] {
      let chip = chip(7, coresPerTile: coresPerTile)
      let compilation = try compile(random(seed), for: chip, options: options)
      #expect(compilation.traffic.placed <= compilation.traffic.rowMajor)
      #expect(abs(hops(compilation, rates) - compilation.traffic.placed) < 1e-6)
      var rowByRow = options
      rowByRow.placement = .rowMajor
      let plain = try compile(random(seed), for: chip, options: rowByRow)
      #expect(abs(hops(plain, rates) - compilation.traffic.rowMajor) < 1e-6)
      #expect(plain.traffic.placed == plain.traffic.rowMajor)
      #expect(try compile(random(seed), for: chip, options: options) == compilation)
      // No tile holds more cores than it has.
      var used: [Int: Int] = [:]
      for core in compilation.model.cores { used[core.row * 7 + core.column, default: 0] += 1 }
      #expect(used.values.allSatisfy { $0 <= coresPerTile })
    }
  }

  @Test func `cores that talk lie side by side`() throws {
    // A chain of one neuron a layer over rows of three: the end of a row is far from the next one.
    var populations = [Population(name: "input", size: 1, model: .input)]
    var projections: [Projection] = []
    for layer in 0..<9 {
      populations.append(Population(name: "p\(layer)", size: 1, model: CompilerFixture.lif()))
      projections.append(dense(populations[layer].name, "p\(layer)", 1))
    }
    let compilation = try compile(
      CompilerFixture.network(populations, projections), for: chip(3))
    // Ten steps at one spike in twenty; row by row two links lead back by three hops.
    #expect(compilation.traffic.rowMajor == 0.5 * (6 + 2 * 3))
    #expect(compilation.traffic.placed == 0.5 * 8)
  }

  @Test func `measured rates decide who lies near`() throws {
    // Two sources of one sink: the one that speaks lies beside it.
    let network = CompilerFixture.network(
      [
        Population(name: "input", size: 1, model: .input),
        Population(name: "quiet", size: 9, model: CompilerFixture.lif()),
        Population(name: "loud", size: 1, model: CompilerFixture.lif()),
        Population(name: "sink", size: 1, model: CompilerFixture.lif()),
      ],
      [
        dense("input", "quiet", 9), dense("input", "loud", 1), dense("quiet", "sink", 9),
        dense("loud", "sink", 1),
      ])
    func distance(loud: Float, quiet: Float) throws -> Int {
      let model = try compile(
        network, for: chip(4),
        options: CompilerOptions(
          rates: SpikeRates(spikes: ["input": [0], "loud": [loud], "quiet": [quiet]]))
      ).model
      let (one, other) = (model.cores[9], model.cores[10])
      return abs(one.column - other.column) + abs(one.row - other.row)
    }
    #expect(try distance(loud: 100, quiet: 1) == 1)
    #expect(try distance(loud: 0, quiet: 1) > 1)
  }

  @Test func `cores of a mapping stay where they are`() throws {
    let places = (0..<3).map { PopulationMapping.Place(column: 6 - $0, row: 6, neuronCount: 1) }
    var network = CompilerFixture.network(hidden: 3)
    network.populations[2].size = 3
    let compilation = try compile(
      network, for: chip(7), options: CompilerOptions(mapping: ["hidden": .places(places)]))
    #expect(compilation.model.cores[0..<3].map(\.column) == [6, 5, 4])
    #expect(compilation.model.cores[0..<3].allSatisfy { $0.row == 6 })
    // The readout's cores come to them.
    #expect(compilation.model.cores[3...].allSatisfy { $0.row >= 5 })
    #expect(compilation.traffic.placed < compilation.traffic.rowMajor)
  }

  /// A mesh of 4096 x 4096 tiles, of which a model of 138 cores uses next to nothing.
  private var vast: Chip {
    var chip = chip(4096)
    chip.core.neurons = 2
    return chip
  }

  private var broad: SpikingNetwork {
    CompilerFixture.network(
      [
        Population(name: "input", size: 4, model: .input),
        Population(name: "a", size: 270, model: CompilerFixture.lif()),
        Population(name: "b", size: 6, model: CompilerFixture.lif()),
      ], [dense("input", "a", 4 * 270), dense("a", "b", 270 * 6)])
  }

  @Test func `on a vast mesh cores lie near the port`() throws {
    let compilation = try compile(broad, for: vast)
    let model = compilation.model
    #expect(model.cores.count == 138)
    #expect(compilation.traffic.placed < compilation.traffic.rowMajor / 2)
    #expect(model.cores.allSatisfy { $0.column + $0.row < 32 })
    #expect(Set(model.cores.map { [$0.column, $0.row] }).count == 138)
    var rowByRow = CompilerOptions()
    rowByRow.placement = .rowMajor
    let plain = try compile(broad, for: vast, options: rowByRow).model
    #expect(plain.cores.map(\.column) == Array(0..<138))
  }

  @Test func `on a vast mesh cores lie near pinned ones`() throws {
    let places = (0..<3).map {
      PopulationMapping.Place(column: 4000, row: 3000 + $0, neuronCount: 2)
    }
    let rates = SpikeRates(spikes: ["input": [0]])
    let options = CompilerOptions(rates: rates, mapping: ["b": .places(places)])
    let model = try compile(broad, for: vast, options: options).model
    #expect(model.cores.suffix(3).map(\.row) == [3000, 3001, 3002])
    #expect(
      model.cores.allSatisfy { abs($0.column - 4000) < 24 && abs($0.row - 3001) < 24 })
  }

  @Test(arguments: [(4096, 2), (2, 4096), (4096, 1), (1, 4096)])
  func `a mesh that is long and thin has room as well`(columns: Int, rows: Int) throws {
    var chip = vast
    chip.columns = columns
    chip.rows = rows
    let model = try compile(broad, for: chip).model
    #expect(Set(model.cores.map { [$0.column, $0.row] }).count == 138)
    #expect(model.cores.allSatisfy { $0.column < columns && $0.row < rows })
  }
}
