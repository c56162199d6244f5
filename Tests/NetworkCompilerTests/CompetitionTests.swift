import CompiledModel
import NetworkCompiler
import SpikingNetwork
import Testing

/// Winner-take-all with homeostasis, normalisation and classes, lowered and refused.
@Suite struct CompetitionTests {
  private func network(
    neurons: Int = 4, _ change: (inout SpikingNetwork) -> Void = { _ in }
  ) -> SpikingNetwork {
    let lif = LIFParameters(tauMem: 0.1, vThreshold: 13, vReset: 5, reset: .hard)
    var output = Population(name: "output", size: neurons, model: .lif(lif))
    output.competition = WinnerTakeAll(inhibition: 2)
    output.homeostasis = Homeostasis(thetaPlus: 0.05, tauTheta: 1e4)
    output.classes = 3
    let rule = PairSTDPRule(aPlus: 0.01, aMinus: 1e-4, weightMin: 0, weightMax: 0.99)
    var network = CompilerFixture.network(
      [Population(name: "input", size: 40, model: .input), output],
      [
        Projection(
          source: "input", target: "output",
          connectivity: .dense(weights: [Float](repeating: 0.5, count: 40 * neurons)),
          plasticity: .pairSTDP(rule), normalisation: 10)
      ])
    change(&network)
    return network
  }

  @Test func `strengths are in the units of the potential`() throws {
    let network = network()
    let model = try compile(network, for: CompilerFixture.roomyChip).model
    guard case .spiking(let program) = model.layers[0].neurons else { return }
    // A unit of a weight is 2^-7, and a potential is 64 times as fine: 8192 to one millivolt.
    #expect(model.layers[0].exponent == -7)
    #expect(program.threshold[0] == 13 * 8192)
    #expect(program.competition == .init(inhibition: 2 * 13 * 8192))
    let homeostasis = try #require(program.homeostasis)
    // 0.05 mV are 410 units; eight thresholds take five bits more than fifteen.
    #expect(homeostasis.shift == 5 && homeostasis.impulse == 13)
    #expect(homeostasis.rises == [0, 0, 0, 0])
    let duration = Double(network.steps) * network.timeStep
    #expect(abs(Double(homeostasis.decay) - duration / 1e4 * 4_294_967_296) < 2)
    #expect(model.layers[0].connections[0].normalisation == Int32(10 * 128 * 256))
    #expect(
      model.layers[0].assignment
        == ClassAssignment(classes: 3, counts: Array(repeating: 0, count: 12)))
    #expect(model.classes == 3)
  }

  @Test(arguments: [
    (ChipFeatures.Operation.homeostasis, "`homeostasis`"),
    (.normalisation, "`normalisation`"), (.classAssignment, "`class-assignment`"),
  ])
  func `operation-unsupported`(operation: ChipFeatures.Operation, need: String) {
    #expect(CompilerFixture.roomyViolations(network()) == [])
    let found = CompilerFixture.roomyViolations(network()) {
      $0.features.operations.removeAll { $0 == operation }
    }
    #expect(found.map(\.rule) == [.operationUnsupported])
    #expect(found.first?.need == need && found.first?.layer == "output")
  }

  @Test func `neurons compete on one core where cores cannot find a winner together`() {
    let narrow: (inout Chip) -> Void = {
      $0.features.operations.removeAll { $0 == .wideCompetition }
    }
    #expect(CompilerFixture.roomyViolations(network(), narrow) == [])
    let found = CompilerFixture.roomyViolations(network(neurons: 6)) { chip in
      narrow(&chip)
      chip.core.neurons = 4
    }
    #expect(found.map(\.rule) == [.competition])
    #expect(found.first?.need == "2 cores")
    let none = CompilerFixture.roomyViolations(network()) {
      $0.features.operations = [.homeostasis, .normalisation, .classAssignment]
    }
    #expect(none.map(\.rule) == [.operationUnsupported])
    #expect(none.first?.need == "`competition`")
  }

  @Test func `a chip of narrow potentials cannot inhibit by any strength`() {
    let found = CompilerFixture.roomyViolations(
      network { $0.populations[1].competition?.inhibition = 100 })
    #expect(found.map(\.rule) == [.potentialRange])
    #expect(found.first?.need == "100")
  }

  @Test func `a threshold that falls within a sample is no homeostasis`() {
    let found = CompilerFixture.roomyViolations(
      network { $0.populations[1].homeostasis?.tauTheta = 0.001 })
    #expect(found.map(\.rule) == [.operationUnsupported])
    let fine = CompilerFixture.roomyViolations(
      network { $0.populations[1].homeostasis?.thetaPlus = 1e-6 })
    #expect(fine.map(\.rule) == [.potentialRange])
  }

  @Test func `weights cannot be normalised to more than they can sum to`() {
    #expect(
      CompilerFixture.roomyViolations(network { $0.projections[0].normalisation = 39.5 }) == [])
    let found = CompilerFixture.roomyViolations(network { $0.projections[0].normalisation = 40 })
    #expect(found.map(\.rule) == [.weightRange])
  }

  @Test func `rises and counts take synapse memory`() throws {
    var plain = network()
    plain.populations[1].homeostasis = nil
    plain.populations[1].classes = nil
    plain.projections[0].normalisation = nil
    let least = try compile(plain, for: CompilerFixture.roomyChip).cores[0].synapseMemoryBytes
    let all = try compile(network(), for: CompilerFixture.roomyChip).cores[0].synapseMemoryBytes
    // A rise, a count of spikes and three of classes for each of four neurons, two bytes each.
    #expect(all - least == 4 * 5 * 2)
  }

  @Test func `only neurons that spike compete, and only local rules are normalised`() {
    func field(_ change: (inout SpikingNetwork) -> Void) -> String? {
      do { try network(change).validate() } catch { return error.field }
      return nil
    }
    #expect(field { _ in } == nil)
    #expect(field { $0.populations[0].classes = 2 } == "populations[0].classes")
    #expect(
      field { $0.populations[0].competition = WinnerTakeAll(inhibition: 1) }
        == "populations[0].competition")
    #expect(field { $0.populations[1].classes = 0 } == "populations[1].classes")
    #expect(
      field { $0.populations[1].competition?.inhibition = -1 }
        == "populations[1].competition.inhibition")
    #expect(
      field { $0.populations[1].homeostasis?.tauTheta = 0 }
        == "populations[1].homeostasis.tauTheta")
    #expect(field { $0.projections[0].normalisation = 0 } == "projections[0].normalisation")
    #expect(field { $0.projections[0].plasticity = nil } == "projections[0].normalisation")
  }
}
