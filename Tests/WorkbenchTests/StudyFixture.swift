import CompiledModel
import Federation
import FleetCore
import Foundation
import NetworkCompiler
import NetworkTraining
import SpikingNetwork
import Synchronization
import Workbench

/// A model, samples and a job that are small enough to learn in milliseconds.
struct StudyFixture {
  static let channels = 32
  static let classes = 4
  let model: CompiledModel
  let data: LabelledSamples
  let check: LabelledSamples

  init(plasticity: PlasticityRule? = .threeFactor(ThreeFactorRule(learningRate: 0.005))) throws {
    let template = NetworkTemplate(
      name: "small", inputs: Self.channels, hidden: [24], classes: Self.classes,
      hiddenDeviation: 0.15, outputDeviation: 0.1, encoderSeed: 7, weightSeed: 3,
      plasticity: plasticity)
    let chip = try ChipFile.chip(
      contentsOf: packageFile("fleet-configs/chips/loihi-learn.yaml"))
    model = try NetworkCompiler.compile(try template.network(), for: chip).model
    data = Self.samples(240, firstID: 0)
    check = Self.samples(160, firstID: 10_000)
  }

  /// Blurred patterns with noise, of each class as many.
  static func samples(_ count: Int, firstID: UInt64) -> LabelledSamples {
    let random = CounterRandom(seed: 5, purpose: .training)
    var samples = LabelledSamples(channels: channels)
    for index in 0..<count {
      let id = firstID + UInt64(index)
      let pattern = random.stream(1_000_000 + UInt64(index % classes))
      let noise = random.stream(2_000_000 + id)
      samples.append(
        LabelledSample(
          intensities: (0..<channels).map { channel in
            let isOn = CounterRandom.draw(pattern, UInt64(channel)) & 3 == 0
            let isFlipped = CounterRandom.draw(noise, UInt64(channel)) % 12 == 0
            return isOn != isFlipped ? 220 : 10
          }, label: index % classes, id: id))
    }
    return samples
  }

  /// A study of so many nodes that each see all classes.
  func plan(
    nodes: Int = 6, rounds: UInt32 = 4, samples: UInt32 = 30, minimumReports: Int? = nil,
    strategy: Strategy = .fedAvg, compression: UpdateCompression = .dense
  ) -> StudyPlan {
    StudyPlan(
      job: JobSpecification(
        name: "study", model: "", rounds: rounds, samplesPerRound: samples,
        nodes: (1...nodes).map { "node-\($0)" }, minimumReports: minimumReports ?? nodes,
        deadlineMilliseconds: 60_000, attemptsMax: 2, maxRegression: 100, seed: 11,
        strategy: strategy, compression: compression),
      base: model.encoded(), data: data,
      hands: (0..<nodes).map { node in
        (0..<data.count).filter { $0 / Self.classes % nodes == node }
      }, partition: "by turns", check: check,
      sources: StudyPlan.Sources(
        job: "job.yaml", model: "base.snn", data: "samples", check: "held-out"))
  }
}

/// What a study says while it runs, from any thread.
final class StudyEar: Sendable {
  private let heard = Mutex<[FederatedStudy.Activity]>([])

  var activities: [FederatedStudy.Activity] { heard.withLock { $0 } }

  func hear(_ activity: FederatedStudy.Activity) { heard.withLock { $0.append(activity) } }
}
