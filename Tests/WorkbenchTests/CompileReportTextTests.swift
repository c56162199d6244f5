import CompiledModel
import NetworkCompiler
import NetworkTraining
import SpikingNetwork
import Testing
import Workbench

/// A report as a terminal shows it.
@Suite struct CompileReportTextTests {
  private func text(_ calibrated: CalibratedCompilation) throws -> String {
    let report = try CompileReport(calibrated)
    return report.text(picture: MeshPicture(report, model: calibrated.compilation.model))
  }

  @Test func `each figure of a small network stands where it is looked for`() throws {
    let calibrated = try RelayNetwork.compilation()
    let report = try CompileReport(calibrated)
    let expected = """
      relay on two-tiles: 2 inputs, 4 steps, 2 classes, structure \
      \(report.structureDigest.prefix(12))
      2 of 2 cores on 2 of 2 x 1 tiles; 8 B of synapse memory, 0 B of it to learn
      52 B of parameters and state, file of 128.0 KiB; 50.0 % of weights are zero or missing

      LAYER    NEURONS  CORES  PHASE  UNIT OF WEIGHTS  PER CHANNEL  LEARNS BY
      relays         2      1      1        0.0118110  yes, mean    -
      classes        2      1      2        0.0156250  no           -

      CONNECTION         LAYOUT  WEIGHTS  BITS  ZERO %  ROUNDING RMS  DELAY
      eye -> relays      dense         4     8    50.0      0.000000      0
      relays -> classes  dense         4     8    50.0      0.000000      0

      CORE  LAYER    TILE    NEURONS   IN-AXONS   OUT-AXONS  SYNAPSE MEMORY
         0  relays   0,0   2/4  50 %  2/8  25 %  2/16  12 %    4/32 B  12 %
         1  classes  1,0   2/4  50 %  2/8  25 %  0/16   0 %    4/32 B  12 %

      Energy of cores for an inference
         0    1
      0 [A█] [B▄]
      2 cores on 2 of 2 x 1 tiles, input at tile 0,0;
      bars are shares of 108.0 pJ an inference
      A  relays: 2 neurons on 1 core
      B  classes: 2 neurons on 1 core

      An inference on the chip, mean of 2 samples
      PART              ENERGY  SHARE %  WEAKEST PRICE
      synapse          16.0 pJ      7.1  measured
      neuron           96.0 pJ     42.9  measured
      traffic          64.0 pJ     28.6  estimated
      learning             0 J      0.0  -
      synchronisation  48.0 pJ     21.4  measured
      all               224 pJ    100.0  estimated
      prices: two-tiles, digest \(report.inference.priceDigest.prefix(12)); \
      weakest of the whole table: assumed
      time: 0.009 us of the chip
      spikes: input 4.0, relays 4.0
      traffic: 8.0 messages; hops 4.0, row by row 4.0 (+0.0 %)

      Chip against floating point, same input spikes: 2 samples, those of the calibration
      accuracy: float 100.00 %, chip 100.00 % (+0.00 points); same label for 100.00 %
      LAYER   SPIKES FLOAT  SPIKES CHIP  COINCIDENT %  SILENT %  SATURATIONS
      relays           4.0          4.0         100.0      50.0         0.00

      """
    #expect(try text(calibrated) == expected)
  }

  @Test func `samples to judge by are told from those of the calibration`() throws {
    let text = try text(RelayNetwork.compilation(test: RelayNetwork.samples([[1]])))
    let line = "same input spikes: 1 samples, calibrated with 2 others\n"
    #expect(text.contains(line))
  }

  @Test func `a network that learns on a full chip fits a terminal of 100 columns`() throws {
    var samples = LabelledSamples(channels: 784)
    for id in 0..<3 {
      let intensities = (0..<784).map { UInt8(($0 * 31 + id * 57) % 64) }
      samples.append(LabelledSample(intensities: intensities, label: id, id: UInt64(id)))
    }
    let calibrated = try CalibratedCompilation.compile(
      try NetworkTemplate(hidden: [640]).network(),
      for: try ShippedChip.chip("loihi-learn"), samples: .init(calibration: samples))
    let lines = try text(calibrated).split(separator: "\n")
    #expect(calibrated.compilation.model.cores.count > 20)
    #expect(lines.allSatisfy { $0.count <= 100 }, "\(lines.max { $0.count < $1.count } ?? "")")
    #expect(lines.contains { $0.hasSuffix("LEARN KiB") })
    #expect(lines.contains { $0.hasPrefix("   0  hidden  ") })
    #expect(!lines.contains { $0.hasSuffix(" ") })
    let learning = try #require(lines.first { $0.hasPrefix("learning   ") })
    #expect(learning.split(separator: " ") == ["learning", "-", "-", "-"])
    let hint = "learning is no part of an inference: chip run --learn shows what it costs"
    #expect(lines.contains { $0 == hint })
  }

  @Test func `of many cores the fullest of each layer stands for all`() throws {
    let calibrated = try CalibratedCompilation.compile(
      try NetworkTemplate(hidden: [1024], plasticity: nil).network(),
      for: try ShippedChip.chip("generic"),
      options: CompilerOptions(mapping: ["hidden": .cores(300), "output": .cores(2)]))
    let text = try text(calibrated)
    let lines = text.split(separator: "\n")
    #expect(text.contains("Of each layer's cores the one with the fullest memory"))
    let header = try #require(lines.firstIndex { $0.hasPrefix("CORE  LAYER") })
    #expect(lines[header + 1].contains("  hidden  ") && lines[header + 2].contains("  output  "))
    #expect(lines[header + 3] == "Energy of cores for an inference")
    #expect(lines.allSatisfy { $0.count <= 100 })
    #expect(text.contains("bars are means of a tile's cores"))
  }
}
