import Foundation
import Yams

/// A YAML mapping, taken apart into its keys in the order of the file.
struct ConfigurationDocument {
  /// What a key holds.
  enum Kind: Equatable {
    case scalar(String)
    case nothing
    case list
    case mapping

    var text: String {
      switch self {
      case .scalar(let text): "`\(text)`"
      case .nothing: "nothing"
      case .list: "a list"
      case .mapping: "a mapping"
      }
    }
  }

  /// One key of the file, with dots between its levels.
  struct Entry {
    var key: String
    var kind: Kind
    var line: Int
    var hasChildren: Bool
  }

  /// More would be no settings but a mistake.
  static let bytesMax = 1 << 20
  static let depthMax = 16

  private(set) var entries: [Entry] = []
  private let path: String

  subscript(key: String) -> Entry? { entries.first { $0.key == key } }

  init(text: String, path: String) throws(ConfigurationError) {
    self.path = path
    let root: Node?
    do {
      root = try Yams.compose(yaml: text)
    } catch {
      throw Self.unreadable(error, path)
    }
    guard let root else { return }
    guard let mapping = root.mapping else {
      throw ConfigurationError(
        file: path, key: "", found: "no mapping at the top",
        expected: "lines of the form KEY: VALUE",
        cure: "write one setting a line")
    }
    try add(mapping, below: "", depth: 1)
  }

  private mutating func add(
    _ mapping: Node.Mapping, below prefix: String, depth: Int
  ) throws(ConfigurationError) {
    for (name, node) in mapping {
      let line = name.mark?.line ?? 0
      guard let text = name.scalar?.string, !text.isEmpty, !text.contains("."),
        depth <= Self.depthMax
      else {
        throw ConfigurationError(
          file: "\(path):\(line)", key: prefix, found: "a key that is no plain word",
          expected: "KEY: VALUE, at most \(Self.depthMax) levels deep",
          cure: "write levels as indented mappings")
      }
      let key = prefix.isEmpty ? text : prefix + "." + text
      let children = node.mapping
      entries.append(
        Entry(
          key: key, kind: Self.kind(of: node), line: line,
          hasChildren: children.map { !$0.isEmpty } ?? false))
      if let children { try add(children, below: key, depth: depth + 1) }
    }
  }

  private static func kind(of node: Node) -> Kind {
    switch node {
    case .scalar(let scalar): node.null == nil ? .scalar(scalar.string) : .nothing
    case .sequence: .list
    case .mapping: .mapping
    case .alias: .nothing
    }
  }

  // MARK: reading

  /// The file's text; a folder, a binary file and a huge one are refused.
  static func text(of path: String) throws(ConfigurationError) -> String {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw system(path) }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 16_384)
    var filled = 0
    while true {
      let count = bytes.withUnsafeMutableBytes { buffer in
        read(descriptor, buffer.baseAddress.map { $0 + filled }, buffer.count - filled)
      }
      guard count >= 0 else { throw system(path) }
      guard count > 0 else { break }
      filled += count
      guard filled <= bytesMax else {
        throw ConfigurationError(
          file: path, key: "", found: "more than \(bytesMax) bytes",
          expected: "a YAML file with settings", cure: "name the right file")
      }
      if filled == bytes.count { bytes += [UInt8](repeating: 0, count: bytes.count) }
    }
    guard let text = String(validating: bytes.prefix(filled), as: UTF8.self) else {
      throw ConfigurationError(
        file: path, key: "", found: "bytes that are no UTF-8 text",
        expected: "a YAML file with settings", cure: "name the right file")
    }
    return text
  }

  private static func system(_ path: String) -> ConfigurationError {
    ConfigurationError(
      file: path, key: "",
      found: errno == EISDIR ? "a directory" : String(cString: strerror(errno)).lowercased(),
      expected: "a readable YAML file", cure: "name a file that exists and that this user may read")
  }

  private static func unreadable(_ error: any Error, _ path: String) -> ConfigurationError {
    let (line, problem): (Int?, String) =
      switch error {
      case YamlError.scanner(_, let problem, let mark, _): (mark.line, problem)
      case YamlError.parser(_, let problem, let mark, _): (mark.line, problem)
      case YamlError.composer(_, let problem, let mark, _): (mark.line, problem)
      case YamlError.duplicatedKeysInMapping(let duplicates, let context):
        (
          context.mark.line,
          "the keys \(duplicates.joined(separator: ", ")) more than once"
        )
      default:
        (nil, "\(error)".split(separator: "\n").first.map(String.init) ?? "an unknown problem")
      }
    return ConfigurationError(
      file: line.map { "\(path):\($0)" } ?? path, key: "", found: problem, expected: "valid YAML",
      cure: "mend the line; values with `: ` or `#` need quotes")
  }
}

/// How many letters two words differ in.
enum EditDistance {
  /// Insertions, deletions and replacements from one word to the other (Levenshtein 1966).
  static func between(_ left: String, _ right: String) -> Int {
    let right = Array(right)
    var previous = Array(0...right.count)
    for (row, character) in left.enumerated() {
      var current = [row + 1]
      for (column, other) in right.enumerated() {
        current.append(
          min(
            previous[column] + (character == other ? 0 : 1), previous[column + 1] + 1,
            current[column] + 1))
      }
      previous = current
    }
    return previous[right.count]
  }
}
