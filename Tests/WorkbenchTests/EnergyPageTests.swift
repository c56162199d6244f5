import CompiledModel
import Foundation
import Testing
import Workbench

/// What `docs/ENERGY.md` says follows from the chip files.
@Suite(.serialized) struct EnergyPageTests {
  private let chips: [Chip]

  init() throws { chips = try ShippedChip.names.map(ShippedChip.chip) }

  private func expect(_ block: String, _ lines: [String]) throws {
    try PageBlock(page: EnergyPage.path, name: block).expect(lines)
  }

  @Test func `prices are those of the files`() throws {
    try expect("prices", EnergyPage.prices(chips))
  }

  @Test func `times are those of the files`() throws {
    try expect("times", EnergyPage.times(chips))
  }

  @Test func `published figures are those of the files`() throws {
    try expect("published", EnergyPage.published(chips))
  }

  @Test func `one run is priced by each table`() throws {
    try expect("job", try EnergyPage.job(chips))
    let loihi = try #require(chips.first { $0.name == "loihi" })
    // Within 2 % of the 75 to 77 uJ that SANA-FE gives for its run of this network.
    let total = try loihi.prices.totalJoules(of: InferenceJob.counts)
    #expect((75e-6 * 0.98...77e-6 * 1.02).contains(total), "\(total)")
    let time = InferenceJob.milliseconds(loihi.timing)
    try expect(
      "time",
      [
        "By `loihi` the job takes \(PageNumber.rounded(time.core)) ms of its hidden cores' work, "
          + "\(PageNumber.rounded(time.barrier)) ms of barriers."
      ])
  }

  @Test func `a sample that STDP learns has its joules by pixel and operation`() throws {
    let chip = try #require(chips.first { $0.name == "cim-stdp" })
    let study = try MemoryStudy(chip)
    try expect("stdp-counts", study.countLines())
    try expect("stdp", try study.sensitivity())
    // Operations of an array without converters and writing cost what the survey says.
    let prices = chip.prices
    let pure: [EventKind] = [.synapticOperation, .traceUpdate, .learningOperation, .weightRead]
    for kind in pure {
      let price = try #require(prices[kind]?.picojoules)
      let operations = LearningEfficiency.operations(of: kind)
      #expect(abs(operations / price - 70.38) < 0.3, "\(kind.name)")
    }
  }
}
