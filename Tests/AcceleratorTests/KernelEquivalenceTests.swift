import Accelerator
import CompiledModel
import NetworkCompiler
import Testing

/// Every set of kernels equals the oracle: results, counts, times, weights, saturations.
@Suite struct KernelEquivalenceTests {
  struct Case: CustomTestStringConvertible {
    let kernels: KernelSet
    let rule: RandomModel.Rule
    var testDescription: String { "\(kernels.name), \(rule)" }
  }

  private static let seeds: Range<UInt64> = 0..<60

  private static let cases = KernelSet.available.flatMap { kernels in
    RandomModel.Rule.allCases.map { Case(kernels: kernels, rule: $0) }
  }

  @Test(arguments: cases)
  func `kernels equal the oracle on random models`(example: Case) {
    for seed in Self.seeds {
      let model = RandomModel.model(seed: seed, rule: example.rule)
      let found = ChipComparison.differences(model, example.kernels, seed: seed) { sample in
        RandomModel.intensities(sample, channels: model.inputs, seed: seed)
      }
      #expect(found == [], "seed \(seed)")
      if !found.isEmpty { return }
    }
  }

  @Test(arguments: KernelSet.available.map(\.name), WideModels.all.map(\.name))
  func `kernels equal the oracle where rows and sums are long`(kernels: String, model: String) {
    for set in KernelSet.available where set.name == kernels {
      for wide in WideModels.all where wide.name == model {
        let found = ChipComparison.differences(wide, set, seed: 5, inferred: 1, learnt: 2) {
          WideModels.intensities($0, channels: wide.inputs)
        }
        #expect(found == [])
      }
    }
  }

  @Test(arguments: KernelSet.available.map(\.name))
  func `rows that only fill a vector up stay within bounds without zero`(kernels: String) throws {
    // Narrow rows are worked on two at a time, so an odd one has a companion that is nobody's.
    let network = NetworkFixture.labelled(inputs: 61, hidden: 15, classes: 5, steps: 8, seed: 3)
    var model = try compile(network, for: NetworkFixture.chip()).model
    for index in model.plasticConnections {
      let connection = model.layers[index.layer].connections[index.connection]
      guard case .plastic(let weights, let rule, _) = connection.weights else { continue }
      model.layers[index.layer].connections[index.connection].weights = .plastic(
        weights.map { max($0, 512) }, rule, bounds: 512...32512)
    }
    for set in KernelSet.available where set.name == kernels {
      let found = ChipComparison.differences(model, set, seed: 4, learnt: 6) {
        NetworkFixture.sample($0, channels: 61)
      }
      #expect(found == [])
    }
  }

  @Test func `the portable kernels are always there, and the best are the last`() {
    #expect(KernelSet.available.first?.name == KernelSet.portable.name)
    #expect(KernelSet.available.last?.name == KernelSet.best.name)
    #expect(Set(KernelSet.available.map(\.name)).count == KernelSet.available.count)
  }
}
