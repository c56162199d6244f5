/// Every bound of the protocol in one place; each has a test one past it.
package enum Limits {
  /// Bytes of a chunk, on the wire and in a manifest.
  package static let chunkBytes = 65_536
  /// Largest telemetry payload in bytes.
  package static let telemetryPayloadBytesMax = 262_144
  /// Windows in one telemetry batch.
  package static let telemetryWindowsMax = 256
  /// Chunks that one request may give credit for.
  package static let chunkCreditMax = 16
  /// Largest model in bytes that a manifest may name.
  package static let modelBytesMax = 1 << 30
  /// Largest update in bytes that a node may announce.
  package static let updateBytesMax = 1 << 28
  /// Largest single frame on the control endpoint in bytes.
  package static let controlFrameBytesMax = 65_536
  /// Largest single frame on the data endpoint in bytes.
  package static let dataFrameBytesMax = 1_048_576
  /// Malformed messages of one session until it is closed.
  package static let strikesMax = 3
  /// Length of an identifier in characters.
  package static let identifierLengthMax = 63
  /// Bytes of a boot id.
  package static let bootIDBytes = 16
  /// Rounds that one node may hold open at a time.
  package static let openRoundsMax = 8
  /// Notices that a node keeps until they are acknowledged.
  package static let noticesMax = 64
  /// Notices in one message.
  package static let noticesInMessageMax = 16
  /// Root files that a node can be behind and still catch up by one message.
  package static let rootChainMax = 64
  /// Largest root file in bytes: 64 keys and 16 signatures fit.
  package static let rootBytesMax = 8_192
  /// Event kinds that a counter vector may hold.
  package static let eventKindsMax = 64
  /// Samples that one round may ask of a node.
  package static let roundSamplesMax = 10_000_000
  /// Newest protocol version of this build.
  package static let protocolVersion: UInt32 = 2
  /// Oldest protocol version of this build, one back; HELLO is always written in it.
  package static let protocolVersionMin: UInt32 = 1
  /// First version in which BUSY may come inside a session, and leaves it open.
  package static let busyInSessionVersion: UInt8 = 2
  /// First version whose agents read from an order how a model is to be run: an older one would
  /// serve it at once.
  package static let servingTermsVersion: UInt8 = 2
}

/// A name that may reach a row, a file or a log: `[a-z0-9][a-z0-9._-]{0,62}`.
package struct Identifier: Sendable, Hashable, Comparable, CustomStringConvertible {
  /// The name itself.
  package let text: String

  /// Takes a name apart from anything that could be a path or a command; nil when it is not one.
  package init?(_ text: String) {
    let bytes = text.utf8
    guard let first = bytes.first, bytes.count <= Limits.identifierLengthMax else { return nil }
    guard Self.isAlphanumeric(first) else { return nil }
    for byte in bytes
    where !Self.isAlphanumeric(byte) && byte != 0x2E && byte != 0x5F && byte != 0x2D {
      return nil
    }
    self.text = text
  }

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte)
  }

  package var description: String { text }

  package static func < (left: Identifier, right: Identifier) -> Bool { left.text < right.text }
}
