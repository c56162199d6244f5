import CompiledModel
import Foundation
import NetworkCompiler
import Testing
import Workbench

/// Every YAML file is read by one set of rules: bounded, with one spelling of each number.
@Suite struct StrictYAMLTests {
  private func mapping(_ text: String) throws -> [String: PopulationMapping] {
    let folder = try TemporaryFolder()
    return try MappingFile.read(try folder.file("mapping.yaml", text))
  }

  private func mappingError(_ text: String) throws -> ConfigurationError {
    try #require(throws: ConfigurationError.self) { try mapping(text) }
  }

  /// Twelve levels of mappings, each with nine aliases of the one before.
  private var nested: String {
    let levels = (1...11).map { level in
      let entries = (0..<9).map { "k\($0): *x\(level - 1)" }.joined(separator: ", ")
      return "x\(level): &x\(level) {\(entries)}"
    }
    return (["x0: &x0 {a: 1}"] + levels).joined(separator: "\n") + "\n"
  }

  @Test func `aliases of aliases are refused by what they stand for`() throws {
    #expect(nested.utf8.count < 1_300)
    let found = try mappingError(nested)
    #expect(found.found == "more than 262144 values")
    #expect(found.file.contains("mapping.yaml:") && !found.cure.isEmpty)
    let chip = #expect(throws: ChipFileError.self) {
      _ = try ChipFile.chip(yaml: nested, file: "chip.yaml")
    }
    #expect(chip?.found == found.found && chip?.line != nil)
    #expect(throws: ConfigurationError.self) {
      _ = try ConfigurationFile(text: nested, path: "a.yaml", environmentPrefix: "TEST_")
    }
  }

  @Test(arguments: [
    "? *x11\n: 1\n", "{ *x11 : 1 }\n", "y:\n  ? *x11\n  : 1\n", "- ? [*x11]\n  : 1\n",
    "y: [{ ? { *x11 : 1 } : 2 }]\n",
  ])
  func `an alias is no key`(end: String) throws {
    // The part with the key stands in a list, as a file is one mapping or one list.
    let parts = end.hasPrefix("y") ? nested + end : "y:\n- \(nested.indented)\n- \(end.indented)"
    let found = try mappingError(parts)
    #expect(found.found == "a key that is no plain word", "\(found)")
    #expect(found.file.contains("mapping.yaml:"))
    let chip = #expect(throws: ChipFileError.self) {
      _ = try ChipFile.chip(yaml: parts, file: "chip.yaml")
    }
    #expect(chip?.found == found.found)
  }

  @Test(arguments: ["\n", "\r\n", "\r", "\u{85}", "\u{2028}", "\u{2029}"])
  func `an alias is no key, however lines end`(end: String) throws {
    let filler = String(repeating: "# x\n", count: 8)
    let text = String(repeating: "# x" + end, count: 3) + nested + "z:\n  ? *x11\n  : 1\n" + filler
    #expect(try mappingError(text).found == "a key that is no plain word")
  }

  @Test(arguments: ShippedChip.names, ["\r\n", "\r"])
  func `a shipped chip file reads with other line ends`(name: String, end: String) throws {
    let text = try String(contentsOfFile: ShippedChip.path(name), encoding: .utf8)
    let chip = try ChipFile.chip(
      yaml: text.replacingOccurrences(of: "\n", with: end), file: "chip.yaml")
    #expect(chip == (try ShippedChip.chip(name)))
  }

  @Test func `an anchor saves repetition`() throws {
    let found = try mapping("populations: {a: &two {cores: 2}, b: *two, c: {cores: 3}}\n# *two")
    #expect(found == ["a": .cores(2), "b": .cores(2), "c": .cores(3)])
  }

  @Test func `a file of many keys is read`() throws {
    let text = "populations:\n" + (0..<40_000).map { "  p\($0): {cores: 2}\n" }.joined()
    #expect(try mapping(text).count == 40_000)
  }

  @Test(arguments: [
    "1:30", "010", "0x10", "0b11", "0o7", "1_0", "+4", "4.0", "4.", ".4", "1e2", "'4'", "\"4\"",
    "!!str 4", "!!int '4'", "-0x1", "99999999999999999999", "٤",
  ])
  func `a whole number has one spelling`(text: String) throws {
    let error = try mappingError("populations:\n  a:\n    cores: \(text)\n")
    #expect(error.key == "populations.a.cores")
    #expect(error.file.hasSuffix("mapping.yaml:3"), "\(error)")
    #expect(error.expected == "a whole number")
    let file = try ConfigurationFile(
      text: "beats: \(text)\n", path: "a.yaml", environmentPrefix: "TEST_")
    #expect(throws: ConfigurationError.self) { try file.int("beats", in: 0...1_000) }
    let chip = try String(contentsOfFile: ShippedChip.path("odin"), encoding: .utf8)
      .replacing("coresPerTile: 1", with: "coresPerTile: \(text)")
    let found = #expect(throws: ChipFileError.self) {
      _ = try ChipFile.chip(yaml: chip, file: "chip.yaml")
    }
    #expect(found?.key == "mesh.coresPerTile" && found?.line == 12)
  }

  @Test(arguments: [
    "1:30", "010", "010.5", "0x10", "1_0.0", "+4.0", "4.", ".4", ".inf", ".nan", "1e999", "'4.0'",
    "!!float '4'", "!!str 4.0",
  ])
  func `a number has one spelling`(text: String) throws {
    let file = try ConfigurationFile(
      text: "rate: \(text)\n", path: "a.yaml", environmentPrefix: "TEST_")
    #expect(throws: ConfigurationError.self) {
      try file.double("rate", default: 1, in: 0...1_000)
    }
    let scenario = try String(
      contentsOfFile: packageFile("fleet-configs/digits.yaml"), encoding: .utf8
    )
    .replacing("ownShare: 0.8", with: "ownShare: \(text)")
    let folder = try TemporaryFolder()
    let path = try folder.file("s.yaml", scenario)
    let error = try #require(throws: ConfigurationError.self) { try Scenario.read(path) }
    #expect(error.key == "data.ownShare" && error.expected == "a number", "\(error)")
    #expect(error.file.contains("s.yaml:"))
  }

  @Test(arguments: ["0", "-1.5", "12.50", "1e3", "2.5E-3", "1e+2"])
  func `plain decimals are read`(text: String) throws {
    let file = try ConfigurationFile(
      text: "rate: \(text)\n", path: "a.yaml", environmentPrefix: "TEST_")
    let found = try file.double("rate", default: 7, in: -10...10_000)
    #expect(found == Double(text))
  }

  @Test func `a variable of the environment is read by the same rules`() throws {
    let file = try ConfigurationFile(
      text: "", path: "a.yaml", environmentPrefix: "TEST_", environment: ["TEST_BEATS": "010"])
    #expect(throws: ConfigurationError.self) { try file.int("beats", in: 0...100) }
  }

  @Test func `a number in quotes is shown in quotes`() throws {
    let error = try mappingError("populations: {a: {cores: \"5\"}}")
    #expect(error.found == "the text `5`")
    #expect(error.cure == "write it without quotes and tags")
  }

  @Test func `a doubled key is named by its path, and by the line of the second`() throws {
    let text = "populations:\n  a:\n    cores: 1\n  b:\n    cores: 2\n\n    cores: 3\n"
    let error = try mappingError(text)
    #expect(error.key == "populations.b.cores")
    #expect(error.file.hasSuffix("mapping.yaml:7"), "\(error)")
    #expect(error.found == "the key a second time")
    let quoted = try mappingError("populations:\n  \"1\": {cores: 1}\n  1: {cores: 2}\n")
    #expect(quoted.key == "populations.1" && quoted.file.hasSuffix(":3"), "\(quoted)")
    let chip = #expect(throws: ChipFileError.self) {
      _ = try ChipFile.chip(yaml: "name: x\nmesh:\n  rows: 1\n  rows: 2\n", file: "chip.yaml")
    }
    #expect(chip?.key == "mesh.rows" && chip?.line == 4)
  }

  @Test(arguments: [
    ("a: [", "broken syntax ("), ("a: @b", "character that cannot start any token"),
    ("a: *b", "undefined alias"), ("a: b: c", "broken syntax (mapping values"),
    ("a: 1\n---\nb: 2", "another document"),
  ])
  func `broken syntax is told in whole words`(text: String, found: String) throws {
    let error = try mappingError(text)
    #expect(error.found.hasPrefix(found), "\(error)")
    #expect(!error.description.contains("found found") && !error.description.contains("found did"))
    let chip = #expect(throws: ChipFileError.self) {
      _ = try ChipFile.chip(yaml: text, file: "chip.yaml")
    }
    #expect(chip?.found == error.found)
  }

  @Test(arguments: ["[", "{a: ", "- "])
  func `deep nesting is refused`(part: String) throws {
    let text = String(repeating: part, count: 900)
    #expect(throws: ConfigurationError.self) { try mapping(text) }
    let closed = part == "[" ? text + String(repeating: "]", count: 900) : text + "1"
    #expect(throws: ConfigurationError.self) { try mapping(closed) }
  }
}

extension String {
  /// The lines after the first two columns further in.
  fileprivate var indented: String { replacing("\n", with: "\n  ") }
}
