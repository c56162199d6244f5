/// A value of a YAML file with its line.
struct YAMLNode: Sendable {
  /// What the value is.
  enum Kind: Sendable {
    /// Text without quotes and tags, which may be a number or a truth.
    case plain(String)
    /// Text in quotes, in a block, or with a tag.
    case text(String)
    /// No value, `~` or `null`.
    case nothing
    case list([YAMLNode])
    case mapping(YAMLMapping)
  }

  let kind: Kind
  /// From 1.
  let line: Int

  /// Text of a value that is text, quoted or not.
  var string: String? {
    switch kind {
    case .plain(let text), .text(let text): text
    case .nothing, .list, .mapping: nil
    }
  }

  /// Text without quotes and tags.
  var plain: String? {
    if case .plain(let text) = kind { return text }
    return nil
  }

  var mapping: YAMLMapping? {
    if case .mapping(let mapping) = kind { return mapping }
    return nil
  }

  var list: [YAMLNode]? {
    if case .list(let list) = kind { return list }
    return nil
  }

  var isNothing: Bool {
    if case .nothing = kind { return true }
    return false
  }

  /// The value as errors name it.
  var description: String {
    switch kind {
    case .plain(let text): "`\(Self.shortened(text))`"
    case .text(let text): "the text `\(Self.shortened(text))`"
    case .nothing: "nothing"
    case .list: "a list"
    case .mapping: "a mapping"
    }
  }

  /// The start of a long text: an error is one line for people.
  static func shortened(_ text: String) -> String {
    text.count > 64 ? text.prefix(61) + "..." : text
  }
}

/// Keys and values in the order of the file; a value is found in constant time.
struct YAMLMapping: Sendable {
  struct Pair: Sendable {
    let key: String
    /// Line of the key.
    let line: Int
    let value: YAMLNode
  }

  let pairs: [Pair]
  private let positions: [String: Int]

  /// Keys must differ.
  init(_ pairs: [Pair]) {
    self.pairs = pairs
    positions = Dictionary(
      pairs.enumerated().map { ($0.element.key, $0.offset) },
      uniquingKeysWith: { first, _ in first })
  }

  subscript(key: String) -> YAMLNode? { pair(key)?.value }

  func pair(_ key: String) -> Pair? { positions[key].map { pairs[$0] } }
}
