/// A function, initialiser, subscript or computed property fits on one screen.
enum FunctionLengthRule {
  static let limit = 70

  static func violations(in file: SourceFile) -> [Violation] {
    guard !file.isGenerated else { return [] }
    return bodies(in: file).compactMap { first, last in
      let count = last - first + 1
      guard count > limit else { return nil }
      return file.violation(
        first, "function-length", "\(count) lines, at most \(limit); take a step out of it")
    }
  }

  /// First and last line of every declaration that has a body, counted from one.
  static func bodies(in file: SourceFile) -> [(first: Int, last: Int)] {
    let code = Array(file.code.joined(separator: "\n").utf8)
    var found: [(Int, Int)] = []
    var line = 1
    var index = 0
    while index < code.count {
      if code[index] == newline { line += 1 }
      if let length = keywordLength(code, at: index) {
        if let end = bodyEnd(code, from: index + length) {
          found.append((line, line + code[index..<end].count { $0 == newline }))
        }
        index += length
      } else {
        index += 1
      }
    }
    return found
  }

  private static let newline = UInt8(ascii: "\n")
  private static let keywords = ["func", "init", "deinit", "subscript", "var"]

  private static func keywordLength(_ code: [UInt8], at index: Int) -> Int? {
    if index > 0, code[index - 1].isWordByte || code[index - 1] == UInt8(ascii: ".") { return nil }
    for keyword in keywords where code[index...].starts(with: keyword.utf8) {
      let end = index + keyword.utf8.count
      if end < code.count, !code[end].isWordByte, code[end] != UInt8(ascii: ":") {
        return keyword.utf8.count
      }
    }
    return nil
  }

  /// The place of the brace that closes the body, or nil for a declaration without one.
  private static func bodyEnd(_ code: [UInt8], from start: Int) -> Int? {
    var brackets = 0
    for index in start..<code.count {
      switch code[index] {
      case UInt8(ascii: "("), UInt8(ascii: "["): brackets += 1
      case UInt8(ascii: ")"), UInt8(ascii: "]"): brackets -= 1
      case UInt8(ascii: "{") where brackets == 0: return closingBrace(code, from: index)
      case UInt8(ascii: "}") where brackets == 0: return nil
      case newline where brackets == 0:
        if !signatureContinues(code, at: index) { return nil }
      default: break
      }
      if brackets < 0 { return nil }
    }
    return nil
  }

  private static func signatureContinues(_ code: [UInt8], at newlineIndex: Int) -> Bool {
    let blanks = [UInt8(ascii: " "), newline]
    let next = code[newlineIndex...].drop { blanks.contains($0) }
    let openers = ["{", "->", "where ", "throws", "rethrows", "async"]
    if openers.contains(where: { next.starts(with: $0.utf8) }) { return true }
    let before = code[..<newlineIndex].suffix(200).reversed().drop { blanks.contains($0) }
    return [",", ":", "&", ">-"].contains { before.starts(with: $0.utf8) }
  }

  private static func closingBrace(_ code: [UInt8], from start: Int) -> Int? {
    var depth = 0
    for index in start..<code.count {
      if code[index] == UInt8(ascii: "{") { depth += 1 }
      if code[index] == UInt8(ascii: "}") {
        depth -= 1
        if depth == 0 { return index }
      }
    }
    return nil
  }
}
