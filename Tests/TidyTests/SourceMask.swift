/// Separates a Swift text into its code and its comments, line by line.
///
/// Both views keep every line; what does not belong to a view is blank there. Text inside string
/// literals and raw identifiers is in neither view, code inside interpolations is in the code.
/// Bare regular expression literals count as code, so none of them may hold a quote or a brace.
struct SourceMask {
  private(set) var code: [String]
  private(set) var comments: [String]

  private enum Mode {
    case code(openParentheses: Int)
    case string(hashes: Int, isMultiline: Bool)
  }

  private let bytes: [UInt8]
  private var codeBytes: [UInt8]
  private var commentBytes: [UInt8]
  private var modes: [Mode] = [.code(openParentheses: 0)]
  private var index = 0

  init(_ text: String) {
    bytes = Array(text.utf8)
    codeBytes = bytes.map { $0 == UInt8(ascii: "\n") ? $0 : UInt8(ascii: " ") }
    commentBytes = codeBytes
    code = []
    comments = []
    while index < bytes.count {
      switch modes[modes.count - 1] {
      case .code(let open): readCode(openParentheses: open)
      case .string(let hashes, let isMultiline): readString(hashes, isMultiline)
      }
    }
    code = Self.lines(codeBytes)
    comments = Self.lines(commentBytes)
  }

  private mutating func readCode(openParentheses open: Int) {
    if matches("//") { return readLineComment() }
    if matches("/*") { return readBlockComment() }
    let byte = bytes[index]
    switch byte {
    case UInt8(ascii: "#"), UInt8(ascii: "\""):
      var hashes = 0
      while matches("#", at: index + hashes) { hashes += 1 }
      if matches("\"", at: index + hashes) {
        let isMultiline = matches("\"\"\"", at: index + hashes)
        keepCode(hashes + (isMultiline ? 3 : 1))
        modes.append(.string(hashes: hashes, isMultiline: isMultiline))
      } else {
        keepCode(1)
      }
    case UInt8(ascii: "`"):
      readRawIdentifier()
    case UInt8(ascii: "("):
      modes[modes.count - 1] = .code(openParentheses: open + 1)
      keepCode(1)
    case UInt8(ascii: ")"):
      if open == 0, modes.count > 1 {
        modes.removeLast()
      } else {
        modes[modes.count - 1] = .code(openParentheses: open - 1)
      }
      keepCode(1)
    default:
      keepCode(1)
    }
  }

  private mutating func readString(_ hashes: Int, _ isMultiline: Bool) {
    let suffix = String(repeating: "#", count: hashes)
    let quotes = isMultiline ? "\"\"\"" : "\""
    if matches("\\" + suffix) {
      index += 1 + hashes
      if matches("(") {
        keepCode(1)
        modes.append(.code(openParentheses: 0))
      } else {
        index += 1
      }
    } else if matches(quotes + suffix) {
      keepCode(quotes.utf8.count + hashes)
      modes.removeLast()
    } else if bytes[index] == UInt8(ascii: "\n"), !isMultiline {
      modes.removeLast()
      index += 1
    } else {
      index += 1
    }
  }

  private mutating func readLineComment() {
    while index < bytes.count, bytes[index] != UInt8(ascii: "\n") {
      commentBytes[index] = bytes[index]
      index += 1
    }
  }

  private mutating func readBlockComment() {
    var depth = 0
    repeat {
      let step = matches("/*") || matches("*/") ? 2 : 1
      if matches("/*") { depth += 1 } else if matches("*/") { depth -= 1 }
      for _ in 0..<step {
        commentBytes[index] = bytes[index]
        index += 1
      }
    } while depth > 0 && index < bytes.count
  }

  /// Keeps `default` as code and blanks names that are sentences.
  private mutating func readRawIdentifier() {
    let rest = bytes[(index + 1)...]
    let end = rest.firstIndex { $0 == UInt8(ascii: "`") || $0 == UInt8(ascii: "\n") }
    guard let end, bytes[end] == UInt8(ascii: "`") else { return keepCode(1) }
    if rest[..<end].contains(UInt8(ascii: " ")) {
      codeBytes[index] = bytes[index]
      codeBytes[end] = bytes[end]
      index = end + 1
    } else {
      keepCode(end - index + 1)
    }
  }

  private mutating func keepCode(_ count: Int) {
    for _ in 0..<count where index < bytes.count {
      codeBytes[index] = bytes[index]
      index += 1
    }
  }

  private func matches(_ token: String) -> Bool { matches(token, at: index) }

  private func matches(_ token: String, at start: Int) -> Bool {
    start <= bytes.count && bytes[start...].starts(with: token.utf8)
  }

  private static func lines(_ bytes: [UInt8]) -> [String] {
    bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
      .map { String(decoding: $0, as: UTF8.self) }
  }
}
