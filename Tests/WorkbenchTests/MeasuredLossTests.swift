import Accelerator
import CompiledModel
import Crypto
import Federation
import FleetCore
import FleetProtocol
import Foundation
import SpikingNetwork
import Testing
import Workbench

/// What nodes tell of the base's loss before they train, and what q-FedAvg makes of it.
@Suite struct MeasuredLossTests {
  private let fixture: StudyFixture

  init() throws { fixture = try StudyFixture() }

  private func run(_ terms: TrainingTerms, samples: UInt32 = 60) throws -> FinishedTraining {
    var runtime = ChipRuntime(
      chip: "loihi-learn", stream: NodeStream(fixture.data), settings: LearningSettings())
    let (job, base) = (
      try #require(Identifier("job")),
      try #require(ContentDigest(SHA256.hash(data: fixture.model.encoded())))
    )
    try runtime.begin(
      TrainingOrder(
        key: RoundKey(job: job, round: 1, attempt: 1), base: base, samples: samples, seed: 5,
        firstOrdinal: 30, terms: terms), base: fixture.model.encoded())
    while runtime.trainingKey != nil {
      if let finished = runtime.trainNext() { return finished }
    }
    throw NoOutcome()
  }

  private struct NoOutcome: Error {}

  /// The mean cross-entropy of a model on the samples of some ordinals, in the system's arithmetic.
  private func loss(of model: CompiledModel, ordinals: Range<UInt64>) throws -> Double {
    guard case .readout(let program)? = model.layers.last?.neurons else { throw NoOutcome() }
    var chip = Accelerator(model)
    var order = StreamOrder(count: fixture.data.count)
    var sum = 0.0
    for ordinal in ordinals {
      let sample = fixture.data[order.position(of: ordinal)]
      let scores = chip.infer(sample.intensities, sample: sample.id).scores
      let powers = scores.map { score in
        let mean = Double(score) / Double(model.steps)
        return mean * Double(program.logitMultiplier) / pow(2, Double(program.logitShift)) / 16
      }
      sum += log(powers.reduce(0) { $0 + pow(2, $1 - powers[sample.label]) })
    }
    return sum / Double(ordinals.count)
  }

  @Test func `the loss is that of the base, on the very samples that are learnt then`() throws {
    let told = try run(TrainingTerms(measuresLoss: true)).lossMillionths
    let expected = try loss(of: fixture.model, ordinals: 30..<90)
    #expect(abs(Double(told) / 1_000_000 - expected) < 1e-6)
    let others = try loss(of: fixture.model, ordinals: 90..<150)
    #expect(abs(others - expected) > 1e-4, "other samples have another loss")
  }

  @Test func `measuring changes nothing that is learnt, and is paid for`() throws {
    let (plain, measured) = (try run(.none), try run(TrainingTerms(measuresLoss: true)))
    #expect(plain.update == measured.update && plain.lossMillionths == 0)
    #expect(plain.nextOrdinal == measured.nextOrdinal && plain.correct == measured.correct)
    let synapses = EventKind.synapticOperation.rawValue
    #expect(measured.counts[synapses] > plain.counts[synapses])
    let weights = EventKind.weightWrite.rawValue
    #expect(measured.counts[weights] == plain.counts[weights])
  }

  @Test func `a pull is written down, and computed again from the record`() throws {
    let finished = try run(TrainingTerms(pull: 2_000))
    #expect(finished.record.pull == 2_000)
    #expect(try finished.update != run(.none).update)
    let again = try finished.record.replayed(
      fixture.model.encoded(), stream: NodeStream(fixture.data))
    #expect(again == finished.record)
  }

  @Test func `a model without potentials to decide by is refused for q-FedAvg`() throws {
    let model = try StudyFixture(plasticity: nil).model
    var spiking = model
    guard case .spiking = model.layers[0].neurons else { throw NoOutcome() }
    spiking.layers[spiking.layers.count - 1].neurons = model.layers[0].neurons
    var job = fixture.plan().job
    job.strategy = try Strategy(.qFedAvg)
    let refused = #expect(throws: JobCheck.Refusal.self) { try JobCheck.plan(job, of: spiking) }
    #expect(refused?.code == "strategy-loss")
    #expect(throws: Never.self) { try JobCheck.plan(job, of: fixture.model) }
  }

  @Test func `nodes that are worse off count for more`() throws {
    // Two of six nodes see only the last class, which the other four never see.
    func hands(_ plan: StudyPlan) -> [[Int]] {
      let rare = (0..<fixture.data.count).filter { fixture.data[$0].label == 3 }
      let common = (0..<fixture.data.count).filter { fixture.data[$0].label != 3 }
      return (0..<6).map { node in
        node == 0 ? rare : common.enumerated().filter { $0.offset % 5 == node - 1 }.map(\.element)
      }
    }
    func rareShare(_ strategy: Strategy) throws -> Double {
      var plan = fixture.plan(rounds: 5, strategy: strategy)
      plan.hands = hands(plan)
      let folder = try TemporaryFolder()
      let study = try FederatedStudy(plan, folder: folder.path + "/study", threads: 2)
      _ = try study.run { _ in }
      let model = try CompiledModel(reading: study.model())
      var chip = Accelerator(model)
      let rare = (0..<fixture.check.count).map { fixture.check[$0] }.filter { $0.label == 3 }
      let right = rare.count { chip.infer($0.intensities, sample: $0.id).label == 3 }
      return Double(right) / Double(rare.count)
    }
    let plain = try rareShare(.fedAvg)
    let fair = try rareShare(try Strategy(.qFedAvg, ["q": 2, "learningRate": 1_000]))
    #expect(fair > plain, "of the rare class \(fair) are right, under fedavg \(plain)")
  }
}
