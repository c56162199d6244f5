import CompiledModel
import NetworkCompiler
import SpikingNetwork
import Testing

/// Rules that a run on data shows to be broken.
@Suite struct ActivityTests {
  private func found(hidden: UInt64, saturations: UInt64 = 0) throws -> [DesignViolation] {
    let compilation = try compile(CompilerFixture.network(), for: CompilerFixture.chip)
    // Six neurons, ten steps, five samples.
    return compilation.dataViolations(
      [
        LayerActivity(spikes: hidden, saturations: saturations),
        LayerActivity(spikes: 0, saturations: 0),
      ], samples: 5)
  }

  @Test func `a hidden layer that never spikes is dead, a readout never spikes`() throws {
    #expect(try found(hidden: 1) == [])
    let violations = try found(hidden: 0)
    #expect(violations.map(\.rule) == [.deadLayer])
    #expect(violations.first?.layer == "hidden")
    #expect(violations.first?.need == "none in 5 samples")
  }

  @Test func `a layer that hardly ever rests saturates`() throws {
    #expect(try found(hidden: 285) == [])
    let violations = try found(hidden: 286)
    #expect(violations.map(\.rule) == [.saturatingLayer])
    #expect(violations.first?.limit == "95 % of the steps of its neurons")
    #expect(violations.first?.need == "spikes in 95.34 %")
  }

  @Test func `a layer at the end of its range saturates`() throws {
    #expect(try found(hidden: 10, saturations: 15) == [])
    let violations = try found(hidden: 10, saturations: 16)
    #expect(violations.map(\.rule) == [.saturatingLayer])
    #expect(violations.first?.need == "ends of a range in 5.34 %")
    #expect(violations.allSatisfy { !$0.need.isEmpty && !$0.cure.isEmpty })
  }
}
