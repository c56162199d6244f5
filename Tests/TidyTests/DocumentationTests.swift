import Testing

/// Every kind of `package` declaration is seen when its doc comment is missing.
@Suite struct DocumentationTests {
  private func count(_ text: String, path: String = "Sources/A/A.swift") -> Int {
    DocumentationRule.violations(in: SourceFile(path: path, text: text)).count
  }

  @Test(arguments: [
    "package func f() {}", "package var a = 1", "package let a = 1", "package init(a: Int) {}",
    "package struct A {}", "package enum A {}", "package final class A {}", "package actor A {}",
    "package protocol A {}", "package typealias A = B", "package static func f() {}",
    "package mutating func f() {}", "package private(set) var a = 1", "package class A {}",
    "package internal(set) var a = 1", "package indirect enum A {}", "package init?(a: Int) {}",
    "package subscript(a: Int) -> Int { a }", "package class var a: Int { 1 }",
    "@inlinable package func f() {}", "package nonisolated func f() {}",
    "package static func + (a: A, b: A) -> A {}",
  ])
  func `a package declaration without a doc comment is seen`(declaration: String) {
    #expect(count(declaration) == 1)
    #expect(count("// not a doc comment\n  " + declaration) == 1)
    #expect(count("/// About the one above.\nlet other = 1\n" + declaration) == 1)
    #expect(count("/// What it is.\n" + declaration) == 0)
    #expect(count("/// What it is.\n@inlinable\n@MainActor\n" + declaration) == 0)
    #expect(count(declaration, path: "Tests/ATests/A.swift") == 0)
  }

  @Test(arguments: [
    "package var description: String { a }", "package static func < (a: A, b: A) -> Bool { true }",
    "package static func == (a: A, b: A) -> Bool { true }", "package override func f() {}",
    "package func hash(into hasher: inout Hasher) {}", "package import Values", "case a",
    "package func encode(to encoder: any Encoder) {}", "func internalOne() {}",
    "package init(from decoder: any Decoder) {}", "// package func old() {}",
    "package mutating func next() -> UInt64 { 1 }", "dependency(package: name)",
  ])
  func `what a protocol explains and what is not package needs none`(declaration: String) {
    #expect(count(declaration) == 0)
  }
}
