import Foundation
import Testing

/// The security page claims nothing that no test shows.
@Suite struct NamedTestTests {
  private func lines(_ text: String) -> [Int] {
    NamedTestRule.violations(page: "docs/A.md", text: text, tests: ["a b", "c"]).map(\.line)
  }

  @Test func `a claim names tests that exist`() {
    #expect(lines("# A\n\n- It holds. *Tests:* `a b`,\n  `c`\n- So does that. *Tests:* `c`") == [])
  }

  @Test func `a claim without a test, or with one that is not there, is seen`() {
    #expect(lines("# A\n\n- It holds.\n- So does that. *Tests:* `d`") == [3, 4])
    #expect(lines("# A\n\nIt holds. *Tests:* `gone`") == [3])
    #expect(lines("# A\n\n## What is left\n\n- Much.\n\n## B\n\n- More.") == [9])
  }

  @Test func `each statement of the security page names tests that exist`() throws {
    let tree = try PackageTree()
    let path = "docs/SECURITY.md"
    let text = try String(contentsOf: tree.root.appending(path: path), encoding: .utf8)
    let tests = NamedTestRule.tests(in: try tree.swiftFiles())
    #expect(tests.count > 100)
    for violation in NamedTestRule.violations(page: path, text: text, tests: tests) {
      Issue.record("\(violation.description)")
    }
  }
}
