import Foundation

/// A YAML mapping, taken apart into its keys in the order of the file.
struct ConfigurationDocument {
  /// One key of the file, with dots between its levels.
  struct Entry {
    var key: String
    var value: YAMLNode
    var line: Int

    var hasChildren: Bool { value.mapping.map { !$0.pairs.isEmpty } ?? false }
  }

  /// More would be no settings but a mistake.
  static let bytesMax = 1 << 20
  static let depthMax = 16

  private(set) var entries: [Entry] = []
  private var positions: [String: Int] = [:]
  private let path: String

  subscript(key: String) -> Entry? { positions[key].map { entries[$0] } }

  init(text: String, path: String) throws(ConfigurationError) {
    self.path = path
    guard let root = try Self.node(of: text, path: path) else { return }
    guard let mapping = root.mapping else {
      throw ConfigurationError(
        file: path, key: "", found: "no mapping at the top",
        expected: "lines of the form KEY: VALUE",
        cure: "write one setting a line")
    }
    try add(mapping, below: "", depth: 1)
  }

  /// The value of a YAML text; `path` names it in errors.
  static func node(of text: String, path: String) throws(ConfigurationError) -> YAMLNode? {
    do { return try YAMLText.node(of: text) } catch {
      throw ConfigurationError(
        file: error.line.map { "\(path):\($0)" } ?? path, key: error.key, found: error.found,
        expected: error.expected, cure: error.cure)
    }
  }

  private mutating func add(
    _ mapping: YAMLMapping, below prefix: String, depth: Int
  ) throws(ConfigurationError) {
    for pair in mapping.pairs {
      guard !pair.key.contains("."), depth <= Self.depthMax else {
        throw ConfigurationError(
          file: "\(path):\(pair.line)", key: prefix, found: "a key that is no plain word",
          expected: "KEY: VALUE, at most \(Self.depthMax) levels deep",
          cure: "write levels as indented mappings")
      }
      let key = prefix.isEmpty ? pair.key : prefix + "." + pair.key
      positions[key] = entries.count
      entries.append(Entry(key: key, value: pair.value, line: pair.line))
      if let children = pair.value.mapping { try add(children, below: key, depth: depth + 1) }
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
