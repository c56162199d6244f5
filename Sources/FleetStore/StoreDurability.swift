/// What a store's writing connection has been set to, as SQLite itself tells.
package struct StoreDurability: Sendable, Equatable {
  /// Journal mode; `wal` for a file.
  package var journal: String
  /// 2 stands for FULL: each commit waits for the disk.
  package var synchronous: Int
  /// True when references between tables are enforced.
  package var foreignKeys: Bool

  /// Settings by their values.
  package init(journal: String, synchronous: Int, foreignKeys: Bool) {
    self.journal = journal
    self.synchronous = synchronous
    self.foreignKeys = foreignKeys
  }
}
