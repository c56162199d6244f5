import Testing

/// The rules, held against this package as it is.
@Suite struct TreeTests {
  private let tree: PackageTree
  private let files: [SourceFile]
  private let layers: LayerTable

  init() throws {
    tree = try PackageTree()
    files = try tree.swiftFiles()
    layers = try tree.layers()
  }

  @Test func `the rules see the files they are for`() throws {
    for folder in ["Package.swift"] + layers.targets.filter({ $0.layer > 0 }).map(\.folder) {
      #expect(files.contains { $0.path.hasPrefix(folder) }, "no Swift file under \(folder)")
    }
    #expect(files.contains { $0.path == "Tests/TidyTests/TreeTests.swift" })
    #expect(try tree.markdownFiles().contains { $0.path == LayerTable.path })
  }

  @Test func `every target has a layer and every layer its folders`() throws {
    report(layers.differences(from: try tree.targetFolders()))
  }

  @Test func `imports point downwards`() {
    report(files.flatMap { ImportRule.violations(in: $0, layers: layers) })
  }

  @Test func `layers 1 and 2 are pure`() {
    report(files.flatMap { PurityRule.violations(in: $0, layers: layers) })
  }

  @Test func `files and lines are short`() {
    let reasons = SizeRule.reasons
    report(files.flatMap { SizeRule.violations(in: $0, reasons: reasons) })
    report(SizeRule.staleReasons(in: files, reasons: reasons))
  }

  @Test func `functions are short`() {
    report(files.flatMap(FunctionLengthRule.violations))
  }

  @Test func `every package declaration is documented`() {
    report(files.flatMap(DocumentationRule.violations))
  }

  @Test func `no banned word is used`() {
    report(files.flatMap(BannedRule.violations))
  }

  @Test func `file names say what the files hold`() {
    report(files.flatMap { BannedRule.fileName($0.path) })
    report(BannedRule.placeholders(in: files.map(\.path)))
  }

  @Test func `links in Markdown lead somewhere`() throws {
    report(LinkRule.violations(in: try tree.markdownFiles(), exists: tree.exists))
  }

  private func report(
    _ violations: [Violation], sourceLocation: SourceLocation = #_sourceLocation
  ) {
    for violation in violations {
      Issue.record("\(violation.description)", sourceLocation: sourceLocation)
    }
  }
}
