import CompiledModel
import Testing

/// What is learnt: blocks, what they hold, and what the reader refuses of them.
@Suite struct LearnedStateTests {
  private let model = ModelFixture.winnerTakeAllModel

  @Test func `weights come first, then rises of thresholds, then counts of classes`() {
    let place = CompiledModel.ConnectionIndex(layer: 0, connection: 0)
    #expect(
      model.learnedBlocks.map(\.kind)
        == [.weights(place), .thresholds(layer: 0), .assignment(layer: 0)])
    #expect(model.learnedBlocks.map(\.number) == [0, 65_536, 131_072])
    #expect(model.learnedBlocks.map(\.exponent) == [-7, -8, 0])
    #expect(
      model.learnedState
        == [[0, 300, 500, 700, 900, 1100], [7, 0, 300], [1, 2, 0, 0, 5, 32_767]])
  }

  @Test func `what is learnt is replaced block by block and is no part of the structure`() {
    let state: [[Int16]] = [[1, 2, 3, 4, 5, 6], [0, 32_767, 1], [0, 0, 9, 0, 0, 1]]
    let learnt = model.replacingLearnedState(state)
    #expect(learnt.learnedState == state)
    #expect(learnt.structureDigest == model.structureDigest)
    #expect(learnt.classes == 2)
    let (before, after) = (model.encoded(), learnt.encoded())
    let changed = Set(before.indices.filter { before[$0] != after[$0] }.map { $0 / 65_536 })
    #expect(before.count == after.count && changed == [1, 2, 3])
  }

  @Test func `a block holds as many values as it must, within its bounds and on its steps`() {
    let rises = model.learnedBlocks[1]
    #expect(rises.holds([0, 1, 32_767]))
    #expect(!rises.holds([0, 1]))
    #expect(!rises.holds([0, 1, -1]))
    let weights = ModelFixture.pairSTDPModel.learnedBlocks[0]
    #expect(weights.holds([0, 256, -512, 1024, 0, 0]))
    #expect(!weights.holds([0, 255, -512, 1024, 0, 0]))
    #expect(!weights.holds([0, 256, -512, 1280, 0, 0]))
  }

  @Test func `a mean of rewards is learnt, and needs a rule that reads the reward`() throws {
    var rewarded = ModelFixture.programModel
    let layer = try #require(
      rewarded.layers.indices.first { rewarded.readsReward($0) })
    rewarded.layers[layer].rewardMean = RewardMean(rate: 655, mean: -77)
    try rewarded.validate()
    let block = try #require(rewarded.learnedBlocks.last)
    #expect(block.kind == .reward(layer: layer) && block.number == 327_680 + UInt32(layer))
    #expect(rewarded.learnedState.last == [-77])
    #expect(try CompiledModel(reading: rewarded.encoded()) == rewarded)
    let other = rewarded.replacingLearnedState(rewarded.learnedState.dropLast() + [[5]])
    #expect(other.layers[layer].rewardMean?.mean == 5)
    #expect(other.structureDigest == rewarded.structureDigest)
    // Frozen, it stays; without a rule that reads it there is none.
    let held = rewarded.freezing([block.number])
    #expect(held.layers[layer].rewardMean == RewardMean(rate: 0, mean: -77))
    let weights = Set(rewarded.learnedBlocks.map(\.number).filter { $0 < 65_536 })
    let fixed = rewarded.freezing(weights)
    #expect(fixed.layers[layer].rewardMean == nil)
    try fixed.validate()
    for rate in [-1, 65_537] as [Int32] {
      rewarded.layers[layer].rewardMean?.rate = rate
      #expect(throws: ModelError.self) { try rewarded.validate() }
    }
    var silent = model
    silent.layers[0].rewardMean = RewardMean(rate: 1)
    #expect(throws: ModelError.self) { try silent.validate() }
  }

  private func fault(_ change: (inout SpikingProgram) -> Void) -> String? {
    ModelFault.field(of: .winnerTakeAll) { model in
      guard case .spiking(var program) = model.layers[0].neurons else { return }
      change(&program)
      model.layers[0].neurons = .spiking(program)
    }?.replacing("layers.[0].", with: "")
  }

  @Test func `competition and homeostasis keep to their widths`() {
    #expect(fault { $0.competition?.inhibition = 0 } == nil)
    #expect(fault { $0.competition?.inhibition = -1 } == "competition.inhibition")
    #expect(fault { $0.competition?.inhibition = 1 << 23 } == "competition.inhibition")
    #expect(fault { $0.homeostasis?.impulse = 32_767 } == nil)
    #expect(fault { $0.homeostasis?.impulse = 32_768 } == "homeostasis.impulse")
    #expect(fault { $0.homeostasis?.impulse = -1 } == "homeostasis.impulse")
    #expect(fault { $0.homeostasis?.decay = .max } == nil)
    #expect(fault { $0.homeostasis?.decay = -1 } == "homeostasis.decay")
    #expect(fault { $0.homeostasis?.shift = 8 } == nil)
    #expect(fault { $0.homeostasis?.shift = 9 } == "homeostasis.shift")
    #expect(fault { $0.homeostasis?.rises[1] = -1 } == "homeostasis.rises")
    #expect(fault { $0.homeostasis?.rises.removeLast() } == "homeostasis.rises")
  }

  @Test func `weights are normalised to a sum above 0 where a local rule keeps them from 0 up`() {
    func fault(
      of fixture: ModelFixture = .winnerTakeAll, _ change: (inout CompiledConnection) -> Void
    ) -> String? {
      ModelFault.connection(of: fixture, layer: 0, 0, change)?
        .replacing("layers.[0].connections[0].", with: "")
    }
    #expect(fault { $0.normalisation = .max } == nil)
    #expect(fault { $0.normalisation = 0 } == "normalisation")
    #expect(fault { $0.normalisation = -1 } == "normalisation")
    #expect(fault(of: .pairSTDP) { $0.normalisation = 1 } == "normalisation")
    #expect(fault(of: .threeFactor) { $0.normalisation = 1 } == "normalisation")
    #expect(fault(of: .fixed) { $0.normalisation = 1 } == "normalisation")
  }

  @Test func `classes belong to a last layer that spikes and has no teacher`() {
    func fault(_ change: (inout CompiledModel) -> Void) -> String? {
      ModelFault.field(of: .winnerTakeAll, change)
    }
    #expect(fault { $0.layers[0].assignment?.counts[0] = -1 } == "layers.[0].assignment.counts")
    #expect(fault { $0.layers[0].assignment?.classes = 3 } == "layers.[0].assignment.counts")
    #expect(
      fault { $0.layers[0].assignment = ClassAssignment(classes: 0, counts: []) }
        == "layers.[0].assignment.classes")
    #expect(
      fault { $0.layers[0].teacher = TeacherProgram(excitation: 1, inhibition: 1) }
        == "layers.[0].teacher")
    let counts = ClassAssignment(classes: 1, counts: [0, 0])
    #expect(
      ModelFault.field(of: .threeFactor) { $0.layers[1].assignment = counts }
        == "layers.[1].assignment.layer")
  }
}
