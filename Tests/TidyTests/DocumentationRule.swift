/// Every `package` declaration says in a doc comment what it is.
enum DocumentationRule {
  private static let kinds = [
    "func", "var", "let", "init", "subscript", "struct", "enum", "class", "actor", "protocol",
    "typealias",
  ]

  /// Members whose meaning the protocol they satisfy gives.
  private static let protocolMembers = [
    "description", "debugDescription", "errorDescription", "<", "==", "hash", "encode",
    "init(from", "rawValue", "init(rawValue", "makeIterator", "next", "run", "enqueue",
    "asUnownedSerialExecutor", "isIsolatingCurrentContext", "checkIsolated",
  ]

  static func violations(in file: SourceFile) -> [Violation] {
    guard !file.isGenerated, !file.isTest, file.path != "Package.swift" else { return [] }
    return file.code.indices.compactMap { index in
      guard let name = undocumentedName(file.code[index]), !hasDocComment(file, above: index)
      else { return nil }
      return file.violation(
        index + 1, "doc-comment",
        "`\(name)` has none; say in one line above it what it is, with units and errors")
    }
  }

  /// The name of the `package` declaration on this line that needs a doc comment, if any.
  private static func undocumentedName(_ code: String) -> String? {
    guard code.holds("package") else { return nil }
    var words = code.split(separator: " ")[...]
    words = words.drop { $0.hasPrefix("@") }
    guard words.popFirst() == "package", !words.contains("override") else { return nil }
    while let word = words.popFirst() {
      let head = String(word.prefix { Array($0.utf8)[0].isWordByte })
      // `package class var` and `package class func` declare members, not classes.
      if head == "class", let next = words.first, kinds.contains(String(next)) { continue }
      guard kinds.contains(head) else {
        if ["import", "extension"].contains(head) { return nil }
        continue
      }
      let name = head == "init" ? String(word) : words.first.map(String.init) ?? ""
      let isExempt = protocolMembers.contains { member in
        name == member || ["(", ":", "<"].contains { name.hasPrefix(member + $0) }
      }
      return isExempt ? nil : name.isEmpty ? head : name
    }
    return nil
  }

  private static func hasDocComment(_ file: SourceFile, above index: Int) -> Bool {
    var above = index - 1
    while above >= 0, file.code[above].trimmed.hasPrefix("@") { above -= 1 }
    return above >= 0 && file.comments[above].trimmed.hasPrefix("///")
  }
}
