/// A Swift file as the rules see it.
struct SourceFile {
  /// Path from the package's root, with slashes.
  let path: String
  let lines: [String]
  /// The lines without comments and without the text of string literals.
  let code: [String]
  /// The comments alone, at their lines.
  let comments: [String]

  init(path: String, text: String) {
    self.path = path
    let mask = SourceMask(text)
    code = mask.code
    comments = mask.comments
    lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
  }

  /// The number of lines, without the empty one after the last newline.
  var lineCount: Int { lines.last == "" ? lines.count - 1 : lines.count }

  var name: String { String(path.split(separator: "/").last ?? "") }

  /// Written by a generator or held as a golden file: size and documentation rules pass it by.
  var isGenerated: Bool { path.hasSuffix(".pb.swift") || path.contains("/Fixtures/") }

  var isTest: Bool { path.hasPrefix("Tests/") }

  /// Line numbers, counted from one, where the code holds the phrase as a whole word.
  func codeLines(with phrase: String) -> [Int] {
    code.indices.filter { code[$0].holds(phrase) }.map { $0 + 1 }
  }

  func violation(_ line: Int, _ rule: String, _ cure: String) -> Violation {
    Violation(path: path, line: line, rule: rule, cure: cure)
  }
}

extension String {
  /// Whether the phrase occurs here without a letter, digit or underscore touching either end.
  func holds(_ phrase: String) -> Bool {
    let text = Array(utf8)
    let sought = Array(phrase.utf8)
    guard let first = sought.first, let last = sought.last, sought.count <= text.count else {
      return false
    }
    for start in 0...(text.count - sought.count)
    where text[start] == first && text[start...].starts(with: sought) {
      let end = start + sought.count
      let touchesLeft = first.isWordByte && start > 0 && text[start - 1].isWordByte
      let touchesRight = last.isWordByte && end < text.count && text[end].isWordByte
      if !touchesLeft && !touchesRight { return true }
    }
    return false
  }
}

extension UInt8 {
  /// Whether the byte can stand inside a Swift identifier.
  var isWordByte: Bool {
    switch self {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), 0x80...0xFF:
      true
    default: false
    }
  }
}
