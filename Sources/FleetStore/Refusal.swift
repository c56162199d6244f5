import GRDB

/// A rule of the data model that a change breaks, found before SQLite could.
struct Refusal: Error {
  let rule: String

  init(_ rule: String) { self.rule = rule }

  /// Runs one change and turns every broken rule into a `StoreError` that names the change.
  static func naming<Change>(_ change: Change, _ body: () throws -> Void) throws {
    do {
      try body()
    } catch let refusal as Refusal {
      throw StoreError.refused(change: name(change), rule: refusal.rule)
    } catch let error as DatabaseError where error.resultCode == .SQLITE_CONSTRAINT {
      throw StoreError.refused(change: name(change), rule: error.message ?? "a constraint")
    }
  }

  /// The case's name alone: a payload may hold kilobytes, or what a peer wrote.
  private static func name<Change>(_ change: Change) -> String {
    Mirror(reflecting: change).children.first?.label ?? String(describing: change)
  }
}

extension Database {
  /// Runs a statement that must change exactly one row.
  func changeOne(
    _ sql: String, _ arguments: StatementArguments, otherwise rule: @autoclosure () -> String
  ) throws {
    try cachedStatement(sql: sql).execute(arguments: arguments)
    guard changesCount == 1 else { throw Refusal(rule()) }
  }

  /// Runs a statement that may change any number of rows.
  func change(_ sql: String, _ arguments: StatementArguments) throws {
    try cachedStatement(sql: sql).execute(arguments: arguments)
  }
}
