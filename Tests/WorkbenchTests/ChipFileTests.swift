import CompiledModel
import Foundation
import Testing
import Workbench

/// Chip files give chips, or errors that name file, line and key.
@Suite struct ChipFileTests {
  /// Tests run in the package's folder.
  private static let path = "fleet-configs/chips/loihi-learn.yaml"

  private func yaml() throws -> String {
    try String(contentsOfFile: Self.path, encoding: .utf8)
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

  @Test func `the shipped chip is read`() throws {
    let chip = try ChipFile.chip(contentsOf: Self.path)
    #expect(chip.name == "loihi-learn")
    #expect(chip.cores == 128)
    #expect(chip.core.synapseMemoryBytes == 131_072)
    #expect(chip.features.learningWeightBits == 16)
    #expect(chip.prices[.synapticOperation]?.picojoules == 35.5)
    #expect(chip.prices[.synapticOperation]?.grade == .simulated)
    #expect(chip.prices.weakestGrade == .assumed)
    #expect(chip.timing[.spike] == 30_000)
    #expect(chip.timing.axonInPicoseconds == 16_000)
    #expect(chip.timing.barrier(activeTiles: 3) == 1_400_000)
    #expect(chip.timing.barrier(activeTiles: 32) == 1_800_000)
    for kind in EventKind.allCases { #expect(chip.prices[kind] != nil, "\(kind.name)") }
    // Read, compute and write of one weight make Loihi's STDP update.
    let update: [EventKind] = [.learningOperation, .weightRead, .weightWrite]
    #expect(update.reduce(0) { $0 + (chip.prices[$1]?.picojoules ?? 0) } == 120)
  }

  @Test func `an unknown key names itself and its place`() throws {
    let found = try error(replacing: "  columns: 8", with: "  colums: 8")
    #expect(found?.file == "chip.yaml")
    #expect(found?.key == "mesh.colums")
    #expect(found?.line == 9)
    #expect(found?.found == "an unknown key")
    #expect("\(found as Any)".contains("chip.yaml:9: `mesh.colums`: found an unknown key"))
  }

  @Test func `a missing key is named`() throws {
    let found = try error(replacing: "  rows: 4\n", with: "")
    #expect(found?.key == "mesh.rows")
    #expect(found?.found == "nothing")
  }

  @Test func `an event without a price is named`() throws {
    let price = """
        spike:
          picojoules: 69.3
          source: SANA-FE arch/loihi.yaml, soma spike
          grade: simulated

      """.split(separator: "\n").joined(separator: "\n") + "\n"
    let found = try error(replacing: price, with: "")
    #expect(found?.key == "energy.spike")
  }

  @Test(arguments: [
    ("  neurons: 1024", "  neurons: many", "core.neurons", "`many`"),
    ("  neurons: 1024", "  neurons: 0", "core.neurons", "`0`"),
    ("  softReset: true", "  softReset: 3", "features.softReset", "`3`"),
    ("picojoules: 69.3", "picojoules: -1", "energy.spike.picojoules", "`-1`"),
    ("picojoules: 69.3", "picojoules: .nan", "energy.spike.picojoules", "`.nan`"),
    ("picojoules: 69.3", "picojoules: [1]", "energy.spike.picojoules", "a list"),
    ("name: loihi-learn", "name: Loihi Learn", "name", "`Loihi Learn`"),
    ("name: loihi-learn", "name: {a: b}", "name", "a mapping"),
    ("  - tiles: 2\n", "  - tiles: 1\n", "barriers[1].tiles", "`1`"),
    ("grade: measured", "grade: guessed", "mesh.grade", "`guessed`"),
    (
      "source: SANA-FE arch/loihi.yaml, 8 x 4 tiles of 4 cores", "source: ''", "mesh.source",
      "0 bytes"
    ),
  ])
  func `a wrong value names key, found and expected`(
    old: String, new: String, key: String, found: String
  ) throws {
    let error = try error(replacing: old, with: new)
    #expect(error?.key == key)
    #expect(error?.found.contains(found.filter { $0 != "`" }) == true, "\(error as Any)")
    #expect(error?.expected.isEmpty == false)
  }

  @Test(arguments: ["", "[1, 2]", "a: b: c", "name: x\nname: y"])
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
