import CompiledModel
import NetworkCompiler
import SpikingNetwork
import Testing

/// Where rules may change weights: the chip's features and the rule's place in the network.
@Suite struct LearningRuleTests {
  private let threeFactor = PlasticityRule.threeFactor(ThreeFactorRule(learningRate: 0.001))
  private let stdp = PlasticityRule.pairSTDP(PairSTDPRule(aPlus: 0.01, aMinus: 0.01))

  private func found(
    _ network: SpikingNetwork, _ change: (inout Chip) -> Void = { _ in }
  ) -> [DesignViolation] {
    var chip = CompilerFixture.chip
    change(&chip)
    let violations = CompilerFixture.violations(network, for: chip)
    #expect(violations.allSatisfy { !$0.limit.isEmpty && !$0.need.isEmpty && !$0.cure.isEmpty })
    return violations
  }

  private func single(_ rule: PlasticityRule) -> SpikingNetwork {
    CompilerFixture.single(
      CompilerFixture.lif(), weights: [Float](repeating: 0.5, count: 64), plasticity: rule)
  }

  @Test func `a rule needs its feature`() {
    let networks: [(SpikingNetwork, ChipFeatures.Rule)] = [
      (CompilerFixture.network(plasticity: threeFactor), .threeFactor), (single(stdp), .pairSTDP),
      (single(.sdsp(SDSPRule())), .sdsp),
    ]
    for (network, feature) in networks {
      #expect(found(network) == [])
      let violations = found(network) {
        $0.features.rules.removeAll { $0 == feature || $0 == .sumOfProducts }
      }
      #expect(!violations.isEmpty)
      #expect(violations.allSatisfy { $0.rule == .learningUnsupported })
      #expect(violations.first?.need == "`\(feature.rawValue)`")
    }
    #expect(found(single(stdp)) { $0.features.rules = [] }.first?.limit == "no learning")
  }

  @Test func `weights are as wide as learning sees them`() {
    #expect(found(single(stdp)) { $0.core.weightBits = 7 }.map(\.rule) == [.learningUnsupported])
    let narrow = found(single(.sdsp(SDSPRule()))) {
      $0.core.weightBits = 4
      $0.arithmetic.learningWeightBits = 4
    }
    #expect(narrow == [])
  }

  @Test func `the softmax needs all classes on one core`() {
    let network = CompilerFixture.network(plasticity: threeFactor)
    #expect(found(network) { $0.core.neurons = 3 } == [])
    let violations = found(network) { $0.core.neurons = 2 }
    #expect(violations.map(\.rule) == [.learningUnsupported])
    #expect(violations.first?.need == "2 cores")
  }

  @Test func `local rules need neurons that spike`() {
    var network = CompilerFixture.network()
    network.projections[1].plasticity = .pairSTDP(
      PairSTDPRule(aPlus: 0.01, aMinus: 0.01, weightMin: -1))
    #expect(found(network).map(\.rule) == [.learningUnsupported])
    network.populations[2].model = CompilerFixture.lif()
    network.projections[1].weights = [Float](repeating: 0.5, count: 18)
    #expect(found(network) == [])
  }

  @Test func `errors come from a readout to which a dense connection leads`() {
    var network = CompilerFixture.network(plasticity: threeFactor)
    network.projections.removeLast()
    network.populations.removeLast()
    #expect(found(network).map(\.need) == ["a readout"])

    network = CompilerFixture.network(plasticity: threeFactor)
    network.projections[1].plasticity = nil
    #expect(found(network) == [])
    network.projections[1].delay = 1
    #expect(found(network).map(\.need) == ["errors at a layer without one"])
    network.projections[1].delay = 0
    network.projections[1].connectivity = .sparse(
      SparseWeights(
        rowStarts: [0, 1, 2, 3, 4, 5, 6], targets: [0, 1, 2, 0, 1, 2],
        weights: [1, 1, 1, 1, 1, 1]))
    #expect(found(network).map(\.layer) == ["hidden"])
  }

  @Test func `a layer two below the readout learns by a skip alone`() {
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
          plasticity: threeFactor),
        Projection(source: "a", target: "b", weights: [Float](repeating: 0.5, count: 16)),
        Projection(source: "b", target: "out", weights: [Float](repeating: 0.5, count: 8)),
      ])
    #expect(found(network).map(\.layer) == ["a"])
    network.projections.append(
      Projection(source: "a", target: "out", weights: [Float](repeating: 0.5, count: 8)))
    #expect(found(network) == [])
  }

  @Test func `recurrent connections learn, convolutions and pooled ones do not`() {
    var network = CompilerFixture.network(plasticity: threeFactor)
    network.projections.append(
      Projection(
        source: "hidden", target: "hidden",
        connectivity: .dense(weights: [Float](repeating: 0.1, count: 36)), delay: 1,
        plasticity: threeFactor))
    #expect(found(network) == [])
    network.projections[2].connectivity = .oneToOne(weight: 0.5)
    #expect(found(network).map(\.need) == ["`three-factor` from `hidden`"])
  }

  @Test func `local rules and errors exclude each other`() {
    var network = CompilerFixture.network(plasticity: threeFactor)
    network.projections[0].plasticity = stdp
    let violations = found(network)
    #expect(violations.map(\.rule) == [.learningUnsupported])
    #expect(violations.first?.layer == "readout")
  }

  @Test func `learning rates lie within the chip's range`() {
    func network(_ rate: Double) -> SpikingNetwork {
      CompilerFixture.network(plasticity: .threeFactor(ThreeFactorRule(learningRate: rate)))
    }
    #expect(found(network(1e-5)) == [])
    #expect(found(network(0.1)) == [])
    let low = found(network(1e-14))
    #expect(low.allSatisfy { $0.rule == .learningUnsupported })
    #expect(low.first?.limit.hasPrefix("a learning rate of at least") == true)
    func changes(_ size: Double) -> SpikingNetwork {
      single(.pairSTDP(PairSTDPRule(aPlus: size, aMinus: 0)))
    }
    #expect(found(changes(0.06)) == [])
    let high = found(changes(0.07))
    #expect(high.map(\.rule) == [.learningUnsupported])
    #expect(high.first?.need == "0.07")
  }

  @Test func `a teacher teaches the output alone`() {
    let teacher = TeacherSignal(excitation: 1, inhibition: 0.5)
    let taught = PlasticityRule.pairSTDP(
      PairSTDPRule(aPlus: 0.01, aMinus: 0.01, teacher: teacher))
    #expect(found(single(taught)) == [])
    var network = CompilerFixture.network()
    network.projections[0].plasticity = taught
    #expect(found(network).map(\.need) == ["a teacher before the output"])
    let strong = PlasticityRule.pairSTDP(
      PairSTDPRule(
        aPlus: 0.01, aMinus: 0.01, teacher: TeacherSignal(excitation: 1000, inhibition: 0)))
    #expect(found(single(strong)) == [])
    #expect(
      found(single(strong)) { $0.arithmetic.potentialBits = 16 }.map(\.rule) == [.potentialRange])
  }

  @Test func `a target of traces fits them`() {
    func network(_ target: Double) -> SpikingNetwork {
      single(.pairSTDP(PairSTDPRule(aPlus: 0.01, aMinus: 0.01, preTarget: target)))
    }
    #expect(found(network(1)) == [])
    #expect(found(network(100)).map(\.rule) == [.learningUnsupported])
  }
}
