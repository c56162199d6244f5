import CompiledModel
import NetworkCompiler
import SpikingNetwork
import Testing

/// Spikes of the chip against those of the description, with and without the correction of decays.
@Suite struct RoundingLossTests {
  private struct Drive {
    let name: String
    let mean: Float
    let standardDeviation: Double
    let decay: Double
    let isCurrent: Bool
    let reset: ResetMode
  }

  private var drives: [Drive] {
    var drives: [Drive] = []
    for decay in [0.8, 0.9, 0.95] {
      drives += [
        Drive(
          name: "mixed", mean: 0, standardDeviation: 0.2, decay: decay, isCurrent: false,
          reset: .soft),
        Drive(
          name: "excitatory", mean: 0.05, standardDeviation: 0.03, decay: decay, isCurrent: false,
          reset: .soft),
        Drive(
          name: "hard", mean: 0.02, standardDeviation: 0.1, decay: decay, isCurrent: false,
          reset: .hard),
        Drive(
          name: "current", mean: 0.02, standardDeviation: 0.05, decay: decay, isCurrent: true,
          reset: .soft),
      ]
    }
    return drives
  }

  /// Agreement of 32 neurons of 64 sources over 400 steps, without and with the correction.
  private func agreement(
    _ drive: Drive, bits: Int, shift: Int32
  ) throws -> (plain: Double, corrected: Double) {
    let lif = LIFParameters(
      tauMem: NaturalExponential.timeConstant(decay: drive.decay, timeStep: 0.001),
      reset: drive.reset)
    let network = CompilerFixture.network(
      [
        Population(name: "input", size: 64, model: .input),
        Population(
          name: "output", size: 32,
          model: drive.isCurrent
            ? .cubaLIF(CubaLIFParameters(tauSyn: CompilerFixture.tau / 2, lif: lif)) : .lif(lif)),
      ],
      [
        Projection(
          source: "input", target: "output",
          weights: CompilerFixture.normal(
            64 * 32, mean: drive.mean, standardDeviation: drive.standardDeviation))
      ], steps: 400)
    var chip = CompilerFixture.roomyChip
    chip.arithmetic.potentialBits = bits
    chip.arithmetic.currentBits = max(bits, 16)
    chip.arithmetic.inputShift = shift
    let inputs = LayerOracle.inputs(sources: 64, steps: 400, rate: 0.06, seed: 7)
    let wanted = LayerOracle.described(network, inputs: inputs)
    let found = try [false, true].map { correction in
      let model = try compile(
        network, for: chip, options: CompilerOptions(roundingLossCorrection: correction)
      ).model
      return LayerOracle.agreement(LayerOracle.compiled(model, inputs: inputs), wanted)
    }
    return (found[0], found[1])
  }

  @Test(arguments: [8, 10, 12, 16])
  func `narrow potentials spike more like the description`(bits: Int) throws {
    var plain = 0.0
    var corrected = 0.0
    for drive in drives {
      let found = try agreement(drive, bits: bits, shift: 0)
      #expect(found.corrected >= found.plain - 0.01, "\(drive)")
      plain += found.plain / Double(drives.count)
      corrected += found.corrected / Double(drives.count)
    }
    // Of what is missing, the correction brings back a sixth at least.
    #expect(1 - corrected < (1 - plain) * 5 / 6)
  }

  @Test func `wide potentials need no correction and are not harmed`() throws {
    for drive in drives {
      let found = try agreement(drive, bits: 24, shift: 6)
      #expect(found.corrected > 0.95)
      #expect(abs(found.corrected - found.plain) < 0.005)
    }
  }
}
