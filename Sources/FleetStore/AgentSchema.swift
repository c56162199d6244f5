import GRDB

/// The agent's tables.
///
/// Steps are only ever added; a published step never changes.
enum AgentSchema {
  /// "SFAG" in the header of the file.
  static let applicationID: Int32 = 0x5346_4147

  static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1-agent") { try $0.execute(sql: agent) }
    migrator.registerMigration("2-training") { try $0.execute(sql: training) }
    migrator.registerMigration("3-outbox") { try $0.execute(sql: outbox) }
    migrator.registerMigration("4-outbox-tiers") { try $0.execute(sql: outboxTiers) }
    migrator.registerMigration("5-trust") { try $0.execute(sql: trust) }
    migrator.registerMigration("6-runs") { try $0.execute(sql: runs) }
    migrator.registerMigration("7-slots") { try $0.execute(sql: slots) }
    migrator.registerMigration("8-staged") { try $0.execute(sql: staged) }
    migrator.registerMigration("9-energy") { try $0.execute(sql: energy) }
    migrator.registerMigration("10-residuals") { try $0.execute(sql: residuals) }
    migrator.registerMigration("18-training-terms") { try $0.execute(sql: trainingTerms) }
    migrator.registerMigration("20-local-layers") { try $0.execute(sql: localLayers) }
    return migrator
  }

  private static let agent = """
    CREATE TABLE agent (
      id INTEGER PRIMARY KEY CHECK (id = 1),
      epoch INTEGER NOT NULL,
      training_ordinal INTEGER NOT NULL,
      outbox_bytes INTEGER NOT NULL
    ) STRICT;
    INSERT INTO agent VALUES (1, 0, 0, 0);
    CREATE TABLE model_slot (
      slot TEXT PRIMARY KEY CHECK (slot IN ('accepted', 'active')),
      generation_epoch INTEGER NOT NULL,
      generation_number INTEGER NOT NULL,
      name TEXT NOT NULL,
      release_counter INTEGER NOT NULL,
      model BLOB NOT NULL,
      manifest BLOB NOT NULL,
      base_manifest BLOB NOT NULL
    ) STRICT;
    CREATE TABLE observed (
      id INTEGER PRIMARY KEY CHECK (id = 1),
      observed_epoch INTEGER NOT NULL,
      observed_number INTEGER NOT NULL,
      observed_phase TEXT NOT NULL,
      observed_model BLOB NOT NULL,
      observed_code BLOB NOT NULL,
      observed_detail BLOB NOT NULL
    ) STRICT;
    CREATE TABLE release_floor (
      name TEXT PRIMARY KEY,
      release_counter INTEGER NOT NULL
    ) STRICT;
    """

  private static let trust = """
    ALTER TABLE model_slot ADD COLUMN is_rollback INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE model_slot ADD COLUMN is_trial INTEGER NOT NULL DEFAULT 0;
    CREATE TABLE trust (
      id INTEGER PRIMARY KEY CHECK (id = 1),
      root_version INTEGER,
      root BLOB,
      latest_us INTEGER NOT NULL,
      issued_us INTEGER NOT NULL,
      snapshot_epoch INTEGER NOT NULL,
      snapshot_number INTEGER NOT NULL,
      heard_at_us INTEGER NOT NULL,
      last_notice INTEGER NOT NULL
    ) STRICT;
    INSERT INTO trust VALUES (1, NULL, NULL, 0, 0, 0, 0, 0, 0);
    CREATE TABLE notice (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      sequence INTEGER NOT NULL,
      at_us INTEGER NOT NULL,
      kind TEXT NOT NULL,
      code BLOB NOT NULL,
      document BLOB NOT NULL,
      detail BLOB NOT NULL
    ) STRICT;
    """

  /// A result, once stored, is the only thing ever sent for its round: it never changes.
  private static let training = """
    CREATE TABLE training (
      job TEXT NOT NULL,
      round INTEGER NOT NULL,
      attempt INTEGER NOT NULL,
      base BLOB NOT NULL,
      manifest BLOB NOT NULL,
      base_manifest BLOB NOT NULL,
      samples INTEGER NOT NULL,
      seed INTEGER NOT NULL,
      digest BLOB,
      size INTEGER,
      trained_samples INTEGER,
      correct INTEGER,
      counts BLOB,
      milliseconds INTEGER,
      PRIMARY KEY (job, round, attempt)
    ) STRICT;
    CREATE TRIGGER training_result_kept BEFORE UPDATE ON training
    WHEN OLD.digest IS NOT NULL
    BEGIN SELECT RAISE(ABORT, 'a stored training result never changes'); END;
    """

  /// What a strategy asks of a training, as JSON, empty for nothing; and what came of it.
  private static let trainingTerms = """
    ALTER TABLE training ADD COLUMN terms TEXT NOT NULL DEFAULT '';
    ALTER TABLE training ADD COLUMN loss_millionths INTEGER NOT NULL DEFAULT 0;
    """

  /// What compression leaves out of updates: pending with a result, and kept by job, in the order
  /// in which jobs were taken up.
  private static let residuals = """
    ALTER TABLE training ADD COLUMN compression TEXT NOT NULL DEFAULT 'dense';
    ALTER TABLE training ADD COLUMN residual_accepted BLOB;
    ALTER TABLE training ADD COLUMN residual_unused BLOB;
    CREATE TABLE residual (
      job TEXT NOT NULL UNIQUE,
      digest BLOB NOT NULL
    ) STRICT;
    """

  /// What layers that stay on the node have learnt: pending with a result, and kept by job.
  ///
  /// Rows are in the order in which jobs were taken up. Names of layers are a list of JSON.
  private static let localLayers = """
    ALTER TABLE training ADD COLUMN local_layers BLOB NOT NULL DEFAULT X'5B5D';
    ALTER TABLE training ADD COLUMN local_learnt BLOB;
    CREATE TABLE local_layers (
      job TEXT NOT NULL UNIQUE,
      digest BLOB NOT NULL
    ) STRICT;
    """

  /// Windows may stand for several; `begun` says that the coordinator knows the boot.
  private static let outboxTiers = """
    ALTER TABLE outbox ADD COLUMN tier INTEGER NOT NULL DEFAULT 0;
    CREATE INDEX outbox_tier ON outbox (tier, boot, sequence);
    ALTER TABLE outbox_boot ADD COLUMN begun INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE agent ADD COLUMN lost_windows INTEGER NOT NULL DEFAULT 0;
    """

  /// The boot of the run that has not ended, with its last window; NULL after one that ended.
  private static let runs = """
    ALTER TABLE agent ADD COLUMN running BLOB;
    ALTER TABLE agent ADD COLUMN running_newest INTEGER NOT NULL DEFAULT 0;
    """

  /// The slot of the last good model, and how often the one that serves was started on probation.
  private static let slots = """
    ALTER TABLE agent ADD COLUMN probe_starts INTEGER;
    ALTER TABLE model_slot RENAME TO earlier_slot;
    CREATE TABLE model_slot (
      slot TEXT PRIMARY KEY CHECK (slot IN ('accepted', 'active', 'previous')),
      generation_epoch INTEGER NOT NULL,
      generation_number INTEGER NOT NULL,
      name TEXT NOT NULL,
      release_counter INTEGER NOT NULL,
      model BLOB NOT NULL,
      manifest BLOB NOT NULL,
      base_manifest BLOB NOT NULL,
      is_rollback INTEGER NOT NULL,
      is_trial INTEGER NOT NULL,
      shadow_per_mille INTEGER NOT NULL,
      probe_inferences INTEGER NOT NULL
    ) STRICT;
    INSERT INTO model_slot SELECT slot, generation_epoch, generation_number, name,
      release_counter, model, manifest, base_manifest, is_rollback, is_trial, 0, 0
    FROM earlier_slot;
    DROP TABLE earlier_slot;
    """

  private static let staged = """
    ALTER TABLE model_slot ADD COLUMN is_staged INTEGER NOT NULL DEFAULT 0
    """

  /// What the chip may use and has used in a day, what may stand in, and what models have learnt.
  private static let energy = """
    ALTER TABLE agent ADD COLUMN energy_limit INTEGER;
    ALTER TABLE agent ADD COLUMN energy_day INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE agent ADD COLUMN energy_used INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE model_slot ADD COLUMN learns INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE model_slot ADD COLUMN carries INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE model_slot ADD COLUMN learnt BLOB;
    ALTER TABLE model_slot ADD COLUMN learnt_samples INTEGER NOT NULL DEFAULT 0;
    CREATE TABLE stand_in (
      slot TEXT NOT NULL,
      position INTEGER NOT NULL,
      model BLOB NOT NULL,
      manifest BLOB NOT NULL,
      PRIMARY KEY (slot, position)
    ) STRICT, WITHOUT ROWID;
    """

  /// Boots are numbered in the order of their first window: the oldest is sent first.
  private static let outbox = """
    CREATE TABLE outbox_boot (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      boot BLOB NOT NULL UNIQUE,
      newest INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE outbox (
      boot INTEGER NOT NULL REFERENCES outbox_boot (id),
      sequence INTEGER NOT NULL,
      window BLOB NOT NULL,
      PRIMARY KEY (boot, sequence)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE outbox_gap (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      boot BLOB NOT NULL,
      first INTEGER NOT NULL,
      last INTEGER NOT NULL
    ) STRICT;
    """
}
