import Accelerator
import CompiledModel
import NetworkCompiler
import NetworkTraining
import SpikingNetwork
import Testing
import Workbench

/// Two passes of the compiler, the run between them, and the comparison after them.
@Suite struct CalibratedCompilationTests {
  private func violations(_ lit: [Set<Int>]) throws -> [DesignViolation] {
    let error = try #require(throws: CompileError.self) {
      try CalibratedCompilation.compile(
        RelayNetwork.network(), for: RelayNetwork.chip(),
        samples: .init(calibration: RelayNetwork.samples(lit)))
    }
    return error.violations
  }

  @Test func `a layer that never spikes on the samples is refused`() throws {
    let violation = try #require(try violations([[], [], []]).first)
    #expect(violation.rule == .deadLayer && violation.layer == "relays")
    #expect(violation.need == "none in 3 samples" && !violation.cure.isEmpty)
  }

  @Test func `samples to judge by do not make a layer live or rest`() throws {
    let judged = try RelayNetwork.compilation(test: RelayNetwork.samples([[], [0, 1]]))
    #expect(judged.run?.evaluation.samples == 2)
  }

  @Test func `a layer that hardly rests on the samples is refused`() throws {
    let violation = try #require(try violations([[0, 1]]).first)
    #expect(violation.rule == .saturatingLayer && violation.layer == "relays")
    #expect(violation.need == "spikes in 100 %")
  }

  @Test func `the placement is made for the rates that were measured`() throws {
    let calibrated = try RelayNetwork.compilation()
    #expect(calibrated.rates?.spikes["eye"] == [2, 2])
    #expect(calibrated.rates?.spikes["relays"] == [2, 2])
    #expect(calibrated.rates?.spikes["classes"] == [0, 0])
    #expect(calibrated.inputName == "eye")
    let assumed = try compile(RelayNetwork.network(), for: RelayNetwork.chip())
    // 0.2 spikes of each of two relays over one link, as against 2.
    #expect(abs(assumed.traffic.placed - 0.4) < 1e-6)
    #expect(calibrated.compilation.traffic.placed == 4)
  }

  @Test func `neurons that compete are calibrated and compared as they compute`() throws {
    let network = try Self.competing()
    var samples = LabelledSamples(channels: 40)
    for index in 0..<24 as Range<UInt64> {
      samples.append(
        LabelledSample(
          intensities: (0..<40).map { UInt8(($0 * 61 + Int(index) * 83) % 256) }, label: 0,
          id: index))
    }
    let calibrated = try CalibratedCompilation.compile(
      network, for: try ShippedChip.chip("loihi-learn"), samples: .init(calibration: samples))
    let comparison = try #require(calibrated.run?.evaluation.comparison)
    #expect(comparison.sameLabels == 24)
    // At most one of 12 neurons fires in a step; without competition several did.
    let spikes = try #require(calibrated.rates?.spikes["output"]).reduce(0, +)
    #expect(spikes > 1 && spikes <= Float(network.steps))
    let agreement = comparison.agreements[1]
    #expect(agreement.coincidence > 0.8, "\(agreement)")
  }

  private static func competing() throws -> SpikingNetwork {
    var output = Population(
      name: "output", size: 12,
      model: .lif(LIFParameters(tauMem: 0.02, vThreshold: 4, reset: .hard, refractory: 0.002)))
    output.competition = WinnerTakeAll(inhibition: 1)
    output.homeostasis = Homeostasis(thetaPlus: 0.05, tauTheta: 100)
    output.classes = 3
    return SpikingNetwork(
      name: "rivals", timeStep: 0.001, steps: 30, encoder: .bernoulli(seed: 2),
      populations: [Population(name: "input", size: 40, model: .input), output],
      projections: [
        Projection(
          source: "input", target: "output",
          connectivity: .dense(
            weights: InitialWeights.uniform(count: 40 * 12, limit: 0.3, seed: 3, stream: 0)))
      ])
  }

  @Test func `links of the placement are those that the measured spikes pass`() throws {
    let (network, samples) = try Self.noisy()
    let chip = try ShippedChip.chip("loihi-learn")
    let calibrated = try CalibratedCompilation.compile(
      network, for: chip, options: CompilerOptions(mapping: ["hidden": .cores(9)]),
      samples: .init(calibration: samples))
    let report = try CompileReport(calibrated)
    #expect(report.traffic.hopsPerInference > 0)
    let expected = ExpectedEvents(
      of: calibrated.compilation, rates: calibrated.rates, input: calibrated.inputName)
    let kinds: [EventKind] = [.hopHorizontal, .hopVertical]
    let hops = kinds.reduce(0) { $0 + expected.counts[$1.rawValue] }
    #expect(abs(report.traffic.hopsPlaced / hops - 1) < 1e-9)
    // Measured rates also move the quantisation, by which a few spikes come and go.
    #expect((0.95...1.05).contains(report.traffic.hopsPlaced / report.traffic.hopsPerInference))
    #expect(report.traffic.hopsPlaced < report.traffic.hopsRowMajor)
  }

  /// A network whose chip rounds, and noise that it fires at.
  private static func noisy() throws -> (SpikingNetwork, LabelledSamples) {
    let network = try NetworkTemplate(
      name: "noisy", inputs: 24, hidden: [18], classes: 3, hiddenDeviation: 0.3,
      outputDeviation: 0.2, recurrentDeviation: 0.2, encoderSeed: 3, precision: .int4,
      plasticity: nil
    ).network()
    var samples = LabelledSamples(channels: 24)
    for sample in 0..<11 {
      samples.append(
        LabelledSample(
          intensities: (0..<24).map { UInt8(($0 * 67 + sample * 41) % 256) },
          label: sample % 3, id: UInt64(50 + sample)))
    }
    return (network, samples)
  }

  @Test func `agreement is that of recordings of both, sample by sample`() throws {
    let (network, samples) = try Self.noisy()
    let calibrated = try CalibratedCompilation.compile(
      network, for: try ShippedChip.chip("generic"), samples: .init(calibration: samples))
    let found = try #require(calibrated.run?.evaluation.comparison)

    let model = calibrated.compilation.model
    let simulator = try NetworkSimulator(network)
    let recording = try #require(
      ParallelEvaluation.run(
        model, on: samples, observing: .init(recording: ProbeSelection.none(of: model))
      ).recording)
    var chip = Accelerator(model)
    var expected = [SpikeAgreement](repeating: SpikeAgreement(), count: 3)
    var (float, right, same) = (0, 0, 0)
    for position in 0..<samples.count {
      let sample = samples[position]
      let simulated = simulator.run(sample, isRecording: true)
      let inference = chip.infer(sample.intensities, sample: sample.id)
      float += simulated.label == sample.label ? 1 : 0
      right += inference.label == sample.label ? 1 : 0
      same += simulated.label == inference.label ? 1 : 0
      for population in 0..<3 {
        expected[population].add(
          simulated: try #require(simulated.recording)[population],
          chip: recording.trains(sample: position, population: population))
      }
    }
    #expect(found.agreements == expected)
    #expect(found.correctFloat == float && found.correctChip == right)
    #expect(found.sameLabels == same && found.samples == 11)
    // Both saw the same input, and four bits do not agree by themselves.
    #expect(found.agreements[0].coincidence == 1 && found.agreements[0].chipSpikes > 0)
    #expect((0.1..<1).contains(found.agreements[1].coincidence))
  }

  @Test(arguments: [2, 5, 30])
  func `the number of threads does not show`(_ threads: Int) throws {
    let (network, samples) = try Self.noisy()
    let chip = try ShippedChip.chip("generic")
    let reports = try [1, threads].map { threads in
      try CompileReport(
        CalibratedCompilation.compile(
          network, for: chip, samples: .init(calibration: samples), threads: threads))
    }
    #expect(reports[0] == reports[1])
  }
}
