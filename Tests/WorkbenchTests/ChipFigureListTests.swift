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
    #expect(figures["core.neurons"]?.value == .integer(1024))
    #expect(figures["energy.spike"]?.value.description == "picojoules 69.3")
    #expect(figures["energy.spike"]?.grade == .simulated)
    #expect(figures["energy.weight-write"]?.grade == .assumed)
    #expect(figures["energy.weight-write"]?.source == "the rest of Loihi's STDP update of 120 pJ")
    #expect(figures["timing.barriers[1]"]?.value.description == "tiles 2, nanoseconds 1000")
    #expect(try list("odin")["timing.barriers[0]"]?.source == "one core waits for nobody")
    #expect(
      figures["features.rules"]?.value.description
        == "[three-factor, pair-stdp, sdsp, sum-of-products, edge-learning]")
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
      try ChipFigureList(contentsOf: folder.file("a.yaml", loihi)).weakestGrade == .estimated)
    #expect(try ChipFigureList(contentsOf: folder.file("b.yaml", weak)).weakestGrade == .assumed)
  }

  @Test(arguments: ShippedChip.names)
  func `the table fits a terminal and has each source once`(name: String) throws {
    let list = try ChipFigureList(contentsOf: ShippedChip.path(name))
    let lines = list.text(width: 100).split(separator: "\n")
    #expect(lines.allSatisfy { $0.count <= 100 })
    #expect(lines.count { $0.hasPrefix("mesh.columns") } == 1)
    for number in list.sources.indices {
      #expect(lines.count { $0.drop { $0 == " " }.hasPrefix("[\(number + 1)] ") } == 1)
    }
  }

  @Test func `JSON has numbers, truths and lists as such`() throws {
    let entries = try ChipFigureList(contentsOf: ShippedChip.path("loihi-learn")).entries
    func json(_ key: String) throws -> String {
      let entry = try #require(entries.first { $0.key == key })
      let encoder = JSONEncoder()
      encoder.outputFormatting = .sortedKeys
      return String(decoding: try encoder.encode(entry.value), as: UTF8.self)
    }
    #expect(try json("core.neurons") == "1024")
    #expect(try json("features.pooling") == "true")
    #expect(try json("features.precisions") == "[1,4,8]")
    #expect(try json("arithmetic.currentOverflow") == "\"wrap\"")
    #expect(try json("energy.spike") == "{\"picojoules\":69.3}")
    #expect(try json("timing.barriers[1]") == "{\"nanoseconds\":1000,\"tiles\":2}")
  }

  @Test func `figures are shown as they were read`() throws {
    let text = try String(contentsOfFile: ShippedChip.path("odin"), encoding: .utf8)
      .replacing("picojoules: 12.7", with: "picojoules: 1.270e1")
    let folder = try TemporaryFolder()
    let list = try ChipFigureList(contentsOf: folder.file("a.yml", text))
    let entry = try #require(list.entries.first { $0.key == "energy.synaptic-operation" })
    #expect(entry.value.description == "picojoules 12.7")
    #expect(try ChipFigureList.files(in: folder.path) == [folder.path + "/a.yml"])
  }

  @Test func `what is no instrument's reading is not graded as one`() throws {
    let figures = try list("odin")
    #expect(figures["arithmetic.potentialBits"]?.grade == .estimated)
    #expect(figures["features.neurons"]?.grade == .estimated)
  }
}
