import Yams

/// A YAML mapping whose keys have been checked, with typed access to its values.
struct ChipFileMapping {
  private let node: Node
  private let mapping: Node.Mapping
  private let file: String
  private let path: String

  /// Throws unless `node` is a mapping that holds keys of `keys` only, each once.
  init(_ node: Node, file: String, path: String, keys: [String]) throws(ChipFileError) {
    guard case .mapping(let mapping) = node else {
      throw ChipFileError(
        file: file, line: node.mark?.line, key: path, found: Self.describe(node),
        expected: "a mapping")
    }
    self.node = node
    self.mapping = mapping
    self.file = file
    self.path = path
    for (key, _) in mapping {
      let name = key.string ?? Self.describe(key)
      guard keys.contains(name) else {
        throw ChipFileError(
          file: file, line: key.mark?.line, key: Self.join(path, name), found: "an unknown key",
          expected: "one of " + keys.joined(separator: ", "))
      }
    }
  }

  func has(_ key: String) -> Bool { mapping[Node(key)] != nil }

  func text(_ key: String) throws(ChipFileError) -> String {
    guard case .scalar(let scalar) = try value(key) else {
      throw error(key, found: Self.describe(try value(key)), expected: "text")
    }
    return scalar.string
  }

  func integer(_ key: String, _ range: ClosedRange<Int>) throws(ChipFileError) -> Int {
    let node = try value(key)
    guard let number = node.int, range.contains(number) else {
      throw error(
        key, found: Self.describe(node),
        expected: "a whole number, \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  func number(_ key: String, _ range: ClosedRange<Double>) throws(ChipFileError) -> Double {
    let node = try value(key)
    guard let number = node.float, range.contains(number) else {
      throw error(
        key, found: Self.describe(node),
        expected: "a number, \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  func truth(_ key: String) throws(ChipFileError) -> Bool {
    let node = try value(key)
    guard let truth = node.bool else {
      throw error(key, found: Self.describe(node), expected: "true or false")
    }
    return truth
  }

  func mapping(_ key: String, keys: [String]) throws(ChipFileError) -> ChipFileMapping {
    try ChipFileMapping(try value(key), file: file, path: Self.join(path, key), keys: keys)
  }

  func list(_ key: String, keys: [String]) throws(ChipFileError) -> [ChipFileMapping] {
    let node = try value(key)
    guard case .sequence(let sequence) = node else {
      throw error(key, found: Self.describe(node), expected: "a list of mappings")
    }
    var entries: [ChipFileMapping] = []
    for (index, entry) in sequence.enumerated() {
      entries.append(
        try ChipFileMapping(
          entry, file: file, path: Self.join(path, key) + "[\(index)]", keys: keys))
    }
    return entries
  }

  func error(_ key: String, found: String, expected: String) -> ChipFileError {
    ChipFileError(
      file: file, line: (mapping[Node(key)] ?? node).mark?.line, key: Self.join(path, key),
      found: found, expected: expected)
  }

  private func value(_ key: String) throws(ChipFileError) -> Node {
    guard let value = mapping[Node(key)] else {
      throw error(key, found: "nothing", expected: "a value for this key")
    }
    return value
  }

  private static func join(_ path: String, _ key: String) -> String {
    path.isEmpty ? key : path + "." + key
  }

  private static func describe(_ node: Node) -> String {
    switch node {
    case .scalar(let scalar): scalar.string.isEmpty ? "nothing" : "`\(scalar.string)`"
    case .mapping: "a mapping"
    case .sequence: "a list"
    case .alias: "an alias"
    }
  }
}
