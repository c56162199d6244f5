import CompiledModel
import NetworkCompiler
import NetworkTraining
import Testing
import Workbench

@Suite struct MappingFileTests {
  private func read(_ text: String) throws -> [String: PopulationMapping] {
    let folder = try TemporaryFolder()
    return try MappingFile.read(try folder.file("mapping.yaml", text))
  }

  @Test func `the shipped mapping puts the digits network where it says`() throws {
    let mapping = try MappingFile.read(packageFile("fleet-configs/mapping.yaml"))
    let network = try NetworkTemplate().network()
    let compilation = try compile(
      network, for: try ShippedChip.chip("loihi-learn"),
      options: CompilerOptions(mapping: mapping))
    let hidden = compilation.model.cores.filter { $0.layer == 0 }
    #expect(hidden.map(\.neuronCount) == [25, 25, 26, 26, 26])
    #expect(hidden.map { [$0.column, $0.row] } == [[0, 0], [0, 0], [1, 0], [1, 0], [0, 1]])
    #expect(compilation.model.cores.count == 6)
  }

  @Test func `JSON is read as well`() throws {
    let mapping = try read(#"{"populations": {"a": {"cores": 3}}}"#)
    #expect(mapping == ["a": .cores(3)])
  }

  @Test(arguments: [
    ("populations: { a: { cores: 0 } }", "populations.a.cores"),
    ("populations: { a: { cores: many } }", "populations.a.cores"),
    ("populations: { a: { cores: 1, tiles: [] } }", "populations.a"),
    ("populations: { a: {} }", "populations.a"),
    ("populations: { a: { tiles: [] } }", "populations.a"),
    ("populations: { a: { core: 1 } }", "populations.a.core"),
    ("population: {}", "populations"),
    (
      "populations: { a: { tiles: [{ column: 0, row: 0, neurons: 0 }] } }",
      "populations.a.tiles[0].neurons"
    ),
    (
      """
      populations: { a: { tiles: [{ column: 0, row: 0, neurons: 9223372036854775807 }] } }
      """, "populations.a.tiles[0].neurons"
    ),
    (
      "populations: { a: { tiles: [{ column: -1, row: 0, neurons: 1 }] } }",
      "populations.a.tiles[0].column"
    ),
    (
      "populations: { a: { tiles: [{ column: 0, row: 0, neurons: 1, core: 2 }] } }",
      "populations.a.tiles[0].core"
    ),
  ])
  func `a wrong mapping is named by its key`(_ text: String, _ key: String) throws {
    let error = try #require(throws: ConfigurationError.self) { try read(text) }
    #expect(error.key == key, "\(error)")
    #expect(error.file.contains("mapping.yaml") && !error.cure.isEmpty)
  }

  @Test func `each mistake names its line and what would do`() throws {
    func error(_ text: String) throws -> ConfigurationError {
      try #require(throws: ConfigurationError.self) { try read(text) }
    }
    let unknown = try error("populations:\n  a:\n    core: 5\n")
    #expect(unknown.expected == "one of cores, tiles")
    #expect(unknown.file.hasSuffix("mapping.yaml:3"), "\(unknown)")
    let empty = try error("# nothing yet\n")
    #expect(empty.found == "an empty file")
    #expect(empty.expected == "lines of the form KEY: VALUE")
    let list = try error("populations:\n  - a\n")
    #expect(list.found == "a list" && list.expected == "a mapping")
    let range = try error(
      "populations:\n  conv.1:\n    tiles:\n      - {column: 0, row: 0, neurons: 4}\n"
        + "      - column: 0\n        row: -3\n        neurons: 4\n")
    #expect(range.key == "populations.conv.1.tiles[1].row")
    #expect(range.file.hasSuffix("mapping.yaml:6"), "\(range)")
    let neither = try error("populations:\n  b: {cores: 1}\n  a: {}\n")
    #expect(neither.file.hasSuffix("mapping.yaml:3"), "\(neither)")
  }

  @Test func `a mapping that the chip cannot hold is refused by the compiler's rules`() throws {
    let mapping = try read("populations: { hidden: { cores: 2 }, other: { cores: 1 } }")
    let error = try #require(throws: CompileError.self) {
      try compile(
        try NetworkTemplate().network(), for: try ShippedChip.chip("loihi-learn"),
        options: CompilerOptions(mapping: mapping))
    }
    #expect(error.violations.map(\.rule) == [.learningMemory, .mapping])
    let unknown = try #require(error.violations.last)
    #expect(unknown.layer == "other")
    #expect(unknown.limit == "the network's populations: hidden, output")
    #expect(unknown.need.contains("which the mapping names"))
  }
}
