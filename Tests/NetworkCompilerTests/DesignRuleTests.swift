import CompiledModel
import NetworkCompiler
import SpikingNetwork
import Testing

/// Each rule lets a network pass at its limit and refuses it one past it.
@Suite struct DesignRuleTests {
  private let learning = PlasticityRule.threeFactor(ThreeFactorRule(learningRate: 0.001))

  private func broken(
    _ network: SpikingNetwork = CompilerFixture.network(),
    _ change: (inout Chip) -> Void = { _ in }
  ) -> [DesignViolation] {
    var chip = CompilerFixture.chip
    change(&chip)
    do { _ = try compile(network, for: chip) } catch { return error.violations }
    return []
  }

  private func rules(
    _ network: SpikingNetwork = CompilerFixture.network(),
    _ change: (inout Chip) -> Void = { _ in }
  ) -> [DesignRule] {
    broken(network, change).map(\.rule)
  }

  @Test func `core-neurons`() {
    // A readout of 3 neurons takes 3 of 9 cores of 1 neuron, the hidden layer 6.
    #expect(
      rules {
        $0.core.neurons = 1
        $0.columns = 9
        $0.rows = 1
        $0.coresPerTile = 1
      } == [])
    let found = broken(CompilerFixture.network(hidden: 9)) {
      $0.core.neurons = 1
      $0.columns = 8
      $0.rows = 1
      $0.coresPerTile = 1
    }
    #expect(found.map(\.rule) == [.coreNeurons, .chipCores])
    #expect(found.first?.layer == "hidden")
    #expect(found.first?.limit == "8 neurons on all cores")
    #expect(found.first?.need == "9 neurons on all cores")
  }

  @Test func `core-in-axons`() {
    #expect(rules { $0.core.inAxons = 8 } == [])
    let found = broken { $0.core.inAxons = 7 }
    #expect(found.map(\.rule) == [.coreInAxons])
    #expect(found.first?.need == "8 in-axons")
  }

  @Test func `core-out-axons`() {
    let chip: (inout Chip) -> Void = { chip in
      chip.core.neurons = 2
      chip.core.outAxons = 2
    }
    // A readout of 4 takes 2 cores of 2 neurons, one of 5 takes 3.
    #expect(rules(CompilerFixture.network(classes: 4), chip) == [])
    #expect(rules(CompilerFixture.network(classes: 5), chip) == [.coreOutAxons])
  }

  @Test func `synapse-memory`() {
    func rules(bytes: Int) -> [DesignRule] {
      self.rules {
        $0.core.synapseMemoryBytes = bytes
        $0.coresPerTile = 8
      }
    }
    #expect(rules(bytes: 8) == [])
    #expect(rules(bytes: 7) == [.synapseMemory])
  }

  @Test func `learning-memory`() {
    let network = CompilerFixture.network(plasticity: learning, classes: 2)
    // One hidden neuron: 8 weights and sums of 6 bytes, 3 of 2 for its ring, 2 mirrored weights and
    // sums of 6; and rings of 3 x 2 bytes for 8 sources.
    let roomy: (inout Chip) -> Void = { chip in
      chip.core.synapseMemoryBytes = 48 + 6 + 12 + 48
      chip.coresPerTile = 8
    }
    #expect(rules(network, roomy) == [])
    let found = broken(network) { chip in
      roomy(&chip)
      chip.core.synapseMemoryBytes -= 1
    }
    #expect(found.map(\.rule) == [.learningMemory])
    #expect(found.first?.layer == "hidden")
    #expect(found.first?.need == "114 bytes for one neuron that learns")
  }

  @Test func `chip-cores`() {
    let small: (inout Chip) -> Void = { chip in
      chip.core.neurons = 3
      chip.columns = 1
      chip.rows = 1
      chip.coresPerTile = 3
    }
    #expect(rules(CompilerFixture.network(), small) == [])
    let found = broken(CompilerFixture.network(hidden: 7), small)
    #expect(found.map(\.rule) == [.chipCores])
    #expect(found.first?.limit == "3 cores")
    #expect(found.first?.need == "4 cores")
  }

  @Test func `weight-range`() {
    var network = CompilerFixture.network(weight: 127 * 256)
    network.populations[1].model = .lif(
      LIFParameters(tauMem: CompilerFixture.tau, vThreshold: 8))
    #expect(rules(network) == [])
    network.projections[0].weights[0] = 127 * 256 + 1
    #expect(rules(network) == [.weightRange])
    let stdp = PlasticityRule.pairSTDP(PairSTDPRule(aPlus: 0.1, aMinus: 0.1))
    network = CompilerFixture.network(weight: 1)
    network.projections[0].plasticity = stdp
    #expect(rules(network) == [])
    network.projections[0].weights[3] = 1.01
    #expect(rules(network) == [.weightRange])
  }

  @Test func `potential-range`() {
    var network = CompilerFixture.network(weight: 127 * 256)
    func threshold(_ value: Double) {
      network.populations[1].model = .lif(
        LIFParameters(tauMem: CompilerFixture.tau, vThreshold: value))
    }
    // With an exponent of 8 one unit of the potential is 2^(8 - 6).
    threshold(4)
    #expect(rules(network) == [])
    threshold(1.9)
    #expect(rules(network) == [.potentialRange])
    network.populations[1].model = .lif(
      LIFParameters(tauMem: CompilerFixture.tau, vLeak: 1e6, vThreshold: 4))
    network.projections[0].weights = [Float](repeating: 0.5, count: 48)
    #expect(rules(network) == [.potentialRange])
  }

  @Test func `dead-layer`() {
    // Eight sources of weight 1/64 for ten steps of decay 0.9 reach 0.814.
    var network = CompilerFixture.network(weight: 1.0 / 64)
    let found = broken(network)
    #expect(found.map(\.rule) == [.deadLayer])
    #expect(found.first?.layer == "hidden")
    network.populations[1].model = .lif(
      LIFParameters(tauMem: CompilerFixture.tau, vThreshold: 0.8))
    #expect(rules(network) == [])
  }

  @Test(arguments: [ResetMode.soft, .none])
  func `reset-mode`(reset: ResetMode) {
    var network = CompilerFixture.network()
    network.populations[1].model = .lif(LIFParameters(tauMem: CompilerFixture.tau, reset: reset))
    #expect(rules(network) == [])
    #expect(rules(network) { $0.features.softReset = false } == [.resetMode])
    network.populations[1].model = .lif(LIFParameters(tauMem: CompilerFixture.tau, reset: .hard))
    #expect(rules(network) { $0.features.softReset = false } == [])
  }

  @Test func `learning-unsupported by the chip`() {
    let network = CompilerFixture.network(plasticity: learning)
    #expect(rules(network) == [])
    #expect(
      rules(network) { $0.features.learningWeightBits = 15 }
        == [.learningUnsupported, .learningUnsupported])
    #expect(rules(network) { $0.features.gradedErrors = false } == [.learningUnsupported])
    // The softmax needs all classes on one core.
    #expect(rules(network) { $0.core.neurons = 3 } == [])
    #expect(rules(network) { $0.core.neurons = 2 } == [.learningUnsupported])
  }

  @Test func `learning-unsupported by the place of a rule`() {
    var network = CompilerFixture.network()
    network.projections[1].plasticity = .pairSTDP(
      PairSTDPRule(aPlus: 0.1, aMinus: 0.1, weightMin: -1))
    #expect(rules(network) == [.learningUnsupported])
    network = CompilerFixture.network(plasticity: learning)
    network.populations.removeLast()
    network.projections.removeLast()
    #expect(rules(network) == [.learningUnsupported])
    network = CompilerFixture.network(plasticity: learning)
    network.populations[0].name = "sensor"
    network.populations.append(
      Population(name: "input", size: 8, model: network.populations[1].model))
    network.projections.append(
      Projection(
        source: "sensor", target: "input", weights: [Float](repeating: 0.5, count: 64),
        plasticity: learning))
    #expect(rules(network) == [.learningUnsupported])
  }

  @Test func `topology`() {
    var network = CompilerFixture.network()
    network.projections.append(network.projections[0])
    #expect(rules(network) == [.topology, .topology])
    network = CompilerFixture.network()
    network.projections.removeLast()
    #expect(rules(network) == [.topology])
    network = CompilerFixture.network()
    network.projections[0].source = "readout"
    network.projections[0].weights = [Float](repeating: 0, count: 18)
    #expect(rules(network).contains(.topology))
  }

  @Test func `format-limit`() {
    #expect(rules { $0.name = "Bad Name" } == [.formatLimit])
  }

  @Test func `all broken rules are reported, by layer, with limit, need and cure`() {
    let network = CompilerFixture.network(plasticity: learning, weight: 0.001)
    let found = broken(network) { chip in
      chip.features = ChipFeatures(softReset: false, gradedErrors: false, learningWeightBits: 0)
      chip.core.inAxons = 5
    }
    #expect(
      Set(found.map(\.rule)) == [.resetMode, .learningUnsupported, .deadLayer, .coreInAxons])
    #expect(found.filter { $0.rule == .coreInAxons }.map(\.layer) == ["hidden", "readout"])
    #expect(found.allSatisfy { !$0.limit.isEmpty && !$0.need.isEmpty && !$0.cure.isEmpty })
    let error = CompileError.rules(network: "fixture", chip: "test-chip", found)
    #expect("\(error)".contains("hidden: core-in-axons: needs 8 in-axons, limit 5 in-axons; make"))
  }

  @Test func `a wrong description is refused as such`() {
    var network = CompilerFixture.network()
    network.steps = 0
    let error = #expect(throws: CompileError.self) {
      _ = try compile(network, for: CompilerFixture.chip)
    }
    guard case .network(let inner)? = error else {
      Issue.record("found \(error as Any)")
      return
    }
    #expect(inner.field == "steps")
  }
}
