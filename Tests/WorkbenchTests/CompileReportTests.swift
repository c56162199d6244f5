import CompiledModel
import Foundation
import NetworkCompiler
import SpikingNetwork
import Testing
import Workbench

/// The report of the digits network on the shipped chip.
@Suite struct CompileReportTests {
  private func compilation() throws -> Compilation {
    let tau = NaturalExponential.timeConstant(decay: 0.9, timeStep: 0.001)
    let rule = PlasticityRule.threeFactor(ThreeFactorRule(learningRate: 0.001))
    let network = SpikingNetwork(
      name: "digits", timeStep: 0.001, steps: 10, encoder: .bernoulli(seed: 1),
      populations: [
        Population(name: "input", size: 784, model: .input),
        Population(name: "hidden", size: 128, model: .lif(LIFParameters(tauMem: tau))),
        Population(
          name: "readout", size: 10,
          model: .leakyIntegrator(LeakyIntegratorParameters(tauMem: tau))),
      ],
      projections: [
        Projection(
          source: "input", target: "hidden",
          weights: InitialWeights.normal(
            count: 784 * 128, standardDeviation: 0.05, seed: 1, stream: 0), plasticity: rule),
        Projection(
          source: "hidden", target: "readout",
          weights: InitialWeights.normal(
            count: 1280, standardDeviation: 0.05, seed: 1, stream: 1), plasticity: rule),
      ])
    let chip = try ChipFile.chip(contentsOf: "fleet-configs/chips/loihi-learn.yaml")
    return try compile(network, for: chip)
  }

  private let facts = CalibrationFacts(
    samples: 200, accuracyFloat: 0.855, accuracyChip: 0.85, inputSpikes: 1000.25,
    layerSpikes: [300.5, 0], joulesPerInference: 3.2e-6, microsecondsPerInference: 45.67)

  @Test func `text holds layers, cores, limits, prices and calibration`() throws {
    let text = CompileReport(try compilation(), calibration: facts).text()
    for line in [
      "digits for loihi-learn: 784 inputs, 10 steps, 10 classes",
      "6 of 128 cores, 627.0 KiB of synapse memory, 322.5 KiB file",
      "hidden   128      5      100352   -7        0.00226   three-factor",
      "25/1024 (2 %)  784/4096 (19 %)  25/4096 (1 %)",
      "prices: loihi-learn, weakest grade assumed",
      "calibration on 200 samples: accuracy 85.5 % in float, 85.0 % on the chip",
      "an inference: spikes input 1000.2, hidden 300.5, readout 0.0; 3.200 uJ, 45.7 us",
    ] {
      #expect(text.contains(line), "`\(line)` is missing in\n\(text)")
    }
    #expect(!text.split(separator: "\n").contains { $0.hasSuffix(" ") })
  }

  @Test func `JSON gives the report back`() throws {
    let report = CompileReport(try compilation(), calibration: facts)
    let json = try report.json()
    #expect(json.contains("\"synapseMemoryBytes\""))
    let read = try JSONDecoder().decode(CompileReport.self, from: Data(json.utf8))
    #expect(read == report)
    #expect(read.cores.allSatisfy { $0.synapseMemoryBytes.used <= $0.synapseMemoryBytes.limit })
    #expect(read.cores.reduce(0) { $0 + $1.synapseMemoryBytes.used } == read.footprintBytes)
    #expect(CompileReport(try compilation()).calibration == nil)
  }
}
