internal import CZeroMQ

/// A CURVE key pair: the credential of a node or of a coordinator.
///
/// The secret is never printed.
package struct CurveKeyPair: Sendable, Equatable, CustomStringConvertible {
  /// Raw length of either half in bytes.
  package static let byteCount = 32
  /// Length of either half in Z85 characters.
  package static let textLength = 40

  /// The half that others may know.
  package let publicKey: CurvePublicKey
  /// The half that never leaves its file, 40 characters of Z85.
  package let secretZ85: String

  let secretBytes: [UInt8]

  /// A fresh pair from libzmq's random source.
  ///
  /// Its public half does not begin with a dash: on a command line it would pass for an option.
  package static func generate() throws(ZMQError) -> CurveKeyPair {
    while true {
      let pair = try generateAny()
      if !pair.publicKey.z85.hasPrefix("-") { return pair }
    }
  }

  private static func generateAny() throws(ZMQError) -> CurveKeyPair {
    var publicText = [CChar](repeating: 0, count: textLength + 1)
    var secretText = [CChar](repeating: 0, count: textLength + 1)
    guard zmq_curve_keypair(&publicText, &secretText) == 0,
      let pair = CurveKeyPair(secretZ85: Z85.string(secretText))
    else { throw .last("generate a CURVE key pair") }
    return pair
  }

  /// Derives the public half of a secret in Z85; nil when the text is not a key.
  package init?(secretZ85: String) {
    guard let secretBytes = Z85.decode(secretZ85) else { return nil }
    var publicText = [CChar](repeating: 0, count: Self.textLength + 1)
    guard zmq_curve_public(&publicText, secretZ85) == 0,
      let publicKey = CurvePublicKey(z85: Z85.string(publicText))
    else { return nil }
    self.publicKey = publicKey
    self.secretZ85 = secretZ85
    self.secretBytes = secretBytes
  }

  package var description: String { "CURVE key \(publicKey.z85)" }
}
