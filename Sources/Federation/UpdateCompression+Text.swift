/// Compressions as people and messages write them.
extension UpdateCompression: CustomStringConvertible {
  /// `dense`, `int8`, `sign`, `top-k N` or `top-k N int8`, with N of a thousand elements.
  package var description: String {
    switch self {
    case .dense: "dense"
    case .int8: "int8"
    case .sign: "sign"
    case .topK(let perMille, let bytes): "top-k \(perMille)\(bytes ? " int8" : "")"
    }
  }

  /// What the description of every compression looks like.
  package static let forms = "dense, int8, sign, `top-k N` or `top-k N int8` with N from 1 to 1000"

  /// The compression that a text describes; nil where it describes none.
  package init?(_ text: String) {
    let words = text.split(separator: " ", omittingEmptySubsequences: false)
    switch words {
    case ["dense"]: self = .dense
    case ["int8"]: self = .int8
    case ["sign"]: self = .sign
    default:
      guard (2...3).contains(words.count), words[0] == "top-k",
        words.count == 2 || words[2] == "int8",
        words[1].utf8.allSatisfy({ (48...57).contains($0) }),
        let perMille = UInt16(words[1]), (1...1_000).contains(perMille)
      else { return nil }
      self = .topK(perMille: perMille, bytes: words.count == 3)
    }
  }
}

extension UpdateCompression: Codable {
  package init(from decoder: any Decoder) throws {
    let text = try decoder.singleValueContainer().decode(String.self)
    guard let compression = UpdateCompression(text) else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "a text: \(Self.forms)"))
    }
    self = compression
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
