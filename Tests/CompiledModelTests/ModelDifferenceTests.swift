import CompiledModel
import Testing

/// What is learnt in one model and not in another.
@Suite struct ModelDifferenceTests {
  @Test func `each list of learnt values tells what changed and by how much`() throws {
    let before = ModelFixture.winnerTakeAllModel
    let after = before.replacingLearnedState([
      [0, 300, 500, 700, 0, 32_000], [7, 256, 300], [1, 2, 0, 0, 5, 32_767],
    ])
    let difference = try ModelDifference(from: before, to: after)
    #expect(difference.blocks.map(\.kind) == ["weights", "thresholds", "assignment"])
    #expect(difference.blocks.map(\.changed) == [2, 1, 0])
    #expect(difference.changed == 3 && difference.values == 15)
    let weights = difference.blocks[0]
    #expect(weights.layer == "out" && weights.source == "input" && weights.exponent == -7)
    // 1100 became 32000, in 1/256 of a weight of 2^-7.
    #expect(weights.largest == 30_900.0 / 256 / 128)
    let squares = (900.0 * 900 + 30_900 * 30_900) / 6
    #expect(abs(weights.rootMeanSquare - squares.squareRoot() / 256 / 128) < 1e-12)
    #expect(weights.changedInference == 2)
    #expect(weights.saturated == ModelDifference.Pair(before: 0, after: 1))
    #expect(weights.zeros == ModelDifference.Pair(before: 1, after: 2))
    let rises = difference.blocks[1]
    #expect(rises.largest == 256.0 / 256, "a rise counts 2^-8 of a potential")
    #expect(rises.source == nil && rises.changedInference == nil)
    #expect(difference.blocks[2].saturated == ModelDifference.Pair(before: 1, after: 1))
  }

  @Test func `a change below half a weight is not seen by inference`() throws {
    let before = ModelFixture.model
    var state = before.learnedState
    state[0][4] += 100
    let block = try ModelDifference(
      from: before, to: before.replacingLearnedState(state)
    ).blocks[0]
    #expect(block.changed == 1 && block.changedInference == 0)
  }

  @Test func `a model does not differ from itself`() throws {
    for fixture in ModelFixture.allCases {
      let difference = try ModelDifference(from: fixture.model, to: fixture.model)
      #expect(difference.changed == 0)
      #expect(difference.blocks.allSatisfy { $0.largest == 0 && $0.rootMeanSquare == 0 })
      #expect(difference.blocks.count == fixture.model.learnedBlocks.count)
    }
  }

  @Test func `models of different structures are refused with where they differ`() throws {
    let model = ModelFixture.model
    func differences(_ change: (inout CompiledModel) -> Void) throws -> [String] {
      var other = model
      change(&other)
      let error = try #require(
        #expect(throws: StructureMismatch.self) { _ = try ModelDifference(from: model, to: other) })
      return error.differences
    }
    #expect(try differences { $0.name = "other" } == ["name: fixture and other"])
    #expect(try differences { $0.steps = 9 } == ["steps: 5 and 9"])
    #expect(
      try differences { $0.layers[0].exponent = -5 } == ["layer `hidden`: exponents -6 and -5"])
    #expect(
      try differences { $0.layers[1].connections[0].weights = .fixed([1, 2, 3, 4, 5, 6, 7, 8]) }
        == ["layer `readout`: connection 0: fixed weights differ"])
    #expect(
      try differences { $0.cores[0].column = 2 } == ["placements on cores differ"])
    let frozen = model.freezing([0])
    #expect(
      try differences { $0 = frozen }.contains {
        $0.contains("connection 0: one learns and the other does not")
      })
  }

  @Test func `many differences are counted and not listed`() {
    var other = ModelFixture.winnerTakeAllModel
    (other.name, other.chip, other.steps, other.timeStep) = ("other", "other", 9, 0.5)
    let error = #expect(throws: StructureMismatch.self) {
      _ = try ModelDifference(from: ModelFixture.programModel, to: other)
    }
    #expect(error?.differences.count ?? 0 >= 5)
    #expect(error?.differences.count ?? 0 <= 9)
    #expect(error?.description.contains("only models of one structure") == true)
  }
}
