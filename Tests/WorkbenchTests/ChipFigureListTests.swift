import CompiledModel
import Foundation
import Testing
import Workbench

/// What `spikefleet chip show` prints: each figure with the evidence that holds for it.
@Suite struct ChipFigureListTests {
  private func list(_ name: String) throws -> [String: ChipFigureList.Entry] {
    let entries = try ChipFigureList(contentsOf: ShippedChip.path(name)).entries
    return Dictionary(entries.map { ($0.key, $0) }) { first, _ in first }
  }

  @Test func `a figure has its own evidence, or that of its block`() throws {
    let figures = try list("loihi-learn")
    #expect(figures["core.neurons"]?.value == "1024")
    #expect(figures["energy.spike"]?.value == "picojoules 69.3")
    #expect(figures["energy.spike"]?.grade == .simulated)
    #expect(figures["energy.weight-write"]?.grade == .assumed)
    #expect(figures["energy.weight-write"]?.source == "the rest of Loihi's STDP update of 120 pJ")
    #expect(figures["timing.barriers[1]"]?.value == "tiles 2, nanoseconds 1000")
    #expect(try list("odin")["timing.barriers[0]"]?.source == "one core waits for nobody")
    #expect(figures["features.rules"]?.value == "[three-factor, pair-stdp, sdsp]")
  }

  @Test(arguments: ShippedChip.names)
  func `prices are listed as they are used`(name: String) throws {
    let figures = try list(name)
    let prices = try ShippedChip.chip(name).prices
    for kind in EventKind.allCases {
      #expect(figures["energy.\(kind.name)"]?.grade == prices[kind]?.grade, "\(kind.name)")
      #expect(figures["energy.\(kind.name)"]?.source == prices[kind]?.source, "\(kind.name)")
    }
  }

  @Test func `one weak figure makes the file as weak`() throws {
    let loihi = try String(contentsOfFile: ShippedChip.path("loihi"), encoding: .utf8)
    let weak = loihi.replacingOccurrences(
      of: "spike: { picojoules: 69.3 }", with: "spike: { picojoules: 69.3, grade: assumed }")
    let folder = try TemporaryFolder()
    #expect(
      try ChipFigureList(contentsOf: folder.file("a.yaml", loihi)).weakestGrade == .simulated)
    #expect(try ChipFigureList(contentsOf: folder.file("b.yaml", weak)).weakestGrade == .assumed)
  }
}
