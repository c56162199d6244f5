import Foundation

/// What the first byte of an input makes of the rest.
enum TrustFuzzMode: UInt8, CaseIterable {
  case rootEnvelope, manifestEnvelope, orderEnvelope, timestampEnvelope
  case rootPayload, manifestPayload, orderPayload, timestampPayload, successorPayload

  /// The documents that DOCUMENT in the environment names; without it all.
  private static let wanted = ProcessInfo.processInfo.environment["DOCUMENT"]

  /// Whether inputs of this mode are tried at all.
  var isWanted: Bool {
    switch Self.wanted {
    case "root": self == .rootEnvelope || self == .rootPayload
    case "manifest":
      self == .manifestEnvelope || self == .manifestPayload || self == .successorPayload
    default: true
    }
  }
}
