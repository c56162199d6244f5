import Testing

/// Dead links and dead anchors in Markdown are seen.
@Suite struct LinkTests {
  private func lines(_ text: String, path: String = "docs/A.md") -> [Int] {
    let other = MarkdownFile(path: "docs/B.md", text: "# The `B` page\n\n## 2. What it *is*\n")
    let files = [MarkdownFile(path: path, text: text), other]
    let existing = [path, "docs/B.md", "README.md", "docs"]
    return LinkRule.violations(in: files) { existing.contains($0) }.map(\.line)
  }

  @Test func `a link to a file that exists passes`() {
    #expect(lines("[b](B.md), [r](../README.md), [d](../docs/), [s](./B.md)") == [])
    #expect(lines("[b](docs/B.md)", path: "README.md") == [])
    #expect(lines("[w](https://example.org/x.md) [m](mailto:a@example.org)") == [])
  }

  @Test func `a link to nothing is seen at its line`() {
    #expect(lines("fine\n\n[gone](C.md)") == [3])
    #expect(lines("[b](B.md) and ![picture](run.svg)") == [1])
    #expect(lines("[b](docs/B.md)") == [1])
  }

  @Test func `an anchor must be a heading`() {
    #expect(lines("[b](B.md#the-b-page) [i](B.md#2-what-it-is)") == [])
    #expect(lines("[b](B.md#elsewhere)") == [1])
    #expect(lines("# Here\n[h](#here)\n[t](#there)") == [3])
  }

  @Test func `code blocks hold no links`() {
    #expect(lines("```\n[gone](C.md)\n```\n[gone](C.md)") == [4])
  }
}
