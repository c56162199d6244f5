import CompiledModel
import Foundation
import NetworkCompiler
import NetworkTraining
import SpikingNetwork
import Testing
import Workbench

/// Each figure of a report on a network that can be followed by hand.
@Suite struct CompileReportTests {
  private func report(test: LabelledSamples? = nil) throws -> CompileReport {
    try CompileReport(RelayNetwork.compilation(test: test))
  }

  @Test func `cores are held against each limit, and bytes are summed`() throws {
    let report = try report()
    func uses(_ use: KeyPath<CompileReport.Core, CompileReport.Use>) -> [[Int]] {
      report.cores.map { [$0[keyPath: use].used, $0[keyPath: use].limit] }
    }
    #expect(report.cores.map(\.layer) == ["relays", "classes"])
    #expect(uses(\.neurons) == [[2, 4], [2, 4]])
    #expect(uses(\.inAxons) == [[2, 8], [2, 8]])
    #expect(uses(\.outAxons) == [[2, 16], [0, 16]])
    #expect(uses(\.synapseMemoryBytes) == [[4, 32], [4, 32]])
    #expect(report.cores.map(\.column) == [0, 1])
    #expect(report.cores.map(\.row) == [0, 0])
    #expect(report.footprint.synapseMemoryBytes == 8 && report.footprint.learningBytes == 0)
    let mesh = report.mesh
    #expect(mesh.columns == 2 && mesh.rows == 1)
    #expect(mesh.cores == 2 && mesh.tilesUsed == 2)
    #expect(report.layers.map(\.phaseSteps) == [1, 2])
    #expect(report.layers.map { $0.connections[0].zeroWeightShare } == [0.5, 0.5])
    #expect(report.connectionSparsityShare == 0.5)
  }

  @Test func `events, joules and time of an inference are those counted by hand`() throws {
    let cost = try report().inference
    #expect(cost.basis == .measured && cost.samples == 2 && cost.assumedSpikeShare == nil)
    #expect(cost.inputSpikesPerInference == 4)
    #expect(cost.layerSpikes.map(\.layer) == ["relays"])
    #expect(cost.layerSpikes.map(\.perInference) == [4])
    #expect(
      cost.eventsPerInference == [
        "synaptic-operation": 16, "neuron-access": 16, "neuron-update": 16, "spike": 4,
        "message": 8, "hop-horizontal": 4, "step": 6,
      ])
    let picojoules = cost.components.map { (($0.joulesPerInference ?? -1) * 1e12).rounded() }
    #expect(cost.components.map(\.component) == EnergyComponent.allCases.map(\.rawValue))
    // 16 x 1; 16 x 2 + 16 x 3 + 4 x 4; 8 x 5 + 4 x 6; nothing; 6 x 8.
    #expect(picojoules == [16, 96, 64, 0, 48])
    #expect((cost.joulesPerInference * 1e12).rounded() == 224)
    #expect(
      cost.components.map(\.weakestGrade) == [.measured, .measured, .estimated, nil, .measured])
    #expect(cost.weakestGradeCharged == .estimated && cost.weakestGrade == .assumed)
    // Chip steps 0; 1 to 4; 5, each with a barrier of 500 ps.
    let picoseconds = [70, 4 * 1500, 400, 6 * 500].reduce(0, +)
    #expect((cost.microsecondsPerInference * 1e6).rounded() == Double(picoseconds))
  }

  @Test func `cores share what is on them, and port and barriers are on none`() throws {
    let report = try report()
    let picojoules = report.cores.map { ($0.joulesPerInference * 1e12).rounded() }
    // Relays: 8 operations, 8 accesses, 8 updates, 4 spikes, 4 messages over one link each.
    #expect(picojoules == [108, 48])
    // The port sends 4 messages, and 6 steps end at the barrier.
    #expect((report.inference.joulesPerInference * 1e12).rounded() == 108 + 48 + 20 + 48)
  }

  @Test func `traffic is that of the placement and of the baseline`() throws {
    let traffic = try report().traffic
    #expect(traffic.messagesPerInference == 8 && traffic.hopsPerInference == 4)
    #expect(traffic.hopsPlaced == 4 && traffic.hopsRowMajor == 4)
  }

  @Test func `chip and floating point are compared on the samples of the calibration`() throws {
    let comparison = try #require(try report().comparison)
    #expect(comparison.samples == 2 && comparison.calibrationSamples == 2)
    #expect(!comparison.isHeldOut)
    #expect(comparison.accuracyFloatPercent == 100 && comparison.accuracyChipPercent == 100)
    #expect(comparison.sameLabelPercent == 100)
    let relays = try #require(comparison.layers.first)
    #expect(comparison.layers.count == 1 && relays.layer == "relays")
    #expect(relays.spikesPerInferenceFloat == 4 && relays.spikesPerInferenceChip == 4)
    #expect(relays.coincidenceShare == 1 && relays.silenceShare == 0.5)
    #expect(relays.saturationsPerInference == 0)
  }

  @Test func `samples to judge by stand beside those of the calibration`() throws {
    var wrong = LabelledSamples(channels: 2)
    for (id, label) in [(7, 0), (8, 1), (9, 1)] {
      wrong.append(LabelledSample(intensities: [0, 255], label: label, id: UInt64(id)))
    }
    let report = try report(test: wrong)
    let comparison = try #require(report.comparison)
    #expect(comparison.isHeldOut && comparison.samples == 3 && comparison.calibrationSamples == 2)
    #expect(abs(comparison.accuracyChipPercent - 200 / 3) < 1e-9)
    #expect(comparison.sameLabelPercent == 100)
    #expect(report.inference.samples == 3)
    #expect(report.neuroBench?.classificationAccuracy == Double(2) / 3)
  }

  @Test func `without samples costs are assumed and nothing is compared`() throws {
    let calibrated = try CalibratedCompilation.compile(
      RelayNetwork.network(), for: RelayNetwork.chip())
    let report = try CompileReport(calibrated)
    #expect(report.comparison == nil && report.neuroBench == nil)
    #expect(report.inference.basis == .assumed && report.inference.samples == 0)
    #expect(report.inference.assumedSpikeShare == 0.05)
    #expect(abs(report.inference.inputSpikesPerInference - 0.4) < 1e-12)
    let operations = try #require(report.inference.eventsPerInference["synaptic-operation"])
    #expect(abs(operations - (0.4 * 2 + 0.4 * 2)) < 1e-12)
    let text = report.text(picture: MeshPicture(report, model: calibrated.compilation.model))
    let guess = "An inference if every neuron spiked in 5.0 % of steps: a guess, --data measures"
    #expect(text.contains(guess))
  }

  @Test(arguments: [EventKind.message, .step])
  func `an event without a price is refused by name`(_ kind: EventKind) throws {
    let chip = RelayNetwork.chip(without: kind)
    let measured = try RelayNetwork.compilation(chip: chip)
    let assumed = try CalibratedCompilation.compile(RelayNetwork.network(), for: chip)
    for calibrated in [measured, assumed] {
      let error = try #require(throws: PricingError.self) { try CompileReport(calibrated) }
      #expect(error.event == kind.name && error.table == "two-tiles" && error.count > 0)
    }
  }

  @Test(arguments: [false, true])
  func `joules of learning are absent for a network that learns`(_ isMeasured: Bool) throws {
    var samples = LabelledSamples(channels: 8)
    samples.append(
      LabelledSample(intensities: [UInt8](repeating: 255, count: 8), label: 0, id: 1))
    for learns in [false, true] {
      let network = try NetworkTemplate(
        inputs: 8, hidden: [4], classes: 2, hiddenDeviation: 1,
        plasticity: learns ? .threeFactor(ThreeFactorRule(learningRate: 0.001)) : nil
      ).network()
      let calibrated = try CalibratedCompilation.compile(
        network, for: try ShippedChip.chip("loihi-learn"),
        samples: isMeasured ? .init(calibration: samples) : nil)
      let report = try CompileReport(calibrated)
      let learning = try #require(
        report.inference.components.first { $0.component == "learning" })
      #expect(learning.joulesPerInference == (learns ? nil : 0))
      #expect(learning.weakestGrade == nil)
      let json = try JSONSerialization.jsonObject(with: Data(report.json().utf8))
      let inference = try #require((json as? [String: Any])?["inference"] as? [String: Any])
      let components = try #require(inference["components"] as? [[String: Any]])
      #expect(
        components.map { $0["joulesPerInference"] != nil } == [true, true, true, !learns, true])
      let sum = report.inference.components.reduce(0) { $0 + ($1.joulesPerInference ?? 0) }
      #expect(report.inference.joulesPerInference == sum && sum > 0)
    }
  }

  @Test func `JSON gives the report back, under names that stay`() throws {
    let report = try report()
    let json = try report.json()
    #expect(json.hasSuffix("}\n"))
    #expect(try JSONDecoder().decode(CompileReport.self, from: Data(json.utf8)) == report)
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
    #expect(object["format"] as? String == "spikefleet-compile-report/3")
    func keys(_ path: String...) throws -> String {
      var value: Any? = object
      for key in path {
        let next = (value as? [String: Any])?[key]
        value = (next as? [Any])?.first ?? next
      }
      return try #require(value as? [String: Any]).keys.sorted().joined(separator: " ")
    }
    #expect(
      try keys() == """
        chip classes comparison connectionSparsityShare cores footprint format inference inputs \
        layers mesh network neuroBench steps structureDigest traffic
        """)
    #expect(
      try keys("cores") == """
        column firstNeuron inAxons joulesPerInference layer learningBytes neurons outAxons row \
        synapseMemoryBytes
        """)
    #expect(try keys("cores", "neurons") == "limit used")
    #expect(
      try keys("inference") == """
        basis components eventsPerInference inputSpikesPerInference joulesPerInference layerSpikes \
        microsecondsPerInference priceDigest priceTable samples weakestGrade weakestGradeCharged
        """)
    #expect(
      try keys("comparison") == """
        accuracyChipPercent accuracyFloatPercent calibrationSamples isHeldOut layers \
        sameLabelPercent samples
        """)
    #expect(
      try keys("comparison", "layers") == """
        coincidenceShare layer saturationsPerInference silenceShare spikesPerInferenceChip \
        spikesPerInferenceFloat
        """)
    #expect(
      try keys("layers") == """
        connections cores isPerChannel name neurons phaseSteps rule weightUnit
        """)
  }
}
