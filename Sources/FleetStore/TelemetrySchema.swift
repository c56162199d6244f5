import FleetCore
import FleetProtocol
import GRDB

/// The step from one row a window to packed blocks, with coarser tiers beside them.
enum TelemetrySchema {
  static func pack(_ db: Database) throws {
    try db.execute(sql: tables)
    for boot in try Int64.fetchAll(db, sql: "SELECT id FROM boot ORDER BY id") {
      try move(boot, db)
    }
    try db.execute(sql: "DROP TABLE telemetry")
  }

  /// Blocks are found by their place in a boot; those that stay by their age, too.
  ///
  /// The rest of a boot goes when the whole boot is old.
  private static let tables = """
    ALTER TABLE boot ADD COLUMN tail_raw INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE boot ADD COLUMN tail_minute INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE boot ADD COLUMN tail_hour INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE boot ADD COLUMN minute_flags INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE boot ADD COLUMN hour_flags INTEGER NOT NULL DEFAULT 0;
    CREATE TABLE telemetry_block (
      id INTEGER PRIMARY KEY,
      boot INTEGER NOT NULL REFERENCES boot (id),
      tier INTEGER NOT NULL CHECK (tier IN (0, 1, 2)),
      level INTEGER NOT NULL CHECK (level IN (0, 1, 2)),
      first INTEGER NOT NULL,
      first_at_us INTEGER NOT NULL,
      last_at_us INTEGER NOT NULL,
      windows INTEGER NOT NULL,
      flags INTEGER NOT NULL,
      block BLOB NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX telemetry_block_place ON telemetry_block (boot, tier, level, first);
    CREATE INDEX telemetry_block_age ON telemetry_block (tier, last_at_us) WHERE level = 2;
    CREATE TABLE telemetry_loss (
      node TEXT PRIMARY KEY REFERENCES node (id),
      windows INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    """

  private static func move(_ boot: Int64, _ db: Database) throws {
    var state = BootState(id: boot)
    var chunk: [MarkedWindow] = []
    let blocks = BlockWriter(db: db)
    func flush() throws {
      try blocks.append(chunk, to: boot, .raw, tail: &state.tails[0])
      chunk = []
    }
    let rows = try Row.fetchCursor(
      db, sql: "SELECT window FROM telemetry WHERE boot = ? ORDER BY sequence",
      arguments: [boot])
    while let row = try rows.next() {
      let window = try StoredRow(row, of: "telemetry").window("window")
      let before = state.last?.sequence ?? 0
      let flags: TelemetryFlags = window.start > before + 1 ? .gap : []
      state.take(window, flags)
      chunk.append(MarkedWindow(window, flags))
      if chunk.count == BlockWriter.largeWindows { try flush() }
    }
    try flush()
    for tier in [TelemetryTier.minute, .hour] {
      let ended = state.ended[tier.rawValue]
      for start in stride(from: 0, to: ended.count, by: BlockWriter.largeWindows) {
        let end = min(start + BlockWriter.largeWindows, ended.count)
        try blocks.append(
          Array(ended[start..<end]), to: boot, tier, tail: &state.tails[tier.rawValue])
      }
    }
    try db.execute(
      sql: """
        UPDATE boot SET tail_raw = ?, tail_minute = ?, tail_hour = ?, minute_flags = ?,
          hour_flags = ? WHERE id = ?
        """,
      arguments: [
        state.tails[0], state.tails[1], state.tails[2], Int64(state.open[1].rawValue),
        Int64(state.open[2].rawValue), boot,
      ])
  }
}
