import CompiledModel
import Foundation
import Testing
import Workbench

/// The chip files that come with the package; tests run in its folder.
enum ShippedChip {
  /// The rules of `loihi-learn` as its file has them.
  static let rules = "rules: [three-factor, pair-stdp, sdsp, sum-of-products, edge-learning]"

  /// In the order of the pages.
  static let names = ["loihi", "loihi-learn", "odin", "reckon", "cim-stdp", "generic"]

  static func path(_ name: String) -> String { "fleet-configs/chips/\(name).yaml" }

  static func chip(_ name: String) throws -> Chip {
    try ChipFile.chip(contentsOf: path(name))
  }
}

/// Each chip that comes with the package is what its file says it is.
@Suite struct ShippedChipTests {
  @Test func `each file is listed, and named after its chip`() throws {
    let files = try FileManager.default.contentsOfDirectory(atPath: "fleet-configs/chips")
    #expect(files.sorted() == ShippedChip.names.map { $0 + ".yaml" }.sorted())
    for name in ShippedChip.names { #expect(try ShippedChip.chip(name).name == name) }
  }

  @Test(arguments: ShippedChip.names)
  func `all figures have sources, and prices cover what the chip can cause`(name: String) throws {
    let chip = try ShippedChip.chip(name)
    for kind in EventKind.allCases {
      let price = chip.prices[kind]
      #expect(price != nil || chip.cause(of: kind) == nil, "\(kind.name)")
      #expect(price?.source.isEmpty != true, "\(kind.name)")
    }
    for figure in chip.published + [chip.coreArea].compactMap({ $0 }) {
      #expect(!figure.source.isEmpty && !figure.unit.isEmpty, "\(figure.name)")
    }
  }

  @Test(arguments: ShippedChip.names)
  func `a table keeps its bytes`(name: String) throws {
    let prices = try ShippedChip.chip(name).prices
    #expect(try PriceTable(reading: prices.encoded()) == prices)
  }

  @Test func `loihi has no extensions, and no prices for learning`() throws {
    let chip = try ShippedChip.chip("loihi")
    #expect(chip.features.resets == [.hard])
    #expect(chip.features.rules.isEmpty)
    #expect(chip.arithmetic.currentOverflow == .wrap)
    let learning = EventKind.allCases.filter { $0.component == .learning } + [.errorMessage]
    for kind in learning {
      #expect(chip.prices[kind] == nil, "\(kind.name)")
      var counts = [UInt64](repeating: 0, count: EventKind.allCases.count)
      counts[kind.rawValue] = 1
      #expect(throws: PricingError.self, "\(kind.name)") { try chip.prices.totalJoules(of: counts) }
    }
    let extended = try ShippedChip.chip("loihi-learn")
    for kind in EventKind.allCases where chip.prices[kind] != nil {
      #expect(extended.prices[kind] == chip.prices[kind], "\(kind.name)")
      #expect(extended.timing[kind] == chip.timing[kind], "\(kind.name)")
    }
  }

  @Test(arguments: [("odin", 12.7), ("reckon", 5.3)])
  func `an all-in figure has nothing added to it`(name: String, picojoules: Double) throws {
    let prices = try ShippedChip.chip(name).prices
    #expect(prices[.synapticOperation]?.picojoules == picojoules)
    let parts: [EventKind] = [
      .neuronAccess, .neuronUpdate, .spike, .message, .hopHorizontal, .hopVertical, .step,
    ]
    for kind in parts {
      let price = try #require(prices[kind])
      #expect(price.picojoules == 0, "\(kind.name)")
      #expect(price.source.contains("included"), "\(kind.name)")
    }
  }

  @Test func `reckon holds its network while it learns`() throws {
    let core = try ShippedChip.chip("reckon").core
    let sources = 512
    let weightsAndSums = sources * core.neurons * (1 + 4)
    // Traces of 16 bits for three steps, and weights to 16 outputs with their sums.
    let traces = (sources + core.neurons) * 2 * 3
    let mirrored = core.neurons * 16 * (1 + 4)
    #expect(core.inAxons == sources)
    #expect(weightsAndSums + traces + mirrored <= core.synapseMemoryBytes)
  }

  @Test func `generic holds 100,000 neurons with 50 million sparse synapses`() throws {
    let chip = try ShippedChip.chip("generic")
    // As many neurons on a core as its memory holds, each with 500 sources, all of them others.
    let neurons = 100_000
    let perCore = 420
    #expect(perCore * 500 * 3 + neurons * 4 <= chip.core.synapseMemoryBytes)
    #expect(neurons <= chip.core.inAxons)
    let cores = (neurons + perCore - 1) / perCore
    #expect(cores <= chip.cores)
    #expect(perCore * cores <= chip.core.outAxons)
  }
}

/// What a chip file may leave out.
@Suite struct ChipFilePriceTests {
  /// A shipped file without the entry for one kind of event.
  private func yaml(_ name: String, without kind: EventKind) throws -> String {
    var lines = try String(contentsOfFile: ShippedChip.path(name), encoding: .utf8)
      .split(separator: "\n", omittingEmptySubsequences: false)
    let start = try #require(lines.firstIndex { $0.hasPrefix("  \(kind.name):") })
    let end = lines[(start + 1)...].firstIndex { !$0.hasPrefix("    ") } ?? lines.endIndex
    lines.removeSubrange(start..<end)
    return lines.joined(separator: "\n")
  }

  @Test(arguments: EventKind.allCases)
  func `a kind that the chip can cause needs its price`(kind: EventKind) throws {
    let name = kind == .columnConversion ? "cim-stdp" : "loihi-learn"
    let text = try yaml(name, without: kind)
    let error = #expect(throws: ChipFileError.self) {
      _ = try ChipFile.chip(yaml: text, file: "chip.yaml")
    }
    #expect(error?.key == "energy.\(kind.name)")
    #expect(error?.found == "no price")
  }

  @Test(arguments: [
    (
      "layouts: [dense, sparse, convolution]", "layouts: [dense, sparse]",
      EventKind.convolutionOperation
    ),
    ("layouts: [dense, sparse, convolution]", "layouts: [dense]", .sparseOperation),
    (ShippedChip.rules, "rules: [pair-stdp]", .errorMessage),
    (ShippedChip.rules, "rules: [sdsp]", .feedbackOperation),
    (ShippedChip.rules, "rules: []", .weightWrite),
    ("columns: 8", "columns: 1", .hopHorizontal),
    ("rows: 4", "rows: 1", .hopVertical),
    ("neurons: [lif, cuba-lif, if, adaptive-lif, readout]", "neurons: [readout]", .spike),
  ])
  func `a kind that the chip cannot cause needs none`(
    old: String, new: String, kind: EventKind
  ) throws {
    let text = try yaml("loihi-learn", without: kind)
    #expect(text.contains(old))
    var changed = text.replacingOccurrences(of: old, with: new)
    // Without rules there is nothing that operations could help.
    if new == "rules: []" {
      changed = changed.split(separator: "\n", omittingEmptySubsequences: false)
        .filter { !$0.hasPrefix("  operations:") }.joined(separator: "\n")
    }
    let chip = try ChipFile.chip(yaml: changed, file: "chip.yaml")
    #expect(chip.prices[kind] == nil)
    #expect(chip.cause(of: kind) == nil)
  }

  @Test(arguments: [
    ("layouts: [dense, sparse, convolution]", "layouts: [sparse, convolution]", "features.layouts"),
    ("adaptive-lif, readout]", "adaptive-lif]", "features.neurons"),
  ])
  func `a rule needs what it works on`(old: String, new: String, key: String) throws {
    let text = try String(contentsOfFile: ShippedChip.path("loihi-learn"), encoding: .utf8)
    #expect(text.contains(old))
    let error = #expect(throws: ChipFileError.self) {
      _ = try ChipFile.chip(
        yaml: text.replacingOccurrences(of: old, with: new), file: "chip.yaml")
    }
    #expect(error?.key == key)
  }

  @Test func `the width of weights that learn is that of a chip that learns`() throws {
    #expect(try ShippedChip.chip("loihi").arithmetic.learningWeightBits == 16)
    #expect(try ShippedChip.chip("odin").arithmetic.learningWeightBits == 4)
  }
}
