package import Foundation
package import SpikingNetwork

/// A network on disk, as JSON that `spikefleet model train` writes.
package enum NetworkFile {
  /// Reads a description; whether it is sound is for the compiler to say.
  package static func read(_ path: String) throws(ConfigurationError) -> SpikingNetwork {
    let bytes: Data
    do {
      bytes = try Data(contentsOf: URL(filePath: path))
    } catch {
      let cause = (error as NSError).userInfo[NSUnderlyingErrorKey] as? POSIXError
      let reason = cause.map { String(cString: strerror($0.code.rawValue)).lowercased() }
      throw ConfigurationError(
        file: path, key: "", found: reason ?? "a file that cannot be read", expected: "a network",
        cure: "name a file that exists and that this user may read")
    }
    return try decode(bytes, path: path)
  }

  /// Decodes bytes that are already there; `path` names them in errors.
  package static func decode(
    _ bytes: Data, path: String
  ) throws(ConfigurationError) -> SpikingNetwork {
    do {
      return try JSONDecoder().decode(SpikingNetwork.self, from: bytes)
    } catch let error as DecodingError {
      throw explain(error, bytes, path)
    } catch {
      throw broken(path, [], found: "\(error)", expected: "a network")
    }
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
        expected: "what reads as \(type)")
    case .dataCorrupted(let context):
      context.codingPath.isEmpty
        ? broken(path, [], found: fault(of: bytes), expected: "a network")
        : broken(
          path, context.codingPath, found: "a value that is unknown",
          expected: context.debugDescription)
    @unknown default:
      broken(path, [], found: "\(error)", expected: "a network")
    }
  }

  // Numbers out of range are reported without a key, as if the text were no JSON.
  private static func fault(of bytes: Data) -> String {
    (try? JSONSerialization.jsonObject(with: bytes)) == nil
      ? "text that is no JSON" : "JSON with a number out of its range"
  }

  private static func broken(
    _ path: String, _ keys: [any CodingKey], found: String, expected: String
  ) -> ConfigurationError {
    var text = ""
    for key in keys {
      if let index = key.intValue {
        text += "[\(index)]"
      } else {
        text += text.isEmpty ? key.stringValue : "." + key.stringValue
      }
    }
    return ConfigurationError(
      file: path, key: text, found: found, expected: expected,
      cure: "write the network by `spikefleet model train`, or mend the file")
  }
}
