import Foundation

/// A page that names tests after `*Tests:*` names ones that exist, at least one for each claim.
enum NamedTestRule {
  static let marker = "*Tests:*"
  /// Sections that claim nothing a test could show.
  static let exempt = "What is left"

  static func violations(page path: String, text: String, tests: Set<String>) -> [Violation] {
    var found: [Violation] = []
    var line = 1
    var isExempt = false
    for paragraph in text.components(separatedBy: "\n\n") {
      if paragraph.hasPrefix("#") { isExempt = paragraph.hasSuffix(exempt) }
      for claim in claims(in: paragraph) {
        let names = named(in: claim.text)
        if claim.isItem, names.isEmpty, !isExempt {
          found.append(
            Violation(
              path: path, line: line + claim.offset, rule: "named-test",
              cure: "name the test that shows it after \(marker)"))
        }
        for name in names where !tests.contains(name) {
          found.append(
            Violation(
              path: path, line: line + claim.offset, rule: "named-test",
              cure: "no test is called `\(name)`; name one that exists"))
        }
      }
      line += paragraph.components(separatedBy: "\n").count + 1
    }
    return found
  }

  /// The names of all tests in these files, as they stand between back-ticks.
  static func tests(in files: [SourceFile]) -> Set<String> {
    var names: Set<String> = []
    for file in files where file.path.hasPrefix("Tests/") {
      for part in file.lines.joined(separator: "\n").components(separatedBy: "func `").dropFirst() {
        if let name = part.split(separator: "`", maxSplits: 1).first { names.insert(String(name)) }
      }
    }
    return names
  }

  private static func claims(
    in paragraph: String
  ) -> [(text: String, offset: Int, isItem: Bool)] {
    var claims: [(text: String, offset: Int, isItem: Bool)] = []
    for (offset, line) in paragraph.components(separatedBy: "\n").enumerated() {
      if claims.isEmpty || line.hasPrefix("- ") {
        claims.append((line, offset, line.hasPrefix("- ")))
      } else {
        claims[claims.count - 1].text += " " + line.trimmed
      }
    }
    return claims
  }

  /// What stands between back-ticks after the marker.
  private static func named(in claim: String) -> [String] {
    guard let start = claim.range(of: marker) else { return [] }
    let parts = claim[start.upperBound...].components(separatedBy: "`")
    return parts.enumerated().filter { !$0.offset.isMultiple(of: 2) }.map(\.element)
  }
}
