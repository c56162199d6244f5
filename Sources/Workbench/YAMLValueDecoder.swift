/// Takes a value of `Codable` out of YAML: numbers and truths as `PlainScalar` has them, and no key
/// that the value does not ask for.
final class YAMLValueDecoder: Decoder {
  /// A key that nobody asked for.
  struct UnknownKey {
    let key: String
    let line: Int
    let expected: [String]
  }

  let codingPath: [any CodingKey]
  let userInfo: [CodingUserInfoKey: Any] = [:]
  private let node: YAMLNode
  private let log: Log

  /// Which keys a value asked for, by mapping in the order of first questions.
  private final class Log {
    var mappings: [AskedKeys] = []
  }

  fileprivate final class AskedKeys {
    let path: String
    let mapping: YAMLMapping
    private(set) var names: [String] = []
    var isOpen = false

    init(path: String, mapping: YAMLMapping) {
      self.path = path
      self.mapping = mapping
    }

    func ask(_ name: String) {
      // A dictionary asks for the keys that are there.
      if !isOpen, !names.contains(name) { names.append(name) }
    }
  }

  convenience init(_ node: YAMLNode) { self.init(node, at: [], log: Log()) }

  private init(_ node: YAMLNode, at path: [any CodingKey], log: Log) {
    self.node = node
    codingPath = path
    self.log = log
  }

  /// The first key of the file that the decoded value did not ask for.
  var unknownKey: UnknownKey? {
    let found = log.mappings.flatMap { asked in
      asked.isOpen
        ? []
        : asked.mapping.pairs.filter { !asked.names.contains($0.key) }.map {
          UnknownKey(
            key: asked.path.isEmpty ? $0.key : asked.path + "." + $0.key, line: $0.line,
            expected: asked.names)
        }
    }
    return found.min { $0.line < $1.line }
  }

  /// A path as errors name it: `nodes[1].name`.
  static func text(of path: [any CodingKey]) -> String {
    path.reduce("") { text, key in
      if let index = key.intValue { return "\(text)[\(index)]" }
      return text.isEmpty ? key.stringValue : text + "." + key.stringValue
    }
  }

  func container<Key: CodingKey>(
    keyedBy type: Key.Type
  ) throws -> KeyedDecodingContainer<Key> {
    guard let mapping = node.mapping else {
      throw mismatch([String: String].self, "a mapping")
    }
    let asked = AskedKeys(path: Self.text(of: codingPath), mapping: mapping)
    log.mappings.append(asked)
    return KeyedDecodingContainer(Keyed<Key>(decoder: self, asked: asked))
  }

  func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
    guard let list = node.list else { throw mismatch([String].self, "a list") }
    return Unkeyed(decoder: self, list: list)
  }

  func singleValueContainer() -> any SingleValueDecodingContainer { Single(decoder: self) }

  private func mismatch(_ type: any Any.Type, _ expected: String) -> DecodingError {
    .typeMismatch(
      type, DecodingError.Context(codingPath: codingPath, debugDescription: expected))
  }

  private func child(_ node: YAMLNode, _ key: any CodingKey) -> YAMLValueDecoder {
    YAMLValueDecoder(node, at: codingPath + [key], log: log)
  }

  fileprivate func value<Value: Decodable>(_ type: Value.Type) throws -> Value {
    guard let scalar = type as? any YAMLScalar.Type else { return try Value(from: self) }
    guard let value = scalar.init(node) as? Value else {
      throw mismatch(type, scalar.expected)
    }
    return value
  }

  // MARK: containers

  private struct Index: CodingKey {
    let index: Int
    var intValue: Int? { index }
    var stringValue: String { "\(index)" }

    init(_ index: Int) { self.index = index }
    init?(intValue: Int) { index = intValue }
    init?(stringValue: String) { nil }
  }

  private struct Keyed<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let decoder: YAMLValueDecoder
    let asked: AskedKeys

    var codingPath: [any CodingKey] { decoder.codingPath }

    var allKeys: [Key] {
      asked.isOpen = true
      return asked.mapping.pairs.compactMap { Key(stringValue: $0.key) }
    }

    func contains(_ key: Key) -> Bool {
      asked.ask(key.stringValue)
      return asked.mapping[key.stringValue] != nil
    }

    func decodeNil(forKey key: Key) throws -> Bool {
      asked.ask(key.stringValue)
      return asked.mapping[key.stringValue]?.isNothing ?? true
    }

    func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
      try child(key).value(type)
    }

    func nestedContainer<Inner: CodingKey>(
      keyedBy type: Inner.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<Inner> {
      try child(key).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
      try child(key).unkeyedContainer()
    }

    func superDecoder() throws -> any Decoder { decoder }
    func superDecoder(forKey key: Key) throws -> any Decoder { try child(key) }

    private func child(_ key: Key) throws -> YAMLValueDecoder {
      asked.ask(key.stringValue)
      guard let node = asked.mapping[key.stringValue] else {
        throw DecodingError.keyNotFound(
          key, DecodingError.Context(codingPath: codingPath, debugDescription: "no such key"))
      }
      return decoder.child(node, key)
    }
  }

  private struct Unkeyed: UnkeyedDecodingContainer {
    let decoder: YAMLValueDecoder
    let list: [YAMLNode]
    private(set) var currentIndex = 0

    var codingPath: [any CodingKey] { decoder.codingPath }
    var count: Int? { list.count }
    var isAtEnd: Bool { currentIndex >= list.count }

    init(decoder: YAMLValueDecoder, list: [YAMLNode]) {
      self.decoder = decoder
      self.list = list
    }

    mutating func decodeNil() throws -> Bool {
      guard !isAtEnd, list[currentIndex].isNothing else { return false }
      currentIndex += 1
      return true
    }

    mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
      let value = try next().value(type)
      currentIndex += 1
      return value
    }

    mutating func nestedContainer<Inner: CodingKey>(
      keyedBy type: Inner.Type
    ) throws -> KeyedDecodingContainer<Inner> {
      defer { currentIndex += 1 }
      return try next().container(keyedBy: type)
    }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
      defer { currentIndex += 1 }
      return try next().unkeyedContainer()
    }

    mutating func superDecoder() throws -> any Decoder {
      defer { currentIndex += 1 }
      return try next()
    }

    private func next() throws -> YAMLValueDecoder {
      guard !isAtEnd else {
        throw DecodingError.valueNotFound(
          YAMLNode.self,
          DecodingError.Context(
            codingPath: codingPath, debugDescription: "more than \(list.count) entries"))
      }
      return decoder.child(list[currentIndex], Index(currentIndex))
    }
  }

  private struct Single: SingleValueDecodingContainer {
    let decoder: YAMLValueDecoder

    var codingPath: [any CodingKey] { decoder.codingPath }

    func decodeNil() -> Bool { decoder.node.isNothing }

    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
      try decoder.value(type)
    }
  }
}

/// A value that is one word or text of a file.
private protocol YAMLScalar {
  static var expected: String { get }
  init?(_ node: YAMLNode)
}

extension YAMLScalar where Self: FixedWidthInteger {
  fileprivate static var expected: String {
    isSigned ? "a whole number" : "a whole number from 0 to \(Self.max)"
  }

  fileprivate init?(_ node: YAMLNode) {
    guard let text = node.plain, let value = PlainScalar.integer(text, as: Self.self) else {
      return nil
    }
    self = value
  }
}

extension Int: YAMLScalar {}
extension Int32: YAMLScalar {}
extension Int64: YAMLScalar {}
extension UInt8: YAMLScalar {}
extension UInt16: YAMLScalar {}
extension UInt32: YAMLScalar {}
extension UInt64: YAMLScalar {}

extension Double: YAMLScalar {
  fileprivate static var expected: String { "a number" }

  fileprivate init?(_ node: YAMLNode) {
    guard let text = node.plain, let value = PlainScalar.number(text) else { return nil }
    self = value
  }
}

extension Float: YAMLScalar {
  fileprivate static var expected: String { "a number" }

  fileprivate init?(_ node: YAMLNode) {
    guard let value = Double(node) else { return nil }
    self.init(value)
  }
}

extension Bool: YAMLScalar {
  fileprivate static var expected: String { "true or false" }

  fileprivate init?(_ node: YAMLNode) {
    guard let text = node.plain, let value = PlainScalar.truth(text) else { return nil }
    self = value
  }
}

extension String: YAMLScalar {
  fileprivate static var expected: String { "a text" }

  fileprivate init?(_ node: YAMLNode) {
    guard let text = node.string else { return nil }
    self = text
  }
}
