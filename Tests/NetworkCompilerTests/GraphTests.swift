import CompiledModel
import NetworkCompiler
import SpikingNetwork
import Testing

/// Order and phases of layers for graphs of populations.
@Suite struct GraphTests {
  private func network(
    _ names: [String], _ edges: [(String, String, Int)], readout: String? = nil
  ) -> SpikingNetwork {
    CompilerFixture.network(
      names.map { name in
        Population(
          name: name, size: 2,
          model: name == "input"
            ? .input : name == readout ? CompilerFixture.readout : CompilerFixture.lif())
      },
      edges.map { source, target, delay in
        Projection(
          source: source, target: target, connectivity: .dense(weights: [1, 1, 1, 1]), delay: delay)
      })
  }

  private func phases(_ network: SpikingNetwork) throws -> [String] {
    try compile(network, for: CompilerFixture.chip).model.layers.map { "\($0.name) \($0.phase)" }
  }

  @Test func `a chain runs a step behind from layer to layer`() throws {
    let chain = network(
      ["input", "a", "b", "out"], [("input", "a", 0), ("a", "b", 0), ("b", "out", 0)],
      readout: "out")
    #expect(try phases(chain) == ["a 1", "b 2", "out 3"])
  }

  @Test func `delays take the place of phases, and no phase is below one`() throws {
    let chain = network(
      ["input", "a", "b", "out"], [("input", "a", 3), ("a", "b", 1), ("b", "out", 2)])
    #expect(try phases(chain) == ["a 1", "b 1", "out 1"])
  }

  @Test func `layers come by phase, as described, the output last`() throws {
    let graph = network(
      ["out", "b", "a", "skip", "input"],
      [
        ("b", "out", 0), ("a", "b", 0), ("input", "a", 0), ("input", "skip", 0), ("skip", "out", 0),
        ("b", "b", 1), ("b", "a", 2),
      ], readout: "out")
    #expect(try phases(graph) == ["a 1", "skip 1", "b 2", "out 3"])
    let model = try compile(graph, for: CompilerFixture.chip).model
    for (index, layer) in model.layers.enumerated() {
      for connection in layer.connections {
        let phase = connection.source.map { model.layers[$0].phase } ?? 0
        #expect(connection.delay + layer.phase - phase >= 1)
        #expect(connection.delay > 0 || (connection.source ?? -1) < index)
      }
    }
  }

  @Test func `a layer may have a later phase than the output, which still comes last`() throws {
    let graph = network(
      ["input", "out", "a", "b"],
      [("input", "a", 0), ("a", "out", 0), ("a", "b", 0), ("b", "a", 3)], readout: "out")
    #expect(try phases(graph) == ["a 1", "b 2", "out 2"])
    let deep = network(
      ["input", "out", "a", "b", "c"],
      [("input", "a", 0), ("a", "out", 0), ("a", "b", 0), ("b", "c", 0), ("c", "a", 4)],
      readout: "out")
    #expect(try phases(deep) == ["a 1", "b 2", "c 3", "out 2"])
  }

  @Test func `without a readout the population that sends to no other is the output`() throws {
    let graph = network(
      ["input", "out", "a"], [("input", "a", 0), ("a", "out", 0), ("out", "out", 1)])
    #expect(try phases(graph) == ["a 1", "out 2"])
  }

  @Test func `several connections keep the order of the description`() throws {
    let graph = network(
      ["input", "a", "out"],
      [("out", "out", 1), ("input", "out", 1), ("a", "out", 0), ("input", "a", 0)])
    let last = try #require(try compile(graph, for: CompilerFixture.chip).model.layers.last)
    #expect(last.connections.map(\.source) == [1, nil, 0])
    #expect(last.connections.map(\.delay) == [1, 1, 0])
  }

  @Test func `a cycle needs as much delay as it has connections`() {
    let edges = [("input", "a", 0), ("a", "b", 1), ("b", "c", 0), ("a", "out", 0)]
    let names = ["input", "a", "b", "c", "out"]
    let good = network(names, edges + [("c", "a", 2)], readout: "out")
    #expect(CompilerFixture.violations(good) == [])
    let found = CompilerFixture.violations(
      network(names, edges + [("c", "a", 1)], readout: "out"))
    #expect(found.map(\.rule) == [.delayCycle])
    #expect(found.first?.layer == "a")
    #expect(found.first?.need == "a cycle a -> b -> c -> a with a delay of 2")
    #expect(found.first?.limit.contains("at least 3 steps") == true)
    #expect(found.first?.cure.isEmpty == false)
    let loop = network(["input", "a"], [("input", "a", 0), ("a", "a", 0)])
    #expect(CompilerFixture.violations(loop).map(\.rule) == [.delayCycle])
    #expect(CompilerFixture.violations(loop).first?.need == "a cycle a -> a with a delay of 0")
  }

  @Test func `the input has to reach every population`() {
    let found = CompilerFixture.violations(
      network(["input", "a", "b", "out"], [("input", "a", 0), ("a", "out", 0), ("b", "out", 0)]))
    #expect(found.map(\.rule) == [.topology])
    #expect(found.first?.layer == "b")
    #expect(found.first?.need == "one that it does not reach")
  }

  @Test func `there is one output to which all leads`() {
    let two = CompilerFixture.violations(
      network(["input", "a", "b"], [("input", "a", 0), ("input", "b", 0)]))
    #expect(two.map(\.rule) == [.topology])
    #expect(two.first?.layer == "b")
    #expect(two.first?.limit == "one output, `a`")
    let side = network(
      ["input", "a", "b", "out"],
      [("input", "a", 0), ("a", "out", 0), ("a", "b", 0), ("b", "b", 1)], readout: "out")
    #expect(CompilerFixture.violations(side).map(\.layer) == ["b"])
    let none = network(["input", "a", "b"], [("input", "a", 0), ("a", "b", 0), ("b", "a", 2)])
    #expect(CompilerFixture.violations(none).map(\.rule) == [.topology])
    #expect(CompilerFixture.violations(none).first?.layer == "fixture")
  }

  @Test func `a readout sends to nobody and is alone`() {
    let sends = CompilerFixture.violations(
      network(["input", "a", "b"], [("input", "a", 0), ("a", "b", 0)], readout: "a"))
    #expect(sends.contains { $0.layer == "a" && $0.need == "a readout that sends" })
    var two = network(["input", "a", "b"], [("input", "a", 0), ("input", "b", 0)], readout: "a")
    two.populations[2].model = CompilerFixture.readout
    #expect(CompilerFixture.violations(two).map(\.need) == ["a further readout"])
  }
}
