import Yams

/// Why text is no YAML that can be taken as settings.
struct YAMLFault: Error {
  /// From 1, where it is known.
  var line: Int?
  /// The key as a path; empty for the whole file.
  var key = ""
  var found: String
  var expected: String
  var cure: String
}

/// The one reader of YAML: from text to values, in time and memory that follow the text's size.
///
/// Anchors may save repetition, but what they stand for counts each time: nested ones grow without
/// bound. Keys are plain words, each once in a mapping.
enum YAMLText {
  /// Values that a file may have, aliases followed.
  static let valuesMax = 1 << 18
  /// Levels of mappings and lists.
  static let depthMax = 32

  /// The value at the top, nil for text without any.
  static func node(of text: String) throws(YAMLFault) -> YAMLNode? {
    if text.contains("&"), text.contains("*") { try checkAliases(text) }
    guard let root = try compose(text) else { return nil }
    var builder = Builder()
    return try builder.node(root, below: "", depth: 0)
  }

  private static func compose(_ text: String) throws(YAMLFault) -> Node? {
    do {
      return try Yams.compose(yaml: text)
    } catch YamlError.duplicatedKeysInMapping(let names, let context) {
      throw DoubledKey(names: names, mark: context.mark).fault(in: text)
    } catch {
      throw fault(error)
    }
  }

  // An alias as a key, or within one, makes the composer compare all that it stands for, which
  // need not end. So text is composed with words in place of aliases first: a plain word cannot
  // begin with `*`, and one that does by its place is an alias.
  private static func checkAliases(_ text: String) throws(YAMLFault) {
    guard let root = try compose(text.replacing("*", with: "x")) else { return }
    // All breaks that count for the marks of nodes, not line feeds only.
    let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    var open = [root]
    while let node = open.popLast() {
      switch node {
      case .mapping(let mapping):
        for (key, value) in mapping {
          guard key.scalar != nil, !isAlias(key, lines) else { throw noWord(key.mark?.line, "") }
          open.append(value)
        }
      case .sequence(let sequence): open += Array(sequence)
      case .scalar, .alias: break
      }
    }
  }

  private static func isAlias(_ node: Node, _ lines: [Substring]) -> Bool {
    guard let mark = node.mark, lines.indices.contains(mark.line - 1) else { return true }
    return lines[mark.line - 1].unicodeScalars.dropFirst(mark.column - 1).first == "*"
  }

  fileprivate static func noWord(_ line: Int?, _ key: String) -> YAMLFault {
    YAMLFault(
      line: line, key: key, found: "a key that is no plain word", expected: "KEY: VALUE",
      cure: "write a word as the key; aliases, lists and mappings cannot be one")
  }

  private static func fault(_ error: any Error) -> YAMLFault {
    let (line, problem): (Int?, String) =
      switch error {
      case YamlError.scanner(_, let problem, let mark, _): (mark.line, problem)
      case YamlError.parser(_, let problem, let mark, _): (mark.line, problem)
      case YamlError.composer(_, let problem, let mark, _): (mark.line, problem)
      case YamlError.reader(let problem, _, _, _): (nil, problem)
      default:
        (nil, "\(error)".split(separator: "\n").first.map(String.init) ?? "an unknown problem")
      }
    let words = ["but found ", "found "].first { problem.hasPrefix($0) }
    return YAMLFault(
      line: line,
      found: words.map { String(problem.dropFirst($0.count)) } ?? "broken syntax (\(problem))",
      expected: "valid YAML", cure: "mend the line; values with `: ` or `#` need quotes")
  }

  /// Follows aliases and counts what they stand for.
  private struct Builder {
    private var count = 0

    mutating func node(
      _ node: Node, below path: String, depth: Int
    ) throws(YAMLFault) -> YAMLNode {
      let line = node.mark?.line ?? 1
      count += 1
      guard count <= valuesMax else {
        throw YAMLFault(
          line: line, key: path, found: "more than \(valuesMax) values",
          expected: "fewer, aliases (`*name`) counted as what they stand for",
          cure: "write the file with fewer aliases, or name the right file")
      }
      guard depth <= depthMax else {
        throw YAMLFault(
          line: line, key: path, found: "more than \(depthMax) levels",
          expected: "settings of a few levels", cure: "take out levels, or name the right file")
      }
      switch node {
      case .scalar(let scalar): return YAMLNode(kind: kind(of: scalar), line: line)
      case .sequence(let sequence):
        var list: [YAMLNode] = []
        for entry in sequence {
          list.append(try self.node(entry, below: "\(path)[\(list.count)]", depth: depth + 1))
        }
        return YAMLNode(kind: .list(list), line: line)
      case .mapping(let mapping):
        return YAMLNode(kind: .mapping(try self.mapping(mapping, path, depth)), line: line)
      case .alias:
        throw YAMLFault(
          line: line, key: path, found: "an alias", expected: "a value",
          cure: "write the value in place of the alias")
      }
    }

    private mutating func mapping(
      _ mapping: Node.Mapping, _ path: String, _ depth: Int
    ) throws(YAMLFault) -> YAMLMapping {
      var names: Set<String> = []
      var pairs: [YAMLMapping.Pair] = []
      for (name, value) in mapping {
        guard let key = name.scalar?.string, !key.isEmpty else {
          throw noWord(name.mark?.line, path)
        }
        let inner = path.isEmpty ? key : path + "." + key
        // The composer takes `1` and `"1"` for two keys.
        guard names.insert(key).inserted else {
          throw DoubledKey.fault(line: name.mark?.line, key: inner)
        }
        pairs.append(
          YAMLMapping.Pair(
            key: key, line: name.mark?.line ?? 1,
            value: try node(value, below: inner, depth: depth + 1)))
      }
      return YAMLMapping(pairs)
    }

    private func kind(of scalar: Node.Scalar) -> YAMLNode.Kind {
      // A value without a tag has the empty one.
      guard scalar.style == .plain, scalar.tag.description.isEmpty else {
        return .text(scalar.string)
      }
      return ["", "~", "null", "Null", "NULL"].contains(scalar.string)
        ? .nothing : .plain(scalar.string)
    }
  }
}

/// A key that is in a mapping more than once, of which the composer says where the first is.
private struct DoubledKey {
  var names: [String]
  var mark: Mark

  static func fault(line: Int?, key: String) -> YAMLFault {
    YAMLFault(
      line: line, key: key, found: "the key a second time", expected: "each key once",
      cure: "remove one of the two")
  }

  /// Names the second by its path and line: found in the text with the first one renamed.
  func fault(in text: String) -> YAMLFault {
    let name = names.first ?? ""
    var lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
      .map(String.init)
    // Each attempt takes one doubled key out of the way.
    var place = mark
    for letter in "xyz0123456789XYZ".unicodeScalars {
      Self.rename(at: place, in: &lines, letter)
      do {
        guard let root = try Yams.compose(yaml: lines.joined(separator: "\n")),
          let second = second(of: name, in: root, below: "")
        else { break }
        return Self.fault(line: second.line, key: second.key)
      } catch YamlError.duplicatedKeysInMapping(_, let context) {
        place = context.mark
      } catch {
        break
      }
    }
    return Self.fault(line: mark.line, key: name)
  }

  private static func rename(at mark: Mark, in lines: inout [String], _ letter: UnicodeScalar) {
    guard lines.indices.contains(mark.line - 1) else { return }
    var scalars = Array(lines[mark.line - 1].unicodeScalars)
    var column = mark.column - 1
    guard column >= 0, column < scalars.count else { return }
    if scalars[column] == "\"" || scalars[column] == "'" { column += 1 }
    guard column < scalars.count else { return }
    scalars[column] = letter
    var view = String.UnicodeScalarView()
    view.append(contentsOf: scalars)
    lines[mark.line - 1] = String(view)
  }

  private func second(
    of name: String, in node: Node, below path: String
  ) -> (line: Int?, key: String)? {
    switch node {
    case .mapping(let mapping):
      let hasFirst = mapping.contains {
        $0.key.mark?.line == mark.line && $0.key.mark?.column == mark.column
      }
      for (key, value) in mapping {
        let text = key.scalar?.string ?? ""
        let inner = path.isEmpty ? text : path + "." + text
        if hasFirst, text == name { return (key.mark?.line, inner) }
        if let found = second(of: name, in: value, below: inner) { return found }
      }
    case .sequence(let sequence):
      for (index, entry) in sequence.enumerated() {
        if let found = second(of: name, in: entry, below: "\(path)[\(index)]") { return found }
      }
    case .scalar, .alias: break
    }
    return nil
  }
}
