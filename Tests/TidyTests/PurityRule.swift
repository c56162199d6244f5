/// Layers 1 and 2 read no clock, roll no dice of their own, print nothing and never wait.
enum PurityRule {
  private static let banned = [
    ("Date(", "take the instant as a parameter"),
    ("Date.now", "take the instant as a parameter"),
    ("ContinuousClock", "take the instant as a parameter"),
    ("SuspendingClock", "take the instant as a parameter"),
    ("Task {", "return a directive and let a shell start the work"),
    ("async", "return a directive and let a shell wait"),
    ("await", "return a directive and let a shell wait"),
    ("print(", "return a value and let a shell show it"),
    ("SystemRandomNumberGenerator", "take a generator as a parameter"),
    ("randomElement()", "pass `using: &generator`"),
    ("shuffled()", "pass `using: &generator`"),
    ("shuffle()", "pass `using: &generator`"),
    ("Bool.random()", "pass `using: &generator`"),
  ]

  static func violations(in file: SourceFile, layers: LayerTable) -> [Violation] {
    guard let target = layers.target(of: file.path), (1...2).contains(target.layer),
      !file.isGenerated
    else { return [] }
    let words = banned.flatMap { phrase, cure in
      file.codeLines(with: phrase).map { line in
        file.violation(
          line, "purity", "`\(phrase)` in layer \(target.layer) (\(target.name)); \(cure)")
      }
    }
    return words + unseededRandom(in: file)
  }

  private static func unseededRandom(in file: SourceFile) -> [Violation] {
    file.codeLines(with: "random(in:").compactMap { line in
      let rest = file.code[(line - 1)...].prefix(6).joined(separator: " ")
      guard let call = rest.split(separator: "random(in:", maxSplits: 1).last else { return nil }
      var depth = 1
      let arguments = call.prefix { character in
        if character == "(" { depth += 1 }
        if character == ")" { depth -= 1 }
        return depth > 0
      }
      guard !arguments.contains("using:") else { return nil }
      return file.violation(line, "purity", "`random(in:` without `using:`; pass the generator")
    }
  }
}
