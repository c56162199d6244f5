import CompiledModel
import Testing

/// The routes that connections and cores demand.
@Suite struct RoutingTableTests {
  @Test func `random models have the routes that pairs of neurons give`() {
    var layouts = Set<String>()
    for seed in 0..<600 {
      let model = RandomModel.model(seed: seed)
      let table = RoutingTable(of: model)
      let expected = SynapseOracle.routes(of: model)
      #expect(table.routes == expected, "seed \(seed)")
      var axons = [Int](repeating: 0, count: model.cores.count)
      for route in expected {
        for core in route.cores { axons[core] += route.neurons.count }
      }
      #expect(table.inAxonCounts(cores: model.cores.count) == axons, "seed \(seed)")
      for core in axons.indices { #expect(table.inAxons(ofCore: core) == axons[core]) }
      for source in [nil] + model.layers.indices.map(Optional.some) {
        let own = table.routes(from: source)
        #expect(Array(own) == expected.filter { $0.source == source }, "seed \(seed)")
      }
      for connection in model.connections.map({ model[$0] }) {
        layouts.insert("\(connection.layout)".prefix { $0 != "(" } + "\(connection.pooling == nil)")
      }
    }
    // Each layout came with and without pooling.
    #expect(layouts.count == 8)
  }

  @Test func `neighbours with the same cores share a route`() {
    let routes = RoutingTable(of: ModelFixture.model).routes
    #expect(
      routes == [
        .init(source: nil, neurons: 0..<3, cores: [0, 1]),
        .init(source: 0, neurons: 0..<4, cores: [2]),
      ])
  }

  @Test func `sources without synapses have no route and part those around them`() {
    var model = ModelFixture.model
    model.layers[1].connections[0].layout = .sparse(
      rowStarts: [0, 1, 1, 3, 4], targets: [1, 0, 1, 0])
    #expect(
      Array(RoutingTable(of: model).routes(from: 0)) == [
        .init(source: 0, neurons: 0..<1, cores: [2]),
        .init(source: 0, neurons: 2..<4, cores: [2]),
      ])
    #expect(RoutingTable(of: model).routes(from: 1).isEmpty)
  }

  /// More than a block of sources, more than a word of cores.
  @Test func `many sources and cores are told apart`() {
    let size = 3000
    let layer = CompiledLayer(
      name: "ring", neurons: ModelFixture.spiking(), size: size, exponent: 0,
      connections: [
        CompiledConnection(
          source: nil, sourceSize: size, layout: .oneToOne, weights: .fixed([1])),
        CompiledConnection(
          source: 0, sourceSize: size,
          layout: .sparse(
            rowStarts: (0...UInt32(size)).map { $0 }, targets: (0..<UInt32(size)).map { $0 / 2 }),
          delay: 1, weights: .fixed([Int8](repeating: 1, count: size))),
      ],
      phase: 1)
    let model = ModelFixture.model(inputs: size, layers: [layer], coreNeurons: 10)
    let table = RoutingTable(of: model)
    #expect(table.routes(from: nil).count == 300)
    #expect(table.routes(from: nil).last?.neurons == 2990..<3000)
    #expect(table.routes(from: nil).last?.cores == [299])
    #expect(table.routes(from: 0).count == 150)
    #expect(table.routes(from: 0).allSatisfy { $0.neurons.count == 20 && $0.cores.count == 1 })
    #expect(table.inAxons(ofCore: 149) == 30)
    #expect(table.inAxons(ofCore: 150) == 10)
  }
}
