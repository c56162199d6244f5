package import Foundation
package import SpikingNetwork

/// A network on disk, as JSON that `spikefleet model train` writes.
package enum NetworkFile {
  /// Reads a description; whether it is sound is for the compiler to say.
  package static func read(_ path: String) throws(ConfigurationError) -> SpikingNetwork {
    try decode(InputFile.bytes(of: path, what: "a network"), path: path)
  }

  /// Decodes bytes that are already there; `path` names them in errors.
  package static func decode(
    _ bytes: Data, path: String
  ) throws(ConfigurationError) -> SpikingNetwork {
    let network: SpikingNetwork
    do {
      network = try JSONDecoder().decode(SpikingNetwork.self, from: bytes)
    } catch let error as DecodingError {
      throw explain(error, bytes, path)
    } catch {
      throw broken(path, [], found: "\(error)", expected: "a network")
    }
    if let key = unknownKey(in: bytes, of: network) {
      throw ConfigurationError(
        file: path, key: key, found: "a key that no network has",
        expected: "keys of a network only",
        cure: "correct its spelling, or remove it")
    }
    return network
  }

  /// The first key that decoding did not look at: it is not there when the network is written.
  private static func unknownKey(in bytes: Data, of network: SpikingNetwork) -> String? {
    func object(_ data: Data?) -> Any? {
      data.flatMap { try? JSONSerialization.jsonObject(with: $0) }
    }
    guard let found = object(bytes), let known = object(try? JSONEncoder().encode(network)) else {
      return nil
    }
    return unknownKey(in: found, beside: known, "")
  }

  private static func unknownKey(in found: Any, beside known: Any, _ path: String) -> String? {
    if let found = found as? [String: Any], let known = known as? [String: Any] {
      for key in found.keys.sorted() {
        let place = path.isEmpty ? key : path + "." + key
        guard let value = known[key] else {
          if found[key] is NSNull { continue }
          return place
        }
        if let key = unknownKey(in: found[key] as Any, beside: value, place) { return key }
      }
    } else if let found = found as? [Any], let known = known as? [Any], !(found.first is NSNumber) {
      for (index, pair) in zip(found, known).enumerated() {
        if let key = unknownKey(in: pair.0, beside: pair.1, path + "[\(index)]") { return key }
      }
    }
    return nil
  }

  private static func explain(
    _ error: DecodingError, _ bytes: Data, _ path: String
  ) -> ConfigurationError {
    switch error {
    case .keyNotFound(let key, let context):
      broken(path, context.codingPath + [key], found: "no such key", expected: "a value")
    case .valueNotFound(_, let context):
      broken(path, context.codingPath, found: "nothing", expected: "a value")
    case .typeMismatch(let type, let context):
      broken(
        path, context.codingPath, found: "another kind of value",
        expected: words(for: type))
    case .dataCorrupted(let context):
      context.codingPath.isEmpty
        ? broken(path, [], found: fault(of: bytes), expected: "a network")
        : broken(
          path, context.codingPath, found: "a value that is unknown",
          expected: choices(context.debugDescription))
    @unknown default:
      broken(path, [], found: "\(error)", expected: "a network")
    }
  }

  /// A type as a person calls it.
  private static func words(for type: Any.Type) -> String {
    switch type {
    case is any BinaryInteger.Type: "a whole number"
    case is any BinaryFloatingPoint.Type: "a number"
    case is String.Type: "a text in quotes"
    case is Bool.Type: "true or false"
    case is [Any].Type: "a list"
    default: "an object in braces"
    }
  }

  /// What may stand where a word is none of a choice.
  private static func choices(_ description: String) -> String {
    func list<Choice: CaseIterable & RawRepresentable<String>>(_: Choice.Type) -> String? {
      guard description.contains("\(Choice.self)") else { return nil }
      return "one of " + Choice.allCases.map(\.rawValue).joined(separator: ", ")
    }
    return list(WeightPrecision.self) ?? list(ResetMode.self) ?? list(ThreeFactorRule.Feedback.self)
      ?? list(ThreeFactorRule.Application.self) ?? list(ThreeFactorRule.TraceReading.self)
      ?? list(ThreeFactorRule.Eligibility.self) ?? list(TraceRule.Reading.self)
      ?? description
  }

  // Numbers out of range are reported without a key, as if the text were no JSON.
  private static func fault(of bytes: Data) -> String {
    (try? JSONSerialization.jsonObject(with: bytes)) == nil
      ? "text that is no JSON" : "JSON with a number out of its range"
  }

  private static func broken(
    _ path: String, _ keys: [any CodingKey], found: String, expected: String
  ) -> ConfigurationError {
    ConfigurationError(
      file: path, key: YAMLValueDecoder.text(of: keys), found: found, expected: expected,
      cure: "write the network by `spikefleet model train`, or mend the file")
  }
}
