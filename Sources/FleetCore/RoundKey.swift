package import FleetProtocol

/// Names one attempt of one federated round.
package struct RoundKey: Sendable, Hashable, Comparable, CustomStringConvertible {
  /// The job's name.
  package var job: Identifier
  /// Counts from 1.
  package var round: UInt32
  /// Counts from 1; rises only when a round failed its quorum and is tried again.
  package var attempt: UInt32

  /// A key from its parts.
  package init(job: Identifier, round: UInt32, attempt: UInt32) {
    self.job = job
    self.round = round
    self.attempt = attempt
  }

  /// Reads the wire form; nil when the job's name is not an identifier.
  package init?(_ wire: WireRoundKey) {
    guard let job = Identifier(wire.job) else { return nil }
    self.init(job: job, round: wire.round, attempt: wire.attempt)
  }

  /// The wire form.
  package var wire: WireRoundKey {
    var wire = WireRoundKey()
    wire.job = job.text
    wire.round = round
    wire.attempt = attempt
    return wire
  }

  package var description: String { "\(job)/\(round).\(attempt)" }

  package static func < (left: RoundKey, right: RoundKey) -> Bool {
    (left.job, left.round, left.attempt) < (right.job, right.round, right.attempt)
  }
}
