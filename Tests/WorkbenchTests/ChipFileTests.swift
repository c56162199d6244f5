import CompiledModel
import Foundation
import Testing
import Workbench

/// Chip files give chips, or errors that name file, line and key.
@Suite struct ChipFileTests {
  private func yaml() throws -> String {
    try String(contentsOfFile: ShippedChip.path("loihi-learn"), encoding: .utf8)
  }

  /// The error that one replacement causes.
  private func error(replacing old: String, with new: String) throws -> ChipFileError? {
    let text = try yaml()
    let range = try #require(text.range(of: old), "the shipped file lacks `\(old)`")
    let changed = text.replacingCharacters(in: range, with: new)
    return #expect(throws: ChipFileError.self) {
      _ = try ChipFile.chip(yaml: changed, file: "chip.yaml")
    }
  }

  @Test func `a file says all that a chip is`() throws {
    let chip = try ShippedChip.chip("loihi-learn")
    #expect(chip.name == "loihi-learn")
    #expect(chip.cores == 128)
    #expect(chip.core.synapseMemoryBytes == 131_072)
    #expect(chip.core.delayMax == 62)
    #expect(chip.core.refractoryMax == 63)
    #expect(chip.arithmetic == .loihi)
    #expect(chip.features.neurons == ChipFeatures.Neuron.allCases)
    #expect(chip.features.rules == ChipFeatures.Rule.allCases)
    #expect(chip.prices[.synapticOperation]?.picojoules == 35.5)
    #expect(chip.prices.weakestGrade == .assumed)
    #expect(chip.timing[.spike] == 30_000)
    #expect(chip.timing[.hopVertical] == 6500)
    #expect(chip.timing.axonInPicoseconds == 16_000)
    #expect(chip.timing.linkBuffer == 16)
    #expect(chip.timing.barrier(activeTiles: 3) == 1_000_000)
    #expect(chip.timing.barrier(activeTiles: 32) == 1_800_000)
    #expect(chip.published.isEmpty)
    for kind in EventKind.allCases where kind != .columnConversion {
      #expect(chip.prices[kind] != nil, "\(kind.name)")
    }
    // Read, compute and write of one weight make Loihi's STDP update.
    let update: [EventKind] = [.learningOperation, .weightRead, .weightWrite]
    #expect(update.reduce(0) { $0 + (chip.prices[$1]?.picojoules ?? 0) } == 120)
  }

  @Test func `a figure has its own source and grade, or those of its block`() throws {
    let prices = try ShippedChip.chip("loihi-learn").prices
    #expect(prices[.spike]?.source == "SANA-FE arch/loihi.yaml, fitted to Loihi boards")
    #expect(prices[.spike]?.grade == .simulated)
    #expect(prices[.errorMessage]?.source == "as a spike's message")
    #expect(prices[.errorMessage]?.grade == .assumed)
    let found = try error(replacing: "source: SANA-FE arch/loihi.yaml, fitted to", with: "#")
    #expect(found?.key == "energy.synaptic-operation.source")
    #expect(found?.found == "no such key")
  }

  @Test func `the order and the repetition of lists`() throws {
    let turned = try yaml().replacingOccurrences(
      of: "resets: [none, soft, hard]", with: "resets: [hard, none]")
    let chip = try ChipFile.chip(yaml: turned, file: "chip.yaml")
    #expect(chip.features.resets == [.none, .hard])
    let found = try error(replacing: "resets: [none, soft, hard]", with: "resets: [soft, soft]")
    #expect(found?.key == "features.resets[1]")
    #expect(found?.found == "`soft` again")
  }

  @Test func `an unknown key names itself, its place and the nearest one`() throws {
    let found = try error(replacing: "  columns: 8", with: "  colums: 8")
    #expect(found?.file == "chip.yaml")
    #expect(found?.key == "mesh.colums")
    #expect(found?.line == 10)
    #expect(found?.nearest == "columns")
    #expect(
      found?.description
        == "chip.yaml:10: `mesh.colums`: found an unknown key, expected one of columns, rows, "
        + "coresPerTile, source, grade; did you mean `columns`?")
    #expect(try error(replacing: "  rows: 4", with: "  height: 4")?.nearest == nil)
  }

  @Test func `a unit of another size is not taken for a spelling`() throws {
    let found = try error(
      replacing: "spike: { picojoules: 69.3 }", with: "spike: { nanojoules: 1 }")
    #expect(found?.key == "energy.spike.nanojoules" && found?.nearest == nil)
    #expect(found?.expected == "one of picojoules (in pJ), source, grade")
    let time = try error(replacing: "axonIn: { nanoseconds:", with: "axonIn: { picoseconds:")
    #expect(time?.nearest == nil && time?.expected.contains("nanoseconds (in ns)") == true)
    let slip = try error(replacing: "spike: { picojoules: 69.3 }", with: "spike: { picojoule: 1 }")
    #expect(slip?.nearest == "picojoules")
  }

  @Test(arguments: [
    ("  rows: 4\n", "mesh.rows"), ("name: loihi-learn\n", "name"),
    ("  delayMax: 62\n", "core.delayMax"),
    ("  pooling: true\n", "features.pooling"),
    ("  learningWeightBits: 16\n", "arithmetic.learningWeightBits"),
    ("  linkBuffer: { messages: 16 }\n", "timing.linkBuffer"),
    ("  axonIn: { nanoseconds: 16.0 }\n", "timing.axonIn"),
  ])
  func `a missing key is named`(line: String, key: String) throws {
    let found = try error(replacing: line, with: "")
    #expect(found?.key == key)
    #expect(found?.found == "no such key")
  }

  @Test func `a key that is given twice is named`() throws {
    let found = try error(replacing: "  rows: 4\n", with: "  rows: 4\n  rows: 4\n")
    #expect(found?.key == "mesh.rows" && found?.line == 12, "\(found as Any)")
  }

  @Test(arguments: [
    ("  neurons: 1024", "  neurons: many", "core.neurons", "`many`"),
    ("  neurons: 1024", "  neurons: 0", "core.neurons", "`0`"),
    ("  neurons: 1024", "  neurons: '1024'", "core.neurons", "the text `1024`"),
    ("  neurons: 1024", "  neurons: 1048577", "core.neurons", "`1048577`"),
    ("  neurons: 1024", "  neurons:", "core.neurons", "nothing"),
    ("delayMax: 62", "delayMax: 256", "core.delayMax", "`256`"),
    ("refractoryMax: 63", "refractoryMax: 4097", "core.refractoryMax", "`4097`"),
    ("pooling: true", "pooling: 3", "features.pooling", "`3`"),
    ("pooling: true", "pooling: 'true'", "features.pooling", "the text `true`"),
    ("resets: [none, soft, hard]", "resets: []", "features.resets", "an empty list"),
    ("resets: [none, soft, hard]", "resets: hard", "features.resets", "`hard`"),
    ("resets: [none, soft, hard]", "resets: [hart]", "features.resets[0]", "`hart`"),
    ("precisions: [1, 4, 8]", "precisions: [1, 2]", "features.precisions[1]", "`2`"),
    ("potentialBits: 24", "potentialBits: 25", "arithmetic.potentialBits", "`25`"),
    ("currentBits: 24", "currentBits: 7", "arithmetic.currentBits", "`7`"),
    ("currentOverflow: wrap", "currentOverflow: trap", "arithmetic.currentOverflow", "`trap`"),
    ("inputShift: 6", "inputShift: 7", "arithmetic.inputShift", "`7`"),
    ("weightBits: 9", "weightBits: 7", "arithmetic.learningWeightBits", "16"),
    ("picojoules: 69.3", "picojoules: -1", "energy.spike.picojoules", "`-1`"),
    ("picojoules: 69.3", "picojoules: .nan", "energy.spike.picojoules", "`.nan`"),
    ("picojoules: 69.3", "picojoules: [1]", "energy.spike.picojoules", "a list"),
    ("{ picojoules: 69.3 }", "69.3", "energy.spike", "`69.3`"),
    ("{ messages: 16 }", "{ messages: 0 }", "timing.linkBuffer.messages", "`0`"),
    ("name: loihi-learn", "name: Loihi Learn", "name", "`Loihi Learn`"),
    ("name: loihi-learn", "name: {a: b}", "name", "a mapping"),
    ("    - { tiles: 2,", "    - { tiles: 1,", "timing.barriers[1].tiles", "1"),
    ("grade: measured", "grade: guessed", "mesh.grade", "`guessed`"),
    (
      "source: SANA-FE arch/loihi.yaml, 8 x 4 tiles of 4 cores", "source: ''", "mesh.source",
      "0 bytes"
    ),
    ("pooling: true", "pooling: yes", "features.pooling", "`yes`"),
    ("pooling: true", "pooling: True", "features.pooling", "`True`"),
    (
      "source: SANA-FE arch/loihi.yaml, 8 x 4 tiles of 4 cores", "source: '   '", "mesh.source",
      "nothing but blanks"
    ),
    (
      "source: SANA-FE arch/loihi.yaml, 8 x 4 tiles of 4 cores", "source: ~", "mesh.source",
      "nothing"
    ),
  ])
  func `a wrong value names key, found and expected`(
    old: String, new: String, key: String, found: String
  ) throws {
    let error = try error(replacing: old, with: new)
    #expect(error?.key == key)
    #expect(error?.found == found)
    #expect(error?.line != nil)
    #expect(error?.expected.isEmpty == false)
  }

  @Test(arguments: [
    "", "[1, 2]", "a: b: c", "name: x\nname: y", "&a [*a]", "name: x\n---\nname: y",
  ])
  func `what is no mapping is refused`(text: String) {
    let error = #expect(throws: ChipFileError.self) {
      _ = try ChipFile.chip(yaml: text, file: "chip.yaml")
    }
    #expect(error?.file == "chip.yaml")
  }

  @Test func `a missing file is named`() {
    let error = #expect(throws: ChipFileError.self) {
      _ = try ChipFile.chip(contentsOf: "no/such/chip.yaml")
    }
    #expect(error?.file == "no/such/chip.yaml")
  }
}
