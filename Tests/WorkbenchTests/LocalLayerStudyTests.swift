import CompiledModel
import Federation
import FleetCore
import FleetProtocol
import SpikingNetwork
import Testing
import Workbench

/// A layer that stays on the nodes is trained there, and never leaves them.
@Suite struct LocalLayerStudyTests {
  private let fixture: StudyFixture

  init() throws { fixture = try StudyFixture() }

  private func plan(_ compression: UpdateCompression = .dense) -> StudyPlan {
    var plan = fixture.plan(compression: compression)
    plan.job.merge = ["output": .keepLocal]
    return plan
  }

  private func run(
    _ plan: StudyPlan, stops: [UInt32] = []
  ) throws -> (progress: StudyProgress, model: CompiledModel) {
    let folder = try TemporaryFolder()
    for stop in stops {
      _ = try FederatedStudy(plan, folder: folder.path + "/study", threads: 1)
        .run(to: stop) { _ in }
    }
    let study = try FederatedStudy(plan, folder: folder.path + "/study", threads: 2)
    let progress = try study.run { _ in }
    return (progress, try CompiledModel(reading: try study.model()))
  }

  private func share(_ progress: StudyProgress, from first: Int) -> Double {
    let rounds = progress.rounds[first...]
    return Double(rounds.reduce(0) { $0 + $1.correct })
      / Double(rounds.reduce(0) { $0 + $1.samples })
  }

  @Test func `merged models keep the base's values, and nodes learn with their own`() throws {
    let (progress, merged) = try run(plan())
    #expect(progress.end == .finished)
    let base = fixture.model
    var changed = 0
    for (place, block) in base.learnedBlocks.enumerated() {
      let isLocal = base.layers[block.layer].name == "output"
      let isSame = merged.learnedState[place] == base.learnedState[place]
      #expect(isSame == isLocal, "block \(block.number)")
      changed += isSame ? 0 : 1
    }
    #expect(changed > 0)
    #expect(progress.nodes.allSatisfy { $0.localLayers != nil && $0.reports == 4 })
    // What nodes know by the end is in layers that only they have.
    #expect(share(progress, from: 4) > share(progress, from: 1) + 0.1)
    #expect(share(progress, from: 4) * 100 > progress.rounds[4].accuracy)
    let shared = try run(fixture.plan()).progress
    #expect(progress.rounds[1].updateBytes < shared.rounds[1].updateBytes)
  }

  @Test(arguments: [UpdateCompression.dense, .topK(perMille: 50, bytes: false)])
  func `an interrupted study comes to the same bytes`(compression: UpdateCompression) throws {
    let whole = try run(plan(compression)).progress
    #expect(try run(plan(compression), stops: [0, 1, 3]).progress == whole)
  }

  @Test func `an update with a word of what stays is refused at the door`() throws {
    let digest = try #require(ContentDigest([UInt8](repeating: 7, count: 32)))
    let full = UpdateDoor.shape(of: fixture.model)
    let shared = UpdateDoor.shape(of: fixture.model, without: ["output"])
    #expect(!shared.isEmpty && shared.count < full.count)
    func judged(_ shape: [LayerShape]) -> UploadOutcome {
      let update = ModelUpdate(
        base: digest.bytes, samples: 5, correct: 1,
        layers: shape.map { shape in
          LayerDelta(
            layer: shape.layer, exponent: shape.exponent,
            deltas: [Int32](repeating: 0, count: shape.count))
        })
      let bytes = update.encoded()
      return UpdateDoor.judge(
        bytes,
        UploadCheck(digest: digest, size: UInt64(bytes.count), samples: 5, base: digest),
        shape: shared)
    }
    #expect(judged(shared) == .valid)
    guard case .refused(let code, _) = judged(full) else {
      Issue.record("an update with local layers was taken")
      return
    }
    #expect(code == "shape")
  }

  @Test func `layers of another structure, or of none, are refused by name`() throws {
    let samples = NodeStream(fixture.data)
    var runtime = ChipRuntime(chip: fixture.model.chip, stream: samples)
    let job = try #require(Identifier("job"))
    let base = try #require(ContentDigest([UInt8](repeating: 7, count: 32)))
    var order = TrainingOrder(
      key: RoundKey(job: job, round: 1, attempt: 1), base: base, samples: 2, seed: 1,
      firstOrdinal: 0)
    order.localLayers = ["output"]
    let other = LocalLayers([LayerDelta(layer: 0, exponent: 0, deltas: [1, 2, 3])])
    for bytes in [other.encoded(), [1, 2, 3], []] {
      let refusal = try #require(throws: ChipRefusal.self) {
        try runtime.begin(order, base: fixture.model.encoded(), localState: bytes)
      }
      #expect(refusal.code == ChipRefusal.localStateCode)
    }
    order.localLayers = ["input"]
    let refusal = try #require(throws: ChipRefusal.self) {
      try runtime.begin(order, base: fixture.model.encoded())
    }
    #expect(refusal.code == "local-layers")
  }

  @Test func `a job with nothing to share is refused`() throws {
    for merge in [
      ["hidden": MergeRule.keepLocal, "output": .keepLocal], ["output": .averageTimeConstants],
    ] {
      #expect(throws: AggregationError.self) { _ = try MergePlan(fixture.model, merge) }
    }
    let plan = try MergePlan(fixture.model, ["output": .keepLocal])
    #expect(plan.layers.map(\.rule) == [.average, .keepLocal])
  }
}
