/// Files and lines stay short enough to be read at one sitting.
enum SizeRule {
  static let fileLimit = 600
  static let fileLimitWithoutReason = 400
  static let columnLimit = 100

  /// Files over 400 lines, each with why it is one piece.
  static let reasons: [String: String] = [:]

  static func violations(in file: SourceFile, reasons: [String: String]) -> [Violation] {
    guard !file.isGenerated else { return [] }
    return fileLength(file, reason: reasons[file.path]) + lineLengths(file)
  }

  /// Reasons whose file has gone or become short.
  static func staleReasons(
    in files: [SourceFile], reasons: [String: String]
  ) -> [Violation] {
    reasons.keys.sorted().filter { path in
      !files.contains { $0.path == path && $0.lineCount > fileLimitWithoutReason }
    }.map {
      Violation(
        path: $0, line: 1, rule: "file-length", cure: "its reason is not needed; take it out")
    }
  }

  private static func fileLength(_ file: SourceFile, reason: String?) -> [Violation] {
    let count = file.lineCount
    if count > fileLimit {
      return [
        file.violation(
          count, "file-length", "\(count) lines, at most \(fileLimit); split it by type")
      ]
    }
    guard count > fileLimitWithoutReason, (reason ?? "").isEmpty else { return [] }
    return [
      file.violation(
        count, "file-length",
        "\(count) lines; split it by type, or give a reason in SizeRule.reasons")
    ]
  }

  private static func lineLengths(_ file: SourceFile) -> [Violation] {
    file.lines.enumerated().compactMap { index, line in
      guard line.utf8.count > columnLimit, line.count > columnLimit, !line.contains("://") else {
        return nil
      }
      return file.violation(
        index + 1, "line-length", "\(line.count) columns, at most \(columnLimit); wrap it")
    }
  }
}
