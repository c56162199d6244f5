/// Words that have no place in this code, whatever the layer.
enum BannedRule {
  static func violations(in file: SourceFile) -> [Violation] {
    guard !file.isGenerated else { return [] }
    return words(in: file) + notes(in: file) + unsafety(in: file) + machinePaths(in: file)
      + (file.isTest ? skippedTests(in: file) : forcedTries(in: file))
  }

  /// Names that say nothing of what a file holds.
  static func fileName(_ path: String) -> [Violation] {
    let vague = ["Utils", "Util", "Helpers", "Helper", "Manager", "Handler", "Common", "Types"]
    let name = path.split(separator: "/").last ?? ""
    return vague.filter { word in
      name.ranges(of: word).contains { range in
        range.upperBound == name.endIndex || !name[range.upperBound].isLowercase
      }
    }.prefix(1).map {
      Violation(
        path: path, line: 1, rule: "file-name",
        cure: "`\($0)` says nothing; name the file after the type it holds")
    }
  }

  /// A target with real files needs no placeholder.
  static func placeholders(in paths: [String]) -> [Violation] {
    paths.filter { $0.hasSuffix("/Placeholder.swift") }.filter { path in
      let folder = path.dropLast("Placeholder.swift".count)
      return paths.contains { $0.hasPrefix(folder) && $0 != path }
    }.map { Violation(path: $0, line: 1, rule: "dead-file", cure: "remove it") }
  }

  private static func words(in file: SourceFile) -> [Violation] {
    [
      ("public", "public", "`package` is the widest access; nothing is promised to outsiders"),
      ("open class", "open", "`package` is the widest access; nothing is promised to outsiders"),
      ("fatalError()", "silent-trap", "say in the text what was found and what was expected"),
    ].flatMap { phrase, rule, cure in
      file.codeLines(with: phrase).map { file.violation($0, rule, cure) }
    }
  }

  private static func forcedTries(in file: SourceFile) -> [Violation] {
    file.codeLines(with: "try!").map {
      file.violation($0, "forced-try", "throw a typed error, or state the invariant")
    }
  }

  private static func skippedTests(in file: SourceFile) -> [Violation] {
    [
      ("import XCTest", "an XCTest case would never run; write it with Swift Testing"),
      (".disabled(", "a test that does not run proves nothing; mend it or take it out"),
    ].flatMap { phrase, cure in
      file.codeLines(with: phrase).map { file.violation($0, "skipped-test", cure) }
    }
  }

  private static func notes(in file: SourceFile) -> [Violation] {
    ["TODO", "FIXME"].flatMap { word in
      file.comments.indices.filter { file.comments[$0].holds(word) }.map {
        file.violation($0 + 1, "unfinished", "`\(word)`: finish it, or record it outside the code")
      }
    }
  }

  private static func unsafety(in file: SourceFile) -> [Violation] {
    ["@unchecked Sendable", "nonisolated(unsafe)"].flatMap { phrase in
      file.codeLines(with: phrase).filter { line in
        !(file.comments.indices.contains(line) && file.comments[line].trimmed.hasPrefix("//"))
      }.map { file.violation($0, "unsafe-reason", "say on the next line why `\(phrase)` is safe") }
    }
  }

  private static func machinePaths(in file: SourceFile) -> [Violation] {
    let folders = ["home", "Users", "root", "work", "tmp"].map { "/" + $0 + "/" }
    return folders.flatMap { folder in
      file.lines.indices.filter { index in
        file.lines[index].ranges(of: folder).contains { range in
          guard let before = file.lines[index][..<range.lowerBound].last else { return true }
          return !(before.isLetter || before.isNumber || "./-_)*".contains(before))
        }
      }.map {
        file.violation(
          $0 + 1, "machine-path",
          "`\(folder)` is a folder of one machine; take the path as a parameter, or use the "
            + "system's temporary folder")
      }
    }
  }
}
