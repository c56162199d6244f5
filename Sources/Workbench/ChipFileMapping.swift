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
      let name = key.scalar?.string ?? Self.describe(key)
      guard keys.contains(name) else {
        throw ChipFileError(
          file: file, line: key.mark?.line, key: Self.join(path, name), found: "an unknown key",
          expected: "one of " + keys.joined(separator: ", "), nearest: Self.nearest(name, keys))
      }
    }
  }

  func has(_ key: String) -> Bool { mapping[Node(key)] != nil }

  /// Text that says something, in at most 512 bytes.
  func text(_ key: String, expected: String = "text") throws(ChipFileError) -> String {
    let node = try value(key, expected: expected)
    guard case .scalar(let scalar) = node, !Self.isNull(node) else {
      throw error(key, found: Self.describe(node), expected: expected)
    }
    guard !scalar.string.isEmpty, scalar.string.utf8.count <= 512 else {
      throw error(
        key, found: "\(scalar.string.utf8.count) bytes", expected: expected + ", 1 to 512 bytes")
    }
    return scalar.string
  }

  func integer(_ key: String, _ range: ClosedRange<Int>) throws(ChipFileError) -> Int {
    let expected = "a whole number, \(range.lowerBound) to \(range.upperBound)"
    let node = try value(key, expected: expected)
    guard Self.isPlain(node), let number = node.int, range.contains(number) else {
      throw error(key, found: Self.describe(node), expected: expected)
    }
    return number
  }

  func number(_ key: String, _ range: ClosedRange<Double>) throws(ChipFileError) -> Double {
    // Bounds are whole; as such they are easier to read.
    let expected = "a number, \(Int(range.lowerBound)) to \(Int(range.upperBound))"
    let node = try value(key, expected: expected)
    guard Self.isPlain(node), let number = node.float, range.contains(number) else {
      throw error(key, found: Self.describe(node), expected: expected)
    }
    // A negative zero would have bytes of its own.
    return number + 0
  }

  func truth(_ key: String) throws(ChipFileError) -> Bool {
    let node = try value(key, expected: "true or false")
    guard Self.isPlain(node), let truth = node.bool else {
      throw error(key, found: Self.describe(node), expected: "true or false")
    }
    return truth
  }

  /// One of some names.
  func choice<Value>(
    _ key: String, _ choices: [(name: String, value: Value)]
  ) throws(ChipFileError) -> Value {
    try choice(among: choices, try value(key, expected: Self.list(choices)), key)
  }

  /// Some of some names, each once, in the order of `choices`.
  func selection<Value>(
    _ key: String, _ choices: [(name: String, value: Value)], mayBeEmpty: Bool = false
  ) throws(ChipFileError) -> [Value] {
    let expected = "a list, each \(Self.list(choices))"
    let node = try value(key, expected: expected)
    guard case .sequence(let sequence) = node else {
      throw error(key, found: Self.describe(node), expected: expected)
    }
    guard mayBeEmpty || !sequence.isEmpty else {
      throw error(key, found: "an empty list", expected: expected)
    }
    var names: Set<String> = []
    for (index, entry) in sequence.enumerated() {
      let place = "\(key)[\(index)]"
      _ = try choice(among: choices, entry, place)
      let name = entry.scalar?.string ?? ""
      guard names.insert(name).inserted else {
        throw error(place, at: entry, found: "`\(name)` again", expected: "each name once")
      }
    }
    return choices.filter { names.contains($0.name) }.map(\.value)
  }

  func mapping(_ key: String, keys: [String]) throws(ChipFileError) -> ChipFileMapping {
    try ChipFileMapping(
      try value(key, expected: "a mapping"), file: file, path: Self.join(path, key), keys: keys)
  }

  func list(_ key: String, keys: [String]) throws(ChipFileError) -> [ChipFileMapping] {
    let node = try value(key, expected: "a list of mappings")
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
    error(key, at: mapping[Node(key)] ?? node, found: found, expected: expected)
  }

  private func error(
    _ key: String, at place: Node, found: String, expected: String, nearest: String? = nil
  ) -> ChipFileError {
    ChipFileError(
      file: file, line: place.mark?.line, key: Self.join(path, key), found: found,
      expected: expected, nearest: nearest)
  }

  private func value(_ key: String, expected: String) throws(ChipFileError) -> Node {
    guard let value = mapping[Node(key)] else {
      throw error(key, found: "no such key", expected: expected)
    }
    return value
  }

  private func choice<Value>(
    among choices: [(name: String, value: Value)], _ entry: Node, _ key: String
  ) throws(ChipFileError) -> Value {
    guard let name = entry.scalar?.string, let choice = choices.first(where: { $0.name == name })
    else {
      throw error(
        key, at: entry, found: Self.describe(entry), expected: Self.list(choices),
        nearest: Self.nearest(entry.scalar?.string ?? "", choices.map(\.name)))
    }
    return choice.value
  }

  private static func list<Value>(_ choices: [(name: String, value: Value)]) -> String {
    "one of " + choices.map(\.name).joined(separator: ", ")
  }

  private static func join(_ path: String, _ key: String) -> String {
    path.isEmpty ? key : path + "." + key
  }

  /// Quoted text is no number, whatever its digits.
  private static func isPlain(_ node: Node) -> Bool { node.scalar?.style == .plain }

  private static func isNull(_ node: Node) -> Bool { isPlain(node) && node.null != nil }

  private static func nearest(_ name: String, _ known: [String]) -> String? {
    let distances = known.map { (name: $0, distance: EditDistance.between($0, name)) }
    guard let nearest = distances.min(by: { $0.distance < $1.distance }),
      nearest.distance <= max(2, name.count / 3), nearest.distance < nearest.name.count
    else { return nil }
    return nearest.name
  }

  private static func describe(_ node: Node) -> String {
    switch node {
    case .scalar(let scalar):
      isNull(node)
        ? "nothing" : scalar.style == .plain ? "`\(scalar.string)`" : "the text `\(scalar.string)`"
    case .mapping: "a mapping"
    case .sequence: "a list"
    case .alias: "an alias"
    }
  }
}
