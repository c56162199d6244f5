import Crypto

/// A row of the journal: what happened, and who asked for what, in one order that never changes.
///
/// Each row's hash covers the row before it: nobody changes or removes one unseen, unless all that
/// follow are made anew and nobody kept a later hash.
package enum JournalEntry: Sendable, Equatable {
  /// Something an operator will want to read later.
  case happened(FleetEvent)
  /// A decision that somebody asked for.
  case asked(AuditEntry)

  /// The kind under which a request is listed among events.
  package static let askedKind = "asked"
  /// The hash of the first row's predecessor.
  package static let origin = [UInt8](repeating: 0, count: 32)

  /// SHA-256 over the predecessor's hash, which of both it is, the instant, each text led by its
  /// length, and, for a row from before the journal, the hash that it had in the audit.
  package func hash(after previous: [UInt8], former: [UInt8]? = nil) -> [UInt8] {
    var hash = SHA256()
    hash.update(data: previous)
    switch self {
    case .happened(let event):
      hash.update(data: [0])
      Self.update(&hash, event.at, [event.kind, event.subject, event.detail])
    case .asked(let entry):
      hash.update(data: [1])
      Self.update(
        &hash, entry.at,
        [entry.actor, entry.requestID, entry.subject, entry.action, entry.outcome])
    }
    if let former { hash.update(data: former) }
    return Array(hash.finalize())
  }

  /// The instant, and each text led by its length.
  static func update(_ hash: inout SHA256, _ at: Instant, _ texts: [String]) {
    hash.update(data: bytes(UInt64(bitPattern: at.microseconds)))
    for text in texts {
      hash.update(data: bytes(UInt64(text.utf8.count)))
      hash.update(data: Array(text.utf8))
    }
  }

  private static func bytes(_ value: UInt64) -> [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * UInt64($0))) }
  }
}

/// A row of the journal with its place in the chain of hashes.
package struct JournalRow: Sendable, Equatable {
  /// Position: 1, 2, 3 and so on, without a hole.
  package var id: Int64
  /// What it says.
  package var entry: JournalEntry
  /// The hash that it had in the audit, which had a chain of its own; nil for later rows.
  package var former: [UInt8]?
  /// Hash over the row and the one before it.
  package var hash: [UInt8]

  /// A row with all its facts.
  package init(id: Int64, entry: JournalEntry, former: [UInt8]? = nil, hash: [UInt8]) {
    self.id = id
    self.entry = entry
    self.former = former
    self.hash = hash
  }
}

/// Follows the journal row by row from its beginning.
package struct JournalCheck: Sendable {
  /// Where the chain is broken.
  package struct Break: Error, Sendable, Equatable, CustomStringConvertible {
    /// The first row that does not hold.
    package var row: Int64
    /// What is wrong with it.
    package var reason: String

    package var description: String { "row \(row): \(reason)" }
  }

  /// Rows that hold so far.
  package private(set) var rows: Int64 = 0
  /// The hash of the last of them.
  package private(set) var head = JournalEntry.origin
  private var formerHead = JournalEntry.origin
  private let expected: [UInt8]?
  /// True once the expected hash was found, or where none is.
  package private(set) var isExpectationMet: Bool

  /// A check that has seen nothing; `expected` is a hash that has to be in the chain, of the
  /// journal or of the audit before it.
  package init(expecting expected: [UInt8]? = nil) {
    self.expected = expected
    isExpectationMet = expected == nil
  }

  /// Takes the next row, or throws where it does not follow from those before.
  package mutating func take(_ row: JournalRow) throws(Break) {
    guard row.id == rows + 1 else {
      throw Break(row: row.id, reason: "found after row \(rows), rows are missing")
    }
    if let former = row.former {
      guard case .asked(let entry) = row.entry, entry.hash(after: formerHead) == former else {
        throw Break(row: row.id, reason: "its hash in the audit is not that of its text")
      }
      formerHead = former
    }
    let hash = row.entry.hash(after: head, former: row.former)
    guard hash == row.hash else {
      throw Break(row: row.id, reason: "its hash is not that of its text; it was changed")
    }
    (rows, head) = (row.id, hash)
    if let expected, expected == hash || expected == row.former { isExpectationMet = true }
  }
}
