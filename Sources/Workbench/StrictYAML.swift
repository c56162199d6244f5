import Foundation
import Yams

/// YAML files that are decoded as a whole: what the value does not know is refused.
package enum StrictYAML {
  /// Reads and decodes a file.
  package static func read<Value: Codable>(
    _ type: Value.Type, from path: String
  ) throws(ConfigurationError) -> Value {
    try decode(type, text: try ConfigurationDocument.text(of: path), path: path)
  }

  /// Decodes text that is already there; `path` names it in errors.
  package static func decode<Value: Codable>(
    _ type: Value.Type, text: String, path: String
  ) throws(ConfigurationError) -> Value {
    // Says what is wrong with the syntax, and knows the lines of keys.
    let document = try ConfigurationDocument(text: text, path: path)
    let value: Value
    let given: Node?
    let known: Node?
    do {
      value = try YAMLDecoder().decode(type, from: text)
      given = try Yams.compose(yaml: text)
      known = try Yams.compose(yaml: try YAMLEncoder().encode(value))
    } catch let error as DecodingError {
      throw explain(error, document, path)
    } catch {
      throw ConfigurationError(
        file: path, key: "", found: "\(error)", expected: "valid YAML", cure: "mend the file")
    }
    if let given, let known, let unknown = firstUnknown(in: given, beside: known, below: "") {
      throw ConfigurationError(
        file: place(unknown.key, document, path), key: unknown.key, found: "an unknown key",
        expected: "one of \(unknown.expected.joined(separator: ", "))",
        cure: "mend its name or remove it")
    }
    return value
  }

  private static func firstUnknown(
    in given: Node, beside known: Node, below prefix: String
  ) -> (key: String, expected: [String])? {
    switch (given, known) {
    case (.mapping(let given), .mapping(let known)):
      for (name, node) in given {
        let text = name.string ?? ""
        let key = prefix.isEmpty ? text : prefix + "." + text
        guard let match = known.first(where: { $0.key.string == name.string }) else {
          if node.null != nil { continue }
          return (key, known.compactMap { $0.key.string })
        }
        if let found = firstUnknown(in: node, beside: match.value, below: key) { return found }
      }
      return nil
    case (.sequence(let given), .sequence(let known)):
      for (index, pair) in zip(given, known).enumerated() {
        if let found = firstUnknown(in: pair.0, beside: pair.1, below: "\(prefix)[\(index)]") {
          return found
        }
      }
      return nil
    default: return nil
    }
  }

  private static func explain(
    _ error: DecodingError, _ document: ConfigurationDocument, _ path: String
  ) -> ConfigurationError {
    switch error {
    case .keyNotFound(let key, let context):
      let name = dotted(context.codingPath + [key])
      return ConfigurationError(
        file: path, key: name, found: "no such key", expected: "a value", cure: "add it")
    case .valueNotFound(_, let context):
      let name = dotted(context.codingPath)
      return ConfigurationError(
        file: place(name, document, path), key: name, found: "nothing", expected: "a value",
        cure: "write one")
    case .typeMismatch(let type, let context):
      let name = dotted(context.codingPath)
      return ConfigurationError(
        file: place(name, document, path), key: name, found: found(name, document),
        expected: words(for: type), cure: "write such a value")
    case .dataCorrupted(let context):
      let name = dotted(context.codingPath)
      return ConfigurationError(
        file: place(name, document, path), key: name, found: found(name, document),
        expected: context.debugDescription, cure: "write such a value")
    @unknown default:
      return ConfigurationError(
        file: path, key: "", found: "\(error)", expected: "valid settings", cure: "mend the file")
    }
  }

  private static func found(_ key: String, _ document: ConfigurationDocument) -> String {
    document[key]?.kind.text ?? "another value"
  }

  private static func words(for type: Any.Type) -> String {
    if type is any FixedWidthInteger.Type { return "a whole number" }
    if type is any BinaryFloatingPoint.Type { return "a number" }
    if type is Bool.Type { return "true or false" }
    if type is String.Type { return "a text" }
    return type is [any CodingKey].Type ? "a list" : "a value of another kind"
  }

  private static func dotted(_ path: [any CodingKey]) -> String {
    path.reduce("") { text, key in
      if let index = key.intValue { return "\(text)[\(index)]" }
      return text.isEmpty ? key.stringValue : text + "." + key.stringValue
    }
  }

  private static func place(
    _ key: String, _ document: ConfigurationDocument, _ path: String
  ) -> String {
    // Lists are not taken apart by the document: the line of the list has to do.
    let name = String(key.prefix { $0 != "[" })
    return document[name].map { "\(path):\($0.line)" } ?? path
  }
}
