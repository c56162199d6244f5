import CompiledModel
import NetworkCompiler
import SpikingNetwork
import Testing

/// Each rule lets a network pass at its limit and refuses it one past it: rules on what cores hold.
@Suite struct DesignRuleTests {
  private let learning = PlasticityRule.threeFactor(ThreeFactorRule(learningRate: 0.001))

  private func broken(
    _ network: SpikingNetwork = CompilerFixture.network(), perChannel: Bool = true,
    _ change: (inout Chip) -> Void = { _ in }
  ) -> [DesignViolation] {
    var chip = CompilerFixture.chip
    change(&chip)
    return CompilerFixture.violations(
      network, for: chip, options: CompilerOptions(perChannel: perChannel))
  }

  private func rules(
    _ network: SpikingNetwork = CompilerFixture.network(), perChannel: Bool = true,
    _ change: (inout Chip) -> Void = { _ in }
  ) -> [DesignRule] {
    broken(network, perChannel: perChannel, change).map(\.rule)
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
    #expect(found.map(\.rule) == [.coreNeurons])
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
    // A readout of 4 takes 2 cores of 2 neurons, one of 5 takes 3; the hidden layer is split finer.
    #expect(rules(CompilerFixture.network(hidden: 4, classes: 4), perChannel: true, chip) == [])
    let found = broken(CompilerFixture.network(hidden: 4, classes: 5), perChannel: true, chip)
    #expect(found.map(\.rule) == [.coreOutAxons])
    #expect(found.first?.layer == "hidden")
    #expect(found.first?.limit == "2 out-axons for one neuron")
    #expect(found.first?.need == "3 out-axons for one neuron")
  }

  @Test func `core-out-axons of a layer that sends to itself`() {
    // Split over k cores, 6 neurons have 6 / k * (k + 1) out-axons on each: 7 at the least.
    var network = CompilerFixture.network()
    network.projections.append(
      Projection(
        source: "hidden", target: "hidden",
        connectivity: .dense(weights: [Float](repeating: 0.1, count: 36)), delay: 1))
    let found = broken(network) { $0.core.outAxons = 6 }
    #expect(found.map(\.rule) == [.coreOutAxons])
    #expect(found.first?.need == "7 out-axons for one neuron")
    #expect(rules(network) { $0.core.outAxons = 7 } == [])
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
    #expect(rules(network, perChannel: true, roomy) == [])
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
    #expect(rules(CompilerFixture.network(), perChannel: true, small) == [])
    let found = broken(CompilerFixture.network(hidden: 7), perChannel: true, small)
    #expect(found.map(\.rule) == [.chipCores])
    #expect(found.first?.limit == "3 cores")
    #expect(found.first?.need == "4 cores (hidden 3, readout 1)")
  }

  @Test func `weight-range`() {
    var network = CompilerFixture.network(weight: 127 * 256)
    network.populations[1].model = CompilerFixture.lif(threshold: 8)
    #expect(rules(network, perChannel: false) == [])
    // One weight that is a little larger is cut; if all are, half of them would be lost.
    network.projections[0].weights[0] = 127 * 256 + 1
    #expect(rules(network, perChannel: false) == [])
    network.projections[0].weights = [Float](repeating: 127 * 384, count: 48)
    let found = broken(network, perChannel: false)
    #expect(found.map(\.rule) == [.weightRange])
    #expect(found.first?.limit == "32512")
    #expect(found.first?.need == "48768 from `input`")
    let stdp = PlasticityRule.pairSTDP(PairSTDPRule(aPlus: 0.01, aMinus: 0.01))
    network = CompilerFixture.network(weight: 1)
    network.projections[0].plasticity = stdp
    #expect(rules(network) == [])
    network.projections[0].weights[3] = 1.01
    #expect(rules(network) == [.weightRange])
  }

  @Test func `potential-range`() {
    var network = CompilerFixture.network(weight: 127 * 256)
    func threshold(_ value: Double) {
      network.populations[1].model = CompilerFixture.lif(threshold: value)
    }
    // With an exponent of 8 one unit of the potential is 2^(8 - 6); connections are shifted by 10
    // more, up to where one spike meets the end of the range.
    for perChannel in [true, false] {
      threshold(4)
      #expect(rules(network, perChannel: perChannel) == [])
      threshold(1e-3)
      let found = broken(network, perChannel: perChannel)
      #expect(found.map(\.rule) == [.potentialRange])
      #expect(found.first?.limit.hasPrefix("a threshold of at least 0.0") == true)
      #expect(found.first?.need == "0.001")
      // Few digits, and no fewer than to be read.
      #expect((found.first?.limit.count ?? 99) < "a threshold of at least 0.00012345".count)
    }
    network.populations[1].model = .lif(
      LIFParameters(tauMem: CompilerFixture.tau, vLeak: 1e6, vThreshold: 4, reset: .soft))
    network.projections[0].weights = [Float](repeating: 0.5, count: 48)
    let found = broken(network)
    #expect(found.map(\.rule) == [.potentialRange])
    #expect(found.first?.limit.contains("bias") == true)
  }

  @Test func `input-range`() {
    // A connection of 64 units, beside one that is finer by 2^11.
    func network(sources: Int) -> SpikingNetwork {
      CompilerFixture.network(
        [
          Population(name: "input", size: sources, model: .input),
          Population(name: "output", size: 1, model: CompilerFixture.lif(threshold: 0.02)),
        ],
        [
          Projection(
            source: "input", target: "output", weights: [Float](repeating: 1, count: sources)),
          Projection(
            source: "output", target: "output",
            connectivity: .dense(weights: [-1.0 / 2048]), delay: 1),
        ])
    }
    var chip = CompilerFixture.roomyChip
    chip.arithmetic.inputShift = 5
    let options = CompilerOptions(perChannel: false)
    // One unit is 2^-7 and 2^-18, so that a spike of the input is 64 << 5 << 11 potentials.
    #expect(CompilerFixture.violations(network(sources: 508), for: chip, options: options) == [])
    let found = CompilerFixture.violations(network(sources: 512), for: chip, options: options)
    #expect(found.map(\.rule) == [.inputRange])
    #expect(found.first?.layer == "output")
    #expect(found.first?.limit == "a sum of 32 bits, below 2147483647")
  }

  @Test func `dead-layer`() {
    // Eight sources of weight 1/64 for ten steps of decay 0.9 reach 0.814.
    var network = CompilerFixture.network(weight: 1.0 / 64)
    for perChannel in [true, false] {
      network.populations[1].model = CompilerFixture.lif()
      let found = broken(network, perChannel: perChannel)
      #expect(found.map(\.rule) == [.deadLayer])
      #expect(found.first?.layer == "hidden")
      network.populations[1].model = CompilerFixture.lif(threshold: 0.8)
      #expect(rules(network, perChannel: perChannel) == [])
    }
  }

  @Test func `a readout whose weights are all 0 is dead, unless it learns them`() {
    var network = CompilerFixture.network()
    network.projections[1].weights = [Float](repeating: 0, count: 18)
    let found = broken(network)
    #expect(found.map(\.rule) == [.deadLayer])
    #expect(found.first?.layer == "readout")
    network.projections[1].weights[7] = 0.25
    #expect(rules(network) == [])
    var blank = CompilerFixture.network(plasticity: learning)
    blank.projections[1].weights = [Float](repeating: 0, count: 18)
    #expect(rules(blank) == [])
  }

  @Test func `a layer of which one neuron can spike is not dead`() {
    var network = CompilerFixture.network(weight: 1.0 / 64)
    for source in 0..<8 { network.projections[0].weights[2 * 8 + source] = 0.1 }
    #expect(rules(network) == [])
  }

  @Test func `saturating-layer for one spike`() {
    // A potential of 8 bits has room for two thresholds of 63.
    func rules(_ weight: Float) -> [DesignViolation] {
      var network = CompilerFixture.network()
      network.projections[0].weights = [Float](repeating: weight, count: 48)
      return broken(network, perChannel: false) {
        $0.arithmetic.potentialBits = 8
        $0.arithmetic.inputShift = 2
      }
    }
    // A threshold of 32 or more potentials takes units of 1/8, 4 potentials each.
    #expect(rules(3.5) == [])
    let found = rules(4.5)
    #expect(found.map(\.rule) == [.saturatingLayer])
    #expect(found.first?.layer == "hidden")
    #expect(found.first?.need == "144 for one spike")
    #expect(found.first?.limit == "127, the end of the potential")
  }

  @Test func `format-limit`() {
    #expect(rules { $0.name = "Bad Name" } == [.formatLimit])
  }

  @Test func `all broken rules are reported, by layer, with limit, need and cure`() {
    let network = CompilerFixture.network(plasticity: learning, weight: 0.001)
    let found = broken(network) { chip in
      chip.features = ChipFeatures(
        neurons: [.lif, .readout], resets: [.hard], layouts: [.dense], precisions: [], rules: [],
        pooling: false)
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
