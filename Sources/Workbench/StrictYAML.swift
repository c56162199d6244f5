import Foundation

/// YAML files that are decoded as a whole: what the value does not know is refused.
package enum StrictYAML {
  /// Reads and decodes a file.
  package static func read<Value: Decodable>(
    _ type: Value.Type, from path: String
  ) throws(ConfigurationError) -> Value {
    try decode(type, text: try ConfigurationDocument.text(of: path), path: path)
  }

  /// Decodes text that is already there; `path` names it in errors.
  package static func decode<Value: Decodable>(
    _ type: Value.Type, text: String, path: String
  ) throws(ConfigurationError) -> Value {
    try StrictDocument(text: text, path: path).value(type)
  }
}

/// A YAML file that is decoded as a whole, and the lines of its keys.
struct StrictDocument {
  private let root: YAMLNode
  private let path: String

  init(contentsOf path: String) throws(ConfigurationError) {
    try self.init(text: try ConfigurationDocument.text(of: path), path: path)
  }

  init(text: String, path: String) throws(ConfigurationError) {
    self.path = path
    guard let root = try ConfigurationDocument.node(of: text, path: path) else {
      throw ConfigurationError(
        file: path, key: "", found: "an empty file", expected: "lines of the form KEY: VALUE",
        cure: "write the settings, or name the right file")
    }
    self.root = root
  }

  /// The value of the whole file; what it does not ask for is refused.
  func value<Value: Decodable>(_ type: Value.Type) throws(ConfigurationError) -> Value {
    let decoder = YAMLValueDecoder(root)
    let value: Value
    do {
      value = try Value(from: decoder)
    } catch let error as DecodingError {
      throw explain(error)
    } catch {
      throw ConfigurationError(
        file: path, key: "", found: "\(error)", expected: "valid settings", cure: "mend the file")
    }
    if let unknown = decoder.unknownKey {
      throw ConfigurationError(
        file: "\(path):\(unknown.line)", key: unknown.key, found: "an unknown key",
        expected: "one of \(unknown.expected.joined(separator: ", "))",
        cure: "mend its name or remove it")
    }
    return value
  }

  /// The file, with the line of a key where it has one.
  func place(of key: String) -> String {
    locate(key).map { "\(path):\($0.line)" } ?? path
  }

  private func explain(_ error: DecodingError) -> ConfigurationError {
    switch error {
    case .keyNotFound(let key, let context):
      return ConfigurationError(
        file: place(of: YAMLValueDecoder.text(of: context.codingPath)),
        key: YAMLValueDecoder.text(of: context.codingPath + [key]), found: "no such key",
        expected: "a value", cure: "add it")
    case .valueNotFound(_, let context), .typeMismatch(_, let context),
      .dataCorrupted(let context):
      let name = YAMLValueDecoder.text(of: context.codingPath)
      let node = name.isEmpty ? root : locate(name)?.node
      let isQuoted = if case .text? = node?.kind { true } else { false }
      return ConfigurationError(
        file: place(of: name), key: name, found: node?.description ?? "another value",
        expected: context.debugDescription,
        cure: isQuoted && !context.debugDescription.hasPrefix("a text")
          ? "write it without quotes and tags" : "write such a value")
    @unknown default:
      return ConfigurationError(
        file: path, key: "", found: "\(error)", expected: "valid settings", cure: "mend the file")
    }
  }

  /// The value of a key as errors write it; names in it may have points of their own.
  private func locate(_ key: String) -> (node: YAMLNode, line: Int)? {
    var found: (node: YAMLNode, line: Int)?
    var node = root
    var rest = key[...]
    while !rest.isEmpty {
      if rest.first == "[" {
        let digits = rest.dropFirst().prefix { $0.isNumber }
        guard let list = node.list, let index = Int(digits), list.indices.contains(index) else {
          return found
        }
        node = list[index]
        found = (node, node.line)
        rest = rest.dropFirst(digits.count + 2)
      } else {
        if found != nil, rest.first == "." { rest = rest.dropFirst() }
        let match = node.mapping?.pairs.filter { pair in
          guard rest.hasPrefix(pair.key) else { return false }
          let next = rest.dropFirst(pair.key.count).first
          return next == nil || next == "." || next == "["
        }.max { $0.key.count < $1.key.count }
        guard let match else { return found }
        node = match.value
        found = (node, match.line)
        rest = rest.dropFirst(match.key.count)
      }
    }
    return found
  }
}
