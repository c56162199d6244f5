/// Which rows of the journal are asked for.
package struct JournalQuery: Sendable, Equatable {
  /// Which of both kinds of rows.
  package enum Part: Sendable { case all, events, requests }

  /// Rows after this position.
  package var after: Int64 = 0
  /// Which of both.
  package var part = Part.all
  /// Rows about this node, model, rollout or job alone.
  package var subject: String?
  /// Rows of this kind alone, or of all that begin with it and a full stop.
  package var kind: String?
  /// Rows that were written at this time or later, by the coordinator's clock.
  package var since: Instant?
  /// Rows at most.
  package var limit: Int
  /// The last rows that match, where they are more than `limit`, and not the first.
  package var newest = false

  /// Rows of both kinds from the beginning.
  package init(limit: Int) { self.limit = limit }
}
