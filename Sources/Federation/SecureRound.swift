/// The round that keys, masks and shares are made for, and for no other.
///
/// A round that is tried again counts as another one, by its attempt.
package struct SecureRound: Sendable, Hashable, CustomStringConvertible {
  /// The job's name, at most 63 bytes.
  package let job: String
  /// Counts from 1.
  package let round: UInt32
  /// Counts from 1.
  package let attempt: UInt32

  /// A round from its parts.
  package init(job: String, round: UInt32, attempt: UInt32) {
    precondition(job.utf8.count <= 63, "a job's name of \(job.utf8.count) bytes, at most 63")
    self.job = job
    self.round = round
    self.attempt = attempt
  }

  package var description: String { "\(job), round \(round), attempt \(attempt)" }

  func append(to bytes: inout [UInt8]) {
    bytes.append(name: job)
    bytes.append(integer: round)
    bytes.append(integer: attempt)
  }

  init(from reader: inout ByteReader) throws(FormatError) {
    let job = try reader.name()
    guard job.utf8.count <= 63 else { throw FormatError("a job's name of \(job.utf8.count) bytes") }
    self.init(job: job, round: try reader.integer(), attempt: try reader.integer())
  }
}

/// First phase: what a node tells everyone before the cohort is fixed.
///
/// The keys are good for this round only. Nothing here proves that they are the node's: a
/// coordinator that puts keys of its own into the cohort's list reads everything. Against such a
/// one, nodes have to sign this message with keys that the others know.
package struct SecureAdvert: Sendable, Equatable {
  /// The round.
  package let round: SecureRound
  /// The node's name, at most 63 bytes.
  package let node: String
  /// X25519 public key that shares for this node are sealed for, 32 bytes.
  package let shareKey: [UInt8]
  /// X25519 public key that masks shared with this node come from, 32 bytes.
  package let maskKey: [UInt8]
  /// Hash of the seed of the node's own mask, 32 bytes.
  package let selfMask: [UInt8]

  /// The bytes that are stored and sent.
  package func encoded() -> [UInt8] { messageBytes }

  /// Reads one; any bytes at all either make one or throw `format`.
  package init(reading bytes: [UInt8]) throws(SecureError) { self = try Self.read(bytes) }

  init(
    round: SecureRound, node: String, shareKey: [UInt8], maskKey: [UInt8], selfMask: [UInt8]
  ) {
    precondition(node.utf8.count <= 63, "a node's name of \(node.utf8.count) bytes, at most 63")
    self.round = round
    self.node = node
    self.shareKey = shareKey
    self.maskKey = maskKey
    self.selfMask = selfMask
  }
}

extension SecureAdvert: SecureMessage {
  static let kind: UInt8 = 1

  func append(to bytes: inout [UInt8]) {
    round.append(to: &bytes)
    bytes.append(name: node)
    bytes += shareKey + maskKey + selfMask
  }

  init(from reader: inout ByteReader) throws(FormatError) {
    let (round, node) = (try SecureRound(from: &reader), try reader.name())
    guard node.utf8.count <= 63 else {
      throw FormatError("a node's name of \(node.utf8.count) bytes")
    }
    self.init(
      round: round, node: node, shareKey: try reader.take(32), maskKey: try reader.take(32),
      selfMask: try reader.take(32))
  }
}
