/// A Markdown file's links and headings, those in code blocks left out.
struct MarkdownFile {
  /// Path from the package's root, with slashes.
  let path: String
  private let prose: [(line: Int, text: String)]

  init(path: String, text: String) {
    self.path = path
    var isCode = false
    var prose: [(Int, String)] = []
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
    {
      if line.trimmed.hasPrefix("```") {
        isCode.toggle()
      } else if !isCode {
        prose.append((index + 1, String(line)))
      }
    }
    self.prose = prose
  }

  /// Link destinations, pictures included.
  var links: [(line: Int, target: String)] {
    prose.flatMap { line, text in
      text.split(separator: "](", omittingEmptySubsequences: false).dropFirst()
        .compactMap { rest in rest.split(separator: ")").first.map { (line, String($0)) } }
    }
  }

  /// Headings as the anchors that a link names them by.
  var anchors: [String] {
    prose.filter { $0.text.hasPrefix("#") }.map { heading in
      heading.text.drop { $0 == "#" }.trimmed.lowercased()
        .filter { $0.isLetter || $0.isNumber || " -_".contains($0) }
        .map { $0 == " " ? "-" : String($0) }.joined()
    }
  }
}

extension Substring {
  /// Without spaces at either end.
  var trimmed: String { String(self).trimmed }
}
