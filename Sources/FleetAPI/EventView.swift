package import FleetCore
import FleetProtocol
import Hummingbird

/// A row of the journal: an event, or a request where `actor` is there.
package struct EventView: Codable, Sendable, Equatable {
  /// Position, rising by one.
  package var id: Int64
  /// Microseconds since 1970 UTC.
  package var atMicroseconds: Int64
  /// Stable name, such as `node.offline`; `asked` for a request.
  package var kind: String
  /// What it is about.
  package var subject: String
  /// What happened, in words, or what was asked.
  package var detail: String
  /// Who asked; nil for an event.
  package var actor: String?
  /// The request's id; nil for an event.
  package var requestID: String?
  /// `done`, or the refusal's code; nil for an event.
  package var outcome: String?
  /// The hash that a row from before the journal had in the audit, 64 hexadecimal digits.
  package var former: String?
  /// Hash over the row and the one before it, 64 hexadecimal digits; nil from an older coordinator.
  package var hash: String?

  /// An event with its position alone.
  package init(
    id: Int64, atMicroseconds: Int64, kind: String, subject: String, detail: String
  ) {
    self.id = id
    self.atMicroseconds = atMicroseconds
    self.kind = kind
    self.subject = subject
    self.detail = detail
  }

  /// A row as it is stored.
  package init(_ row: JournalRow) {
    id = row.id
    switch row.entry {
    case .happened(let event):
      atMicroseconds = event.at.microseconds
      (kind, subject, detail) = (event.kind, event.subject, event.detail)
    case .asked(let entry):
      atMicroseconds = entry.at.microseconds
      (kind, subject, detail) = (JournalEntry.askedKind, entry.subject, entry.action)
      (actor, requestID, outcome) = (entry.actor, entry.requestID, entry.outcome)
    }
    former = row.former.map { Hex.text($0) }
    hash = Hex.text(row.hash)
  }

  /// The row that it shows; nil where it has no hash.
  package var row: JournalRow? {
    guard let hash = hash.flatMap({ ContentDigest(hex: $0) }) else { return nil }
    let at = Instant(microseconds: atMicroseconds)
    var entry = JournalEntry.happened(
      FleetEvent(at: at, kind: kind, subject: subject, detail: detail))
    if let actor {
      entry = .asked(
        AuditEntry(
          at: at, actor: actor, requestID: requestID ?? "", subject: subject, action: detail,
          outcome: outcome ?? ""))
    }
    return JournalRow(
      id: id, entry: entry, former: former.flatMap { ContentDigest(hex: $0)?.bytes },
      hash: hash.bytes)
  }
}

extension JournalQuery {
  /// What a request of the journal asks for.
  init(_ call: AdminCall) throws(ServiceError) {
    self.init(limit: try call.limit(default: 100))
    let items = call.request.uri.queryParameters
    func text(_ name: String) -> String? { items.get(name).map { String($0.prefix(200)) } }
    after = try call.number("after", default: 0)
    (subject, kind) = (text("about"), text("kind"))
    if items.get("since") != nil {
      since = Instant(microseconds: try call.number("since", default: 0))
    }
    newest = try call.number("newest", default: 0) != 0
    switch text("part") {
    case nil, "all": part = .all
    case "events": part = .events
    case "requests": part = .requests
    case .some(let found):
      throw ServiceError(
        status: 400, code: "query",
        detail: "query parameter part is `\(found.prefix(40))`, expected all, events or requests")
    }
  }

  /// The same as parameters of a path; a subject is an identifier or a round, and neither it nor a
  /// kind needs escaping.
  var items: String {
    var items = ["after=\(after)", "limit=\(limit)"]
    switch part {
    case .all: break
    case .events: items.append("part=events")
    case .requests: items.append("part=requests")
    }
    if let subject { items.append("about=\(subject)") }
    if let kind { items.append("kind=\(kind)") }
    if let since { items.append("since=\(since.microseconds)") }
    if newest { items.append("newest=1") }
    return items.joined(separator: "&")
  }
}
