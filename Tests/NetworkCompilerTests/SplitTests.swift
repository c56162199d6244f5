import CompiledModel
import NetworkCompiler
import SpikingNetwork
import Testing

/// How layers are split over cores, and what each core holds.
@Suite struct SplitTests {
  private let plane = FeatureShape(height: 8, width: 6, channels: 2)

  private func compiled(
    _ network: SpikingNetwork, options: CompilerOptions = CompilerOptions(),
    _ change: (inout Chip) -> Void = { _ in }
  ) throws -> Compilation {
    var chip = CompilerFixture.roomyChip
    change(&chip)
    return try compile(network, for: chip, options: options)
  }

  private func convolution(channels: Int = 2) -> SpikingNetwork {
    let output = FeatureShape(height: 8, width: 6, channels: channels)
    return CompilerFixture.network(
      [
        Population(name: "input", shape: plane, model: .input),
        Population(name: "output", shape: output, model: CompilerFixture.lif()),
      ],
      [
        Projection(
          source: "input", target: "output",
          connectivity: .convolution(
            Convolution(
              kernelHeight: 3, kernelWidth: 3, padding: 1,
              weights: [Float](repeating: 0.5, count: 18 * channels))))
      ])
  }

  /// A sparse network of 40 sources and 60 targets, source i to targets of the same rest modulo 5.
  private func sparse() -> SpikingNetwork {
    var starts: [Int32] = [0]
    var targets: [Int32] = []
    for source in 0..<40 {
      targets += stride(from: source % 5, to: 60, by: source < 20 ? 5 : 10).map(Int32.init)
      starts.append(Int32(targets.count))
    }
    return CompilerFixture.network(
      [
        Population(name: "input", size: 40, model: .input),
        Population(name: "output", size: 60, model: CompilerFixture.lif()),
      ],
      [
        Projection(
          source: "input", target: "output",
          connectivity: .sparse(
            SparseWeights(
              rowStarts: starts, targets: targets,
              weights: [Float](repeating: 0.5, count: targets.count))))
      ])
  }

  @Test func `in-axons and out-axons are those of the model's routes`() throws {
    var networks = [convolution(), sparse()]
    networks.append(
      CompilerFixture.network(
        [
          Population(name: "input", shape: plane, model: .input),
          Population(name: "pooled", shape: plane.pooled(by: 2), model: CompilerFixture.lif()),
          Population(name: "output", size: 12, model: CompilerFixture.lif()),
          Population(name: "last", size: 6, model: CompilerFixture.lif()),
        ],
        [
          Projection(
            source: "output", target: "last", weights: [Float](repeating: 0.5, count: 72)),
          Projection(
            source: "input", target: "pooled", connectivity: .oneToOne(weight: 0.5), pooling: 2),
          Projection(
            source: "pooled", target: "output", weights: [Float](repeating: 0.5, count: 288)),
          Projection(
            source: "input", target: "output",
            connectivity: .dense(weights: [Float](repeating: 0.5, count: 96)), pooling: 3,
            delay: 1),
          Projection(
            source: "output", target: "pooled",
            connectivity: .dense(weights: [Float](repeating: 0.5, count: 288)), delay: 2),
        ]))
    for network in networks {
      for neurons in [1024, 7, 5] {
        let compilation = try compiled(network) { $0.core.neurons = neurons }
        let routes = RoutingTable(of: compilation.model)
        let cores = compilation.cores
        #expect(cores.map(\.inAxons) == routes.inAxonCounts(cores: cores.count))
        var outAxons = [Int](repeating: 0, count: cores.count)
        for route in routes.routes {
          guard let source = route.source else { continue }
          for (core, placed) in compilation.model.cores.enumerated() where placed.layer == source {
            outAxons[core] += placed.neurons.clamped(to: route.neurons).count * route.cores.count
          }
        }
        #expect(cores.map(\.outAxons) == outAxons)
      }
    }
  }

  @Test func `convolutions are split at rows of places, else at places`() throws {
    func shares(_ neurons: Int) throws -> [Int] {
      try compiled(convolution()) { $0.core.neurons = neurons }.cores.map(\.neurons)
    }
    #expect(try shares(96) == [96])
    #expect(try shares(48) == [48, 48])
    // Three rows of twelve neurons at most: fewest cores are three, of 2, 3 and 3 rows.
    #expect(try shares(40) == [24, 36, 36])
    // Less than a row: whole places of two neurons.
    let places = try shares(11)
    #expect(places.count == 10)
    #expect(places.allSatisfy { $0 % 2 == 0 && $0 <= 10 })
  }

  @Test func `shared weights count once a core, by the channels that it holds`() throws {
    #expect(try compiled(convolution()).cores.map(\.synapseMemoryBytes) == [36])
    let two = try compiled(convolution()) { $0.core.neurons = 48 }
    #expect(two.cores.map(\.synapseMemoryBytes) == [36, 36])
    // Of 64 channels, a core of 32 neurons holds half of a place's.
    let half = try compiled(convolution(channels: 64)) { $0.core.neurons = 32 }
    #expect(half.cores.count == 96)
    #expect(half.cores.allSatisfy { $0.synapseMemoryBytes == 18 * 32 })
  }

  @Test func `sparse memory counts entries with their targets, and rows`() throws {
    let whole = try compiled(sparse())
    let entries = 20 * 12 + 20 * 6
    #expect(whole.cores.map(\.synapseMemoryBytes) == [entries * 3 + 4 * 40])
    #expect(whole.cores.map(\.inAxons) == [40])
    var network = sparse()
    network.projections[0].precision = .int4
    #expect(
      try compiled(network).cores.map(\.synapseMemoryBytes) == [entries * 20 / 8 + 4 * 40])
    // Two neurons a core are reached by two fifths of the rows.
    let pairs = try compiled(sparse()) { $0.core.neurons = 2 }
    #expect(pairs.cores.count == 30)
    #expect(pairs.cores[0].inAxons == 16)
    #expect(pairs.cores[0].synapseMemoryBytes == 16 * 3 + 4 * 16)
  }

  @Test func `memory and in-axons split a layer over no more cores than they must`() throws {
    let bytes = try compiled(sparse()).footprintBytes
    let memory = try compiled(sparse()) { $0.core.synapseMemoryBytes = bytes - 1 }
    #expect(memory.cores.count == 2)
    let axons = try compiled(sparse()) { $0.core.inAxons = 24 }
    #expect(axons.cores.allSatisfy { $0.inAxons <= 24 })
    #expect(axons.cores.count == 18)
    var chip = CompilerFixture.roomyChip
    chip.core.inAxons = 24
    let fewer = CompilerFixture.violations(
      sparse(), for: chip, options: CompilerOptions(mapping: ["output": .cores(17)]))
    #expect(fewer.map(\.rule) == [.coreInAxons])
  }

  @Test func `a source is one axon, however many connections it has`() throws {
    var network = CompilerFixture.single(CompilerFixture.lif())
    network.projections.append(network.projections[0])
    network.projections[1].delay = 3
    let cores = try compiled(network).cores
    #expect(cores.map(\.inAxons) == [16])
    #expect(cores.map(\.synapseMemoryBytes) == [128])
  }

  @Test func `learning state of local rules is in the budget`() throws {
    func bytes(_ rule: PlasticityRule, bits: Int) throws -> (Int, Int) {
      let network = CompilerFixture.single(
        CompilerFixture.lif(), weights: [Float](repeating: 0.5, count: 64), plasticity: rule)
      let core = try compiled(network) { $0.arithmetic.learningWeightBits = bits }.cores[0]
      return (core.synapseMemoryBytes, core.learningBytes)
    }
    let stdp = PlasticityRule.pairSTDP(PairSTDPRule(aPlus: 0.01, aMinus: 0.01))
    // 64 weights of 2 bytes, traces of 16 sources and 4 neurons.
    #expect(try bytes(stdp, bits: 16) == (128 + 40, 64 + 40))
    #expect(try bytes(stdp, bits: 12) == (96 + 40, 32 + 40))
    // 64 weights of 4 bits, four activities of 3.
    #expect(try bytes(.sdsp(SDSPRule()), bits: 4) == (32 + 2, 2))
  }

  @Test func `rings are as deep as errors are late`() throws {
    func bytes(skips: Bool, aPost: Double) throws -> Int {
      let rule = PlasticityRule.threeFactor(
        ThreeFactorRule(learningRate: 0.001, aPost: aPost))
      var network = CompilerFixture.network(
        [
          Population(name: "input", size: 4, model: .input),
          Population(name: "a", size: 4, model: CompilerFixture.lif()),
          Population(name: "b", size: 4, model: CompilerFixture.lif()),
          Population(name: "out", size: 2, model: CompilerFixture.readout),
        ],
        [
          Projection(
            source: "input", target: "a", weights: [Float](repeating: 0.5, count: 16),
            plasticity: rule),
          Projection(source: "a", target: "b", weights: [Float](repeating: 0.5, count: 16)),
          Projection(
            source: "b", target: "out", weights: [Float](repeating: 0.5, count: 8)),
          Projection(source: "a", target: "out", weights: [Float](repeating: 0.5, count: 8)),
        ])
      if !skips {
        // `b` takes what the input sends instead, so that the readout follows `a` at once.
        network.projections[1].source = "input"
      }
      return try compiled(network).cores[0].synapseMemoryBytes
    }
    // 16 weights and sums of 6 bytes, traces of 4 sources and 4 neurons, 4 x 2 mirrored weights.
    #expect(try bytes(skips: false, aPost: 0) == 96 + 3 * 2 * (4 + 4) + 8)
    #expect(try bytes(skips: true, aPost: 0) == 96 + 4 * 2 * (4 + 4) + 8)
    #expect(try bytes(skips: true, aPost: 1) == 96 + 4 * 2 * (4 + 4 + 4) + 8)
  }

  @Test func `a mapping sets cores, and is held against the limits`() throws {
    let network = CompilerFixture.network(hidden: 10)
    let three = try compiled(
      network, options: CompilerOptions(mapping: ["hidden": .cores(3)]))
    #expect(three.cores.map(\.neurons) == [3, 3, 4, 3])
    let placed = try compiled(
      network,
      options: CompilerOptions(mapping: [
        "hidden": .places([
          PopulationMapping.Place(column: 3, row: 2, neuronCount: 9),
          PopulationMapping.Place(column: 0, row: 1, neuronCount: 1),
        ])
      ]))
    #expect(placed.cores.map(\.neurons) == [9, 1, 3])
    #expect(placed.model.cores.map(\.column)[0..<2] == [3, 0])
    #expect(placed.model.cores.map(\.row)[0..<2] == [2, 1])
  }

  @Test func `a mapping that does not fit is refused`() {
    func found(
      _ mapping: PopulationMapping, of name: String = "hidden",
      _ change: (inout Chip) -> Void = { _ in }
    ) -> [DesignViolation] {
      var chip = CompilerFixture.chip
      change(&chip)
      return CompilerFixture.violations(
        CompilerFixture.network(hidden: 10), for: chip,
        options: CompilerOptions(mapping: [name: mapping]))
    }
    func places(_ places: [(Int, Int, Int)]) -> PopulationMapping {
      .places(
        places.map { PopulationMapping.Place(column: $0.0, row: $0.1, neuronCount: $0.2) })
    }
    #expect(found(.cores(1)) == [])
    #expect(found(.cores(11)).map(\.rule) == [.mapping])
    #expect(found(.cores(1)) { $0.core.neurons = 9 }.map(\.rule) == [.coreNeurons])
    #expect(found(.cores(1)) { $0.core.outAxons = 9 }.map(\.rule) == [.coreOutAxons])
    #expect(found(.cores(2)) { $0.core.synapseMemoryBytes = 39 }.map(\.rule) == [.synapseMemory])
    #expect(found(.cores(2), of: "nobody").map(\.layer) == ["nobody"])
    #expect(found(places([(0, 0, 4), (0, 0, 6)])) == [])
    let few = found(places([(0, 0, 4), (0, 0, 5)]))
    #expect(few.map(\.rule) == [.mapping])
    #expect(few.first?.need == "cores that hold 4 + 5 = 9")
    #expect(few.first?.limit == "all 10 of its neurons, one or more on each core")
    #expect(found(places([(0, 0, 9)])).first?.need == "cores that hold 9")
    let outside = found(places([(2, 0, 10)]))
    #expect(outside.map(\.rule) == [.mapping])
    #expect(outside.first?.limit == "columns 0 to 1, rows 0 to 1")
    #expect(found(places([(1, 1, 4), (1, 1, 3), (1, 1, 3)])).map(\.rule) == [.mapping])
  }
}
