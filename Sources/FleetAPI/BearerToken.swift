import Crypto

/// The secret that every request to the admin endpoint carries; never printed.
package struct BearerToken: Sendable, CustomStringConvertible {
  /// Length of a token in characters.
  package static let length = 64

  /// 64 hexadecimal digits.
  package let text: String

  /// A fresh token of 256 random bits.
  package init() {
    var generator = SystemRandomNumberGenerator()
    let digits: [Character] = Array("0123456789abcdef")
    text = String((0..<Self.length).map { _ in digits[Int(generator.next() & 15 as UInt64)] })
  }

  /// Takes a token from a file, with or without white space around it; nil when it is none.
  package init?(_ text: String) {
    let trimmed = text.filter { !$0.isWhitespace }
    guard trimmed.utf8.count == Self.length, trimmed.allSatisfy(\.isHexDigit) else { return nil }
    self.text = trimmed
  }

  /// SHA-256 of the token's text in lower case, 64 hexadecimal digits: all that may be stored.
  package var hash: String {
    let digits: [Character] = Array("0123456789abcdef")
    return SHA256.hash(data: Array(text.lowercased().utf8)).reduce(into: "") { text, byte in
      text.append(digits[Int(byte >> 4)])
      text.append(digits[Int(byte & 15)])
    }
  }

  /// The token of an `Authorization` header; nil where it holds none.
  init?(authorization: String?) {
    guard let authorization, authorization.hasPrefix("Bearer ") else { return nil }
    self.init(String(authorization.dropFirst("Bearer ".count)))
  }

  /// True for this token's hash; takes the same time for any other one.
  package func hasHash(_ other: String) -> Bool {
    let (own, other) = (Array(hash.utf8), Array(other.utf8))
    return zip(own, other).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
      && own.count == other.count
  }

  package var description: String { "bearer token" }
}
