import Accelerator
import CompiledModel
import NetworkCompiler
import SpikingNetwork
import Testing

/// What the chip computed when this was written, so that a change of its arithmetic shows.
///
/// Digests are FNV-1a over 64-bit little-endian values.
@Suite struct GoldenTraceTests {
  private func digest(_ values: some Sequence<Int>) -> UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for value in values {
      for shift in 0..<8 {
        hash ^= (UInt64(bitPattern: Int64(value)) >> UInt64(8 * shift)) & 0xFF
        hash &*= 0x100_0000_01B3
      }
    }
    return hash
  }

  private struct Trace: Equatable {
    var spikes: UInt64
    var potentials: UInt64
    var counts: [UInt64]
    var weights: UInt64
  }

  private func trace(_ chip: ReferenceAccelerator, _ record: [ReferenceAccelerator.StepRecord])
    -> Trace
  {
    Trace(
      spikes: digest(record.flatMap { [$0.step, $0.layer] + $0.spikes }),
      potentials: digest(record.flatMap(\.potentials)), counts: chip.eventCounts,
      weights: digest(chip.plasticWeights.joined().map(Int.init)))
  }

  private let labelled = NetworkFixture.labelled(
    inputs: 24, hidden: 12, classes: 3, steps: 8, seed: 11,
    rule: ThreeFactorRule(learningRate: 0.02, postDecay: 0.3, aPost: 0.5))

  @Test func `inference`() throws {
    var chip = ReferenceAccelerator(try compile(labelled, for: NetworkFixture.chip()).model)
    var record: [ReferenceAccelerator.StepRecord] = []
    for index in 0..<UInt64(3) {
      _ = chip.infer(NetworkFixture.sample(index, channels: 24), sample: index)
      record += chip.record
    }
    #expect(
      trace(chip, record)
        == Trace(
          spikes: 0x02B7_16BE_D82A_3B00, potentials: 0x5159_911D_20DC_872B,
          counts: [2913, 360, 356, 95, 314, 0, 0, 27, 0, 0, 0, 0, 0, 0],
          weights: 0xCAFC_3E96_E4A0_CE9C))
  }

  @Test func `three-factor learning`() throws {
    var chip = ReferenceAccelerator(try compile(labelled, for: NetworkFixture.chip()).model)
    var record: [ReferenceAccelerator.StepRecord] = []
    for index in 0..<UInt64(6) {
      _ = chip.learn(
        NetworkFixture.sample(index, channels: 24), sample: index, label: Int(index % 3), seed: 5,
        ordinal: index)
      record += chip.record
    }
    #expect(
      trace(chip, record)
        == Trace(
          spikes: 0x923D_3C25_3134_C389, potentials: 0xD060_2E42_7075_45ED,
          counts: [5907, 720, 716, 149, 604, 0, 0, 66, 136, 1632, 1517, 10173, 1024, 1000],
          weights: 0xF43E_8E19_FDA0_ED59))
  }

  @Test func `pair STDP`() throws {
    let network = NetworkFixture.unlabelled(
      inputs: 24, neurons: 6, steps: 20, seed: 12,
      rule: PairSTDPRule(aPlus: 0.02, aMinus: 0.015))
    var chip = ReferenceAccelerator(try compile(network, for: NetworkFixture.chip()).model)
    var record: [ReferenceAccelerator.StepRecord] = []
    for index in 0..<UInt64(3) {
      _ = chip.present(
        NetworkFixture.sample(index, channels: 24), sample: index, seed: 5, ordinal: index)
      record += chip.record
    }
    #expect(
      trace(chip, record)
        == Trace(
          spikes: 0x6876_F4AF_90E6_69C4, potentials: 0xD77B_CD86_C8B1_4822,
          counts: [3324, 360, 360, 126, 554, 0, 0, 60, 0, 0, 1361, 4980, 4980, 4978],
          weights: 0x0A5E_B36C_62B2_AC4B))
  }
}
