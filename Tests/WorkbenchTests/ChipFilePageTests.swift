import Accelerator
import CompiledModel
import Foundation
import NetworkCompiler
import Testing
import Workbench

/// `docs/CHIP-FILES.md` is enough to write a chip file: its example works, and it has every key.
@Suite struct ChipFilePageTests {
  private let page: ChipFilePage

  init() throws { page = try ChipFilePage() }

  @Test func `the example is a chip that a network is compiled for and runs on`() throws {
    let chip = try ChipFile.chip(yaml: try page.example(), file: ChipFilePage.path)
    #expect(chip.name == "two-small-cores" && chip.cores == 2)
    #expect(chip.prices[.step]?.grade == .assumed)
    #expect(chip.prices[.spike]?.grade == .estimated)
    let model = try NetworkCompiler.compile(RelayNetwork.network(), for: chip).model
    var accelerator = Accelerator(model)
    #expect(accelerator.infer([255, 0], sample: 1).label == 0)
    #expect(try model.prices.totalJoules(of: accelerator.counts) > 0)
  }

  @Test func `each block has a section with a row for each key`() {
    for block in ChipFileKeys.blocks {
      let keys = page.rows(of: block.path).map(\.key)
      for key in block.keys where !ChipFileKeys.evidence.contains(key) {
        // Kinds of events are listed once, under `energy`.
        let isEvent = EventKind.allCases.contains { $0.name == key }
        let found = isEvent ? page.rows(of: "energy").map(\.key) : keys
        #expect(found.contains(key), "\(block.path): \(key)")
      }
      #expect(Set(keys).isSubset(of: block.keys), "\(block.path) has no such keys: \(keys)")
    }
    #expect(page.rows(titled: "Source and grade").map(\.key) == ChipFileKeys.evidence)
  }

  @Test func `names that a list may have are those of the page`() {
    let names = [
      "neurons": ChipFeatures.Neuron.allCases.map(\.rawValue),
      "resets": ChipFeatures.Reset.allCases.map(\.rawValue),
      "layouts": ChipFeatures.Layout.allCases.map(\.rawValue),
      "precisions": SynapsePrecision.allCases.map { "\($0.rawValue)" },
      "rules": ChipFeatures.Rule.allCases.map(\.rawValue),
    ]
    for row in page.rows(of: "features") where names[row.key] != nil {
      #expect(row.range.replacing("`", with: "") == names[row.key]?.joined(separator: ", "))
    }
    for grade in EvidenceGrade.allCases {
      #expect(page.rows(titled: "Source and grade").last?.cells[1].contains(grade.rawValue) == true)
    }
  }

  @Test func `the table of design rules has each rule once`() {
    #expect(page.rules == DesignRule.allCases.map(\.rawValue))
  }

  @Test func `a number at the end of its range is taken, and one beyond is refused`() throws {
    var tried = 0
    for block in ChipFileKeys.blocks {
      for row in page.rows(of: block.path) {
        guard let limits = row.limits else { continue }
        for value in [limits.lowerBound - 1, limits.upperBound + 1] {
          let error = try page.error(setting: row.key, of: block.path, to: value)
          #expect(error?.key.hasSuffix(row.key) == true, "\(block.path).\(row.key): \(value)")
          #expect(error?.found == "`\(value)`", "\(block.path).\(row.key): \(value)")
        }
        for value in [limits.lowerBound, limits.upperBound] {
          let error = try page.error(setting: row.key, of: block.path, to: value)
          #expect(error?.found != "`\(value)`", "\(block.path).\(row.key): \(value)")
        }
        tried += 1
      }
    }
    #expect(tried == 24, "all rows with a range of numbers")
  }

  @Test func `what the page calls required cannot be left out`() throws {
    for block in ChipFileKeys.blocks where ["", "mesh", "core", "features"].contains(block.path) {
      for row in page.rows(of: block.path) where row.default == "required" {
        let error = try page.error(removing: row.key, of: block.path)
        #expect(error?.found == "no such key", "\(block.path).\(row.key)")
      }
    }
    for kind in EventKind.allCases {
      let row = try #require(page.rows(of: "energy").first { $0.key == kind.name })
      let always = try ShippedChip.names.allSatisfy {
        try ShippedChip.chip($0).cause(of: kind) == "every model causes it"
      }
      #expect((row.cells.last == "always") == always, "\(kind.name)")
    }
  }
}
