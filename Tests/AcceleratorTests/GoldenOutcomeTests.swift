import Accelerator
import CompiledModel
import Testing

extension Accelerator: TracedChip {
  init(_ model: CompiledModel) { self.init(model, kernels: .best) }
}

/// The chip ends where the oracle's traces end.
@Suite struct GoldenOutcomeTests {
  @Test(arguments: GoldenCase.all.map(\.name))
  func `the chip agrees with the trace`(name: String) throws {
    let golden = try #require(GoldenCase.all.first { $0.name == name })
    let trace = GoldenText.trace(golden, on: ReferenceAccelerator.self)
    #expect(GoldenText.outcome(of: trace) == GoldenText.trace(golden, on: Accelerator.self))
  }
}
