import CompiledModel
import NetworkCompiler
import SpikingNetwork
import Testing

/// Rules on what the cores of a chip can do: each passes with the feature and not without it.
@Suite struct FeatureRuleTests {
  private func found(
    _ network: SpikingNetwork, _ change: (inout Chip) -> Void
  ) -> [DesignViolation] {
    var chip = CompilerFixture.chip
    change(&chip)
    let violations = CompilerFixture.violations(network, for: chip)
    #expect(violations.allSatisfy { !$0.limit.isEmpty && !$0.need.isEmpty && !$0.cure.isEmpty })
    return violations
  }

  private var models: [(NeuronModel, ChipFeatures.Neuron)] {
    let lif = LIFParameters(tauMem: CompilerFixture.tau)
    return [
      (.lif(lif), .lif), (.cubaLIF(CubaLIFParameters(tauSyn: 0.005, lif: lif)), .cubaLIF),
      (.integrateAndFire(IFParameters()), .integrateAndFire),
      (
        .adaptiveLIF(AdaptiveLIFParameters(lif: lif, tauAdaptation: 0.1, beta: 0.2)), .adaptiveLIF
      ),
      (CompilerFixture.readout, .readout),
      (
        .leakyIntegrator(LeakyIntegratorParameters(tauMem: CompilerFixture.tau, tauSyn: 0.005)),
        .cubaLIF
      ),
    ]
  }

  @Test func `neuron-model`() {
    for (model, feature) in models {
      let network = CompilerFixture.single(model)
      #expect(found(network) { _ in } == [])
      let violations = found(network) { $0.features.neurons.removeAll { $0 == feature } }
      #expect(violations.map(\.rule) == [.neuronModel])
      #expect(violations.first?.need == "`\(feature.rawValue)`")
      #expect(violations.first?.layer == "output")
    }
  }

  @Test(arguments: [ResetMode.soft, .none, .hard])
  func `reset-mode`(reset: ResetMode) {
    let network = CompilerFixture.single(
      .lif(LIFParameters(tauMem: CompilerFixture.tau, reset: reset)))
    #expect(found(network) { _ in } == [])
    let violations = found(network) { chip in
      chip.features.resets.removeAll { $0.rawValue == reset.rawValue }
    }
    #expect(violations.map(\.rule) == [.resetMode])
    #expect(violations.first?.need == "reset `\(reset.rawValue)`")
  }

  @Test func `refractory-range`() {
    func network(_ seconds: Double) -> SpikingNetwork {
      CompilerFixture.single(
        .lif(LIFParameters(tauMem: CompilerFixture.tau, refractory: seconds)))
    }
    #expect(found(network(0.016)) { _ in } == [])
    let violations = found(network(0.017)) { _ in }
    #expect(violations.map(\.rule) == [.refractoryRange])
    #expect(violations.first?.limit == "16 steps")
  }

  @Test func `delay-range counts what a core keeps beyond the step of delivery`() {
    func network(_ delay: Int, _ skip: Int) -> SpikingNetwork {
      CompilerFixture.network(
        [
          Population(name: "input", size: 2, model: .input),
          Population(name: "a", size: 2, model: CompilerFixture.lif()),
          Population(name: "b", size: 2, model: CompilerFixture.lif()),
        ],
        [
          Projection(source: "input", target: "a", weights: [1, 1, 1, 1]),
          Projection(source: "a", target: "b", weights: [1, 1, 1, 1]),
          Projection(
            source: "b", target: "b", connectivity: .dense(weights: [-1, 0, 0, -1]), delay: delay),
          Projection(
            source: "input", target: "b", connectivity: .dense(weights: [1, 1, 1, 1]), delay: skip),
        ])
    }
    #expect(found(network(1, 0)) { $0.core.delayMax = 1 } == [])
    let skip = found(network(1, 0)) { $0.core.delayMax = 0 }
    #expect(skip.map(\.rule) == [.delayRange])
    #expect(skip.first?.need == "1 steps for those of `input`")
    #expect(found(network(3, 0)) { $0.core.delayMax = 2 } == [])
    let loop = found(network(4, 0)) { $0.core.delayMax = 2 }
    #expect(loop.map(\.rule) == [.delayRange])
    #expect(loop.first?.limit == "spikes kept for 2 steps")
  }

  private var layouts: [(Connectivity, ChipFeatures.Layout)] {
    let sparse = SparseWeights(
      rowStarts: [0, 1, 2, 3, 4, 4, 4, 4, 4], targets: [0, 1, 2, 3], weights: [2, 2, 2, 2])
    return [
      (.dense(weights: [Float](repeating: 1, count: 64)), .dense), (.sparse(sparse), .sparse),
      (
        .convolution(
          Convolution(kernelHeight: 1, kernelWidth: 1, padding: 0, weights: [1, 1, 1, 1])),
        .convolution
      ),
      (.oneToOne(weight: 2), .convolution),
    ]
  }

  @Test func `layout-unsupported`() {
    for (connectivity, layout) in layouts {
      let shape = FeatureShape(height: 2, width: 2, channels: 2)
      let network = CompilerFixture.network(
        [
          Population(name: "input", shape: shape, model: .input),
          Population(name: "output", shape: shape, model: CompilerFixture.lif()),
        ], [Projection(source: "input", target: "output", connectivity: connectivity)])
      #expect(found(network) { _ in } == [])
      let violations = found(network) { $0.features.layouts.removeAll { $0 == layout } }
      #expect(violations.map(\.rule) == [.layoutUnsupported])
      #expect(violations.first?.need == "`\(layout.rawValue)` from `input`")
    }
  }

  @Test func `layout-unsupported by a chip that does not pool`() {
    let shape = FeatureShape(height: 4, width: 4, channels: 1)
    let network = CompilerFixture.network(
      [
        Population(name: "input", shape: shape, model: .input),
        Population(name: "output", size: 4, model: CompilerFixture.lif()),
      ],
      [
        Projection(
          source: "input", target: "output", connectivity: .oneToOne(weight: 0.5), pooling: 2)
      ])
    #expect(found(network) { _ in } == [])
    let violations = found(network) { $0.features.pooling = false }
    #expect(violations.map(\.rule) == [.layoutUnsupported])
    #expect(violations.first?.need == "pooling of `input` by 2")
  }

  @Test(arguments: [WeightPrecision.int4, .binary])
  func `precision-unsupported`(precision: WeightPrecision) {
    let network = CompilerFixture.single(CompilerFixture.lif(), precision: precision)
    #expect(found(network) { _ in } == [])
    let violations = found(network) { chip in
      chip.features.precisions.removeAll { $0 == (precision == .int4 ? .int4 : .binary) }
    }
    #expect(violations.map(\.rule) == [.precisionUnsupported])
    #expect(violations.first?.need == "`\(precision.rawValue)` from `input`")
    // What is as wide as the core needs no feature.
    let narrow = found(network) { chip in
      chip.features.precisions = []
      chip.core.weightBits = precision == .int4 ? 4 : 1
    }
    #expect(narrow == [])
  }

  @Test func `precision-unsupported where one bit was not asked for, or would have to learn`() {
    let network = CompilerFixture.single(CompilerFixture.lif())
    #expect(found(network) { $0.core.weightBits = 2 } == [])
    #expect(found(network) { $0.core.weightBits = 1 }.map(\.rule) == [.precisionUnsupported])
    let learning = CompilerFixture.single(
      CompilerFixture.lif(), weights: [Float](repeating: 0.5, count: 64), precision: .int4,
      plasticity: .pairSTDP(PairSTDPRule(aPlus: 0.01, aMinus: 0.01)))
    #expect(found(learning) { _ in }.map(\.rule) == [.precisionUnsupported])
  }

  @Test func `precision-unsupported beside weights that learn, unless a power of two`() {
    func network(_ scale: Float) -> SpikingNetwork {
      var network = CompilerFixture.single(
        CompilerFixture.lif(), weights: [Float](repeating: 0.5, count: 64),
        plasticity: .pairSTDP(PairSTDPRule(aPlus: 0.01, aMinus: 0.01)))
      network.projections.append(
        Projection(
          source: "output", target: "output",
          connectivity: .dense(weights: [Float](repeating: -scale, count: 16)), delay: 1,
          precision: .binary))
      return network
    }
    #expect(found(network(0.25)) { _ in } == [])
    #expect(found(network(0.26)) { _ in } == [])
    let violations = found(network(0.3)) { _ in }
    #expect(violations.map(\.rule) == [.precisionUnsupported])
    #expect(violations.first?.cure == "scale these weights to 0.25, or ask for int8")
  }
}
