import CompiledModel
import FleetCore
import Testing
import Workbench

/// What a publisher permits bounds what a federation key can make a node run.
@Suite struct SuccessorLimitsTests {
  private let published: PublishedModel
  private let blocks: [UInt32]

  init() throws {
    published = try PublishedModel()
    blocks = published.model.learnedBlocks.map(\.number)
  }

  /// The published model with one value of a block moved.
  private func moved(_ block: Int, by delta: Int16) -> [UInt8] {
    var state = published.model.learnedState
    let room = Int32(published.model.learnedBlocks[block].bounds.upperBound) - Int32(delta)
    state[block][2] =
      Int32(state[block][2]) <= room ? state[block][2] + delta : state[block][2] - delta
    return published.model.replacingLearnedState(state).encoded()
  }

  private func compare(_ successor: [UInt8], _ blocks: [UInt32], _ drift: UInt32)
    -> SuccessorOutcome
  {
    SuccessorLimits.compare(
      successor, published: published.bytes,
      permit: TrainingPermit(blocks: blocks, driftMax: drift))
  }

  @Test func `learned values may lie as far as permitted and no step further`() {
    #expect(compare(published.bytes, blocks, 0) == .within)
    let successor = moved(0, by: 64)
    #expect(compare(successor, blocks, 64) == .within)
    #expect(
      compare(successor, blocks, 63)
        == .beyond(
          detail: "value 2 of block \(blocks[0]) lies 64 from the published one, permitted are 63"))
  }

  @Test func `a block that no permit opens has to stay as it was published`() {
    let successor = moved(1, by: 64)
    #expect(compare(successor, [blocks[0]], 65_535) != .within)
    #expect(compare(successor, [blocks[1]], 65_535) == .within)
  }

  @Test func `anything but learned values makes it another model`() throws {
    let other = try PublishedModel(weightSeed: 2)
    #expect(
      compare(other.bytes, blocks, 65_535) != .within, "weights of another scale are no learning")
    var model = published.model
    model.name = "another"
    #expect(
      compare(model.encoded(), blocks, 65_535)
        == .beyond(detail: "it differs from the published model in more than learning"))
    #expect(compare(Array(published.bytes.dropLast()), blocks, 65_535) != .within)
  }
}
