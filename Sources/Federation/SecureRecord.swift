/// What a node has answered in one round of secure aggregation; stored before an answer is sent.
///
/// Phases only go forward: list, delivery and input, last question. Each is noted by the digest
/// of its message, once; the same message again is no news, another one is refused.
package struct SecureRecord: Sendable, Equatable {
  /// What is answered once, in this order.
  enum Phase: Int, CaseIterable {
    case roster, delivery, input, request

    var name: String {
      switch self {
      case .roster: "the cohort's list"
      case .delivery: "the delivery of shares"
      case .input: "the masked input"
      case .request: "the last question"
      }
    }
  }

  private var digests = [[UInt8]?](repeating: nil, count: Phase.allCases.count)

  /// Nothing answered yet.
  package init() {}

  /// The bytes that are stored.
  package func encoded() -> [UInt8] { messageBytes }

  /// Reads one; any bytes at all either make one or throw `format`.
  package init(reading bytes: [UInt8]) throws(SecureError) { self = try Self.read(bytes) }

  /// Whether a phase was answered.
  func has(_ phase: Phase) -> Bool { digests[phase.rawValue] != nil }

  /// Notes a phase's message, or refuses another one than that noted before.
  mutating func note(_ phase: Phase, _ digest: [UInt8]) throws(SecureError) {
    let noted = digests[phase.rawValue]
    guard noted == nil || noted == digest else { throw .conflict(phase: phase.name) }
    digests[phase.rawValue] = digest
  }
}

extension SecureRecord: SecureMessage {
  static let kind: UInt8 = 8

  func append(to bytes: inout [UInt8]) {
    for digest in digests {
      bytes.append(digest == nil ? 0 : 1)
      bytes += digest ?? []
    }
  }

  init(from reader: inout ByteReader) throws(FormatError) {
    var digests: [[UInt8]?] = []
    for _ in Phase.allCases {
      let present: UInt8 = try reader.integer()
      guard present <= 1 else { throw FormatError("a mark of \(present)") }
      digests.append(present == 1 ? try reader.take(32) : nil)
    }
    self.digests = digests
  }
}
