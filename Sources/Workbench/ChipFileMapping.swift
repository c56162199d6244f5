/// A YAML mapping whose keys have been checked, with typed access to its values.
struct ChipFileMapping {
  private let node: YAMLNode
  private let mapping: YAMLMapping
  private let file: String
  private let path: String

  /// Throws unless `node` is a mapping that holds keys of `keys` only, each once.
  init(_ node: YAMLNode, file: String, path: String, keys: [String]) throws(ChipFileError) {
    guard let mapping = node.mapping else {
      throw ChipFileError(
        file: file, line: node.line, key: path, found: node.description,
        expected: "a mapping")
    }
    self.node = node
    self.mapping = mapping
    self.file = file
    self.path = path
    for pair in mapping.pairs where !keys.contains(pair.key) {
      throw ChipFileError(
        file: file, line: pair.line, key: Self.join(path, pair.key), found: "an unknown key",
        expected: "one of " + Self.named(keys), nearest: NearName.nearest(to: pair.key, in: keys))
    }
  }

  func has(_ key: String) -> Bool { mapping[key] != nil }

  /// Text that says something, in at most 512 bytes.
  func text(_ key: String, expected: String = "text") throws(ChipFileError) -> String {
    let node = try value(key, expected: expected)
    guard let text = node.string else {
      throw error(key, found: node.description, expected: expected)
    }
    guard text.contains(where: { !$0.isWhitespace }) else {
      throw error(
        key, found: text.isEmpty ? "0 bytes" : "nothing but blanks",
        expected: expected + ", 1 to 512 bytes")
    }
    guard text.utf8.count <= 512 else {
      throw error(
        key, found: "\(text.utf8.count) bytes", expected: expected + ", 1 to 512 bytes")
    }
    return text
  }

  func integer(_ key: String, _ range: ClosedRange<Int>) throws(ChipFileError) -> Int {
    let expected = "a whole number, \(range.lowerBound) to \(range.upperBound)"
    let node = try value(key, expected: expected)
    guard let text = node.plain, let number = PlainScalar.integer(text, as: Int.self),
      range.contains(number)
    else {
      throw error(key, found: node.description, expected: expected)
    }
    return number
  }

  func number(_ key: String, _ range: ClosedRange<Double>) throws(ChipFileError) -> Double {
    // Bounds are whole; as such they are easier to read.
    let expected = "a number, \(Int(range.lowerBound)) to \(Int(range.upperBound))"
    let node = try value(key, expected: expected)
    guard let text = node.plain, let number = PlainScalar.number(text), range.contains(number)
    else {
      throw error(key, found: node.description, expected: expected)
    }
    // A negative zero would have bytes of its own.
    return number + 0
  }

  func truth(_ key: String) throws(ChipFileError) -> Bool {
    let node = try value(key, expected: "true or false")
    guard let text = node.plain, let truth = PlainScalar.truth(text) else {
      throw error(key, found: node.description, expected: "true or false")
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
    guard let list = node.list else {
      throw error(key, found: node.description, expected: expected)
    }
    guard mayBeEmpty || !list.isEmpty else {
      throw error(key, found: "an empty list", expected: expected)
    }
    var names: Set<String> = []
    for (index, entry) in list.enumerated() {
      let place = "\(key)[\(index)]"
      _ = try choice(among: choices, entry, place)
      let name = entry.string ?? ""
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
    guard let list = node.list else {
      throw error(key, found: node.description, expected: "a list of mappings")
    }
    var entries: [ChipFileMapping] = []
    for (index, entry) in list.enumerated() {
      entries.append(
        try ChipFileMapping(
          entry, file: file, path: Self.join(path, key) + "[\(index)]", keys: keys))
    }
    return entries
  }

  func error(_ key: String, found: String, expected: String) -> ChipFileError {
    error(key, at: mapping[key] ?? node, found: found, expected: expected)
  }

  private func error(
    _ key: String, at place: YAMLNode, found: String, expected: String, nearest: String? = nil
  ) -> ChipFileError {
    ChipFileError(
      file: file, line: place.line, key: Self.join(path, key), found: found,
      expected: expected, nearest: nearest)
  }

  private func value(_ key: String, expected: String) throws(ChipFileError) -> YAMLNode {
    guard let value = mapping[key] else {
      throw error(key, found: "no such key", expected: expected)
    }
    return value
  }

  private func choice<Value>(
    among choices: [(name: String, value: Value)], _ entry: YAMLNode, _ key: String
  ) throws(ChipFileError) -> Value {
    guard let name = entry.string, let choice = choices.first(where: { $0.name == name })
    else {
      throw error(
        key, at: entry, found: entry.description, expected: Self.list(choices),
        nearest: NearName.nearest(to: entry.string ?? "", in: choices.map(\.name)))
    }
    return choice.value
  }

  private static func list<Value>(_ choices: [(name: String, value: Value)]) -> String {
    "one of " + choices.map(\.name).joined(separator: ", ")
  }

  private static func join(_ path: String, _ key: String) -> String {
    path.isEmpty ? key : path + "." + key
  }

  /// Keys as errors list them, with the units of figures.
  private static func named(_ keys: [String]) -> String {
    keys.map { key in NearName.unit(of: key).map { "\(key) (in \($0))" } ?? key }
      .joined(separator: ", ")
  }
}
