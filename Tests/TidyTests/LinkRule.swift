/// Relative links in Markdown lead to a file, and their anchors to a heading.
enum LinkRule {
  static func violations(
    in files: [MarkdownFile], exists: (String) -> Bool
  ) -> [Violation] {
    files.flatMap { file in
      file.links.compactMap { line, target -> Violation? in
        guard !target.contains("://"), !target.hasPrefix("mailto:") else { return nil }
        let parts = target.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
        let path = parts[0].isEmpty ? file.path : resolve(String(parts[0]), from: file.path)
        guard exists(path) else {
          return Violation(
            path: file.path, line: line, rule: "link", cure: "\(path) does not exist; mend it")
        }
        guard parts.count == 2, let page = files.first(where: { $0.path == path }),
          !page.anchors.contains(String(parts[1]))
        else { return nil }
        return Violation(
          path: file.path, line: line, rule: "link",
          cure: "\(path) has no heading for #\(parts[1]); mend it")
      }
    }
  }

  /// The link's path from the package's root.
  static func resolve(_ link: String, from page: String) -> String {
    var folders = page.split(separator: "/").dropLast().map(String.init)
    for part in link.split(separator: "/") {
      if part == ".." {
        _ = folders.popLast()
      } else if part != "." {
        folders.append(String(part))
      }
    }
    return folders.joined(separator: "/")
  }
}
