/// Why a signed document is not believed.
package enum TrustError: Error, Sendable, Equatable, CustomStringConvertible {
  case size(found: Int, limit: Int)
  case envelope
  case type(found: String, expected: String)
  case signatureCount(found: Int, limit: Int)
  case signers(role: TrustRole, found: Int, needed: Int)
  case payload(DocumentType)
  case expired(what: String, expiredMicroseconds: UInt64, nowMicroseconds: Int64)
  case root(detail: String)
  case rootVersion(found: UInt64, expected: UInt64)

  /// Stable code, told to the coordinator and counted.
  package var code: String {
    switch self {
    case .size: "document-size"
    case .envelope: "document-envelope"
    case .type: "document-type"
    case .signatureCount: "document-signatures"
    case .signers: "unknown-signer"
    case .payload: "document-payload"
    case .expired: "expired"
    case .root: "root"
    case .rootVersion: "root-version"
    }
  }

  package var description: String {
    switch self {
    case .size(let found, let limit): "signed document of \(found) bytes, limit \(limit)"
    case .envelope: "signed document is not a valid envelope; it was damaged on its way"
    case .type(let found, let expected): "signed document is a `\(found)`, expected `\(expected)`"
    case .signatureCount(let found, let limit): "\(found) signatures, limit \(limit)"
    case .signers(let role, let found, let needed):
      "\(found) valid signatures of role \(role.rawValue), \(needed) needed; sign it with a key "
        + "that the root file names for this role"
    case .payload(let type): "payload of `\(type.rawValue)` is not valid"
    case .expired(let what, let expired, let now):
      "\(what) expired at \(expired) us since 1970, now is \(now); sign a new one"
    case .root(let detail): "root file: \(detail)"
    case .rootVersion(let found, let expected):
      "root file of version \(found), expected \(expected); every version must be given, one after "
        + "the other"
    }
  }
}
