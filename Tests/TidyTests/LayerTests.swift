import Testing

/// The layer table is read strictly, and imports that climb are seen.
@Suite struct LayerTests {
  private static let markdown = """
    <!-- layers -->
    | layer | target | folder | outside | own |
    |---|---|---|---|---|
    | 0 | `CWire` | Sources/CWire | any | |
    | 1 | `Values` | Sources/Values | Crypto | |
    | 2 | `Core` | Sources/Core | | |
    | 2 | `Chip` | Sources/Chip | | |
    | 3 | `Store` | Sources/Store | any | GRDB |
    | 4 | `app` | app | any | |
    <!-- /layers -->
    """

  private func rules(_ path: String, _ text: String) throws -> [String] {
    let layers = try LayerTable(markdown: Self.markdown)
    let file = SourceFile(path: path, text: text)
    return ImportRule.violations(in: file, layers: layers).map { "\($0.line) \($0.rule)" }
  }

  @Test func `lower layers may be imported`() throws {
    #expect(
      try rules("Sources/Core/A.swift", "package import Values\nimport struct Values.V") == [])
    #expect(try rules("app/A.swift", "import Store\nimport Foundation\nimport Core") == [])
  }

  @Test func `a higher layer, the same layer and a shell may not`() throws {
    #expect(
      try rules("Sources/Core/A.swift", "import Values\nimport Store") == ["2 import-direction"])
    #expect(try rules("Sources/Core/A.swift", "package import Chip") == ["1 import-direction"])
    #expect(try rules("Sources/Store/A.swift", "@_exported import app") == ["1 import-direction"])
  }

  @Test(arguments: [
    "Foundation", "FoundationEssentials", "Dispatch", "Logging", "NIOCore", "Glibc",
  ])
  func `a pure target imports no outside module that its row does not name`(module: String) throws {
    let text = "import Crypto\n\ninternal import \(module)"
    #expect(try rules("Sources/Values/A.swift", text) == ["3 import-outside"])
    #expect(try rules("Sources/Values/a.pb.swift", text) == [])
  }

  @Test func `a module with an owner is imported by the owner alone`() throws {
    #expect(try rules("app/A.swift", "import GRDB") == ["1 import-owner"])
    #expect(try rules("Sources/Store/A.swift", "import GRDB") == [])
  }

  @Test func `an import in a comment or a string is none`() throws {
    #expect(try rules("Sources/Core/A.swift", "// import Store\nlet a = \"import Store\"") == [])
  }

  @Test func `the table and the folders must agree`() throws {
    let layers = try LayerTable(markdown: Self.markdown)
    let listed = layers.targets.map(\.folder)
    #expect(layers.differences(from: listed).isEmpty)
    #expect(layers.differences(from: listed + ["Sources/New"]).count == 1)
    #expect(layers.differences(from: Array(listed.dropLast())).count == 1)
  }

  @Test(arguments: [
    "no markers at all",
    "<!-- layers -->\n<!-- /layers -->",
    "<!-- layers -->\n| 1 | Values | Sources/Values |\n<!-- /layers -->",
  ])
  func `a table that cannot be read is an error`(markdown: String) {
    #expect(throws: LayerTable.Malformed.self) { try LayerTable(markdown: markdown) }
  }

  @Test(arguments: [
    "let now = Date()", "let now = Date.now", "Task { }", "func f() async {}", "await f()",
    "print(1)", "let r = Int.random(in: 0..<3)", "let r = list.shuffled()",
    "let r = list.randomElement()", "var g = SystemRandomNumberGenerator()",
    "let c = ContinuousClock()", "let r = Int.random(\n  in: (0)..<f(3))".flattened,
  ])
  func `a pure target has no clock, dice, output or waiting`(line: String) throws {
    let layers = try LayerTable(markdown: Self.markdown)
    func count(_ path: String) -> Int {
      PurityRule.violations(in: SourceFile(path: path, text: "\n" + line), layers: layers).count
    }
    #expect(count("Sources/Core/A.swift") == 1)
    #expect(count("Sources/Values/A.swift") == 1)
    #expect(count("Sources/Store/A.swift") == 0)
  }

  @Test func `dice that are handed in are pure`() throws {
    let layers = try LayerTable(markdown: Self.markdown)
    let text = """
      let a = Int.random(in: 0..<f(3), using: &generator)
      let b = Float.random(
        in: 0...1, using: &generator)
      let c = list.shuffled(using: &generator)
      let fingerprint = update(1)
      """
    let file = SourceFile(path: "Sources/Core/A.swift", text: text)
    #expect(PurityRule.violations(in: file, layers: layers).isEmpty)
  }
}

extension String {
  fileprivate var flattened: String { split(separator: "\n  ").joined() }
}
