import Accelerator
import CompiledModel
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

  @Test func `the portable kernels are always there, and the best are the last`() {
    #expect(KernelSet.available.first?.name == KernelSet.portable.name)
    #expect(KernelSet.available.last?.name == KernelSet.best.name)
    #expect(Set(KernelSet.available.map(\.name)).count == KernelSet.available.count)
  }
}
