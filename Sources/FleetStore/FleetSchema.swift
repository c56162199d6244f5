import GRDB

/// The coordinator's tables.
///
/// Steps are only ever added; a published step never changes.
enum FleetSchema {
  /// "SFLT" in the header of the file.
  static let applicationID: Int32 = 0x5346_4C54

  static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1-fleet") { try $0.execute(sql: fleet) }
    migrator.registerMigration("2-rounds") { try $0.execute(sql: rounds) }
    migrator.registerMigration("3-round-guards") { db in
      for guardian in roundGuards { try db.execute(sql: guardian) }
    }
    migrator.registerMigration("4-telemetry") { try $0.execute(sql: telemetry) }
    migrator.registerMigration("5-telemetry-blocks") { try TelemetrySchema.pack($0) }
    migrator.registerMigration("6-node-terms") { try $0.execute(sql: terms) }
    migrator.registerMigration("7-join-tokens") { try $0.execute(sql: tokens) }
    migrator.registerMigration("8-audit") { db in
      for statement in audit { try db.execute(sql: statement) }
    }
    migrator.registerMigration("9-trust") { try $0.execute(sql: trust) }
    migrator.registerMigration("10-admin-tokens") { try $0.execute(sql: adminTokens) }
    migrator.registerMigration("11-serving-terms") { try $0.execute(sql: servingTerms) }
    migrator.registerMigration("12-rollouts") { db in
      for statement in RolloutSchema.statements { try db.execute(sql: statement) }
    }
    migrator.registerMigration("13-event-chain") { try JournalSchema.chain($0) }
    migrator.registerMigration("14-model-removal") {
      try $0.execute(sql: "ALTER TABLE model ADD COLUMN removed_at_us INTEGER")
    }
    migrator.registerMigration("15-energy") { try $0.execute(sql: energy) }
    migrator.registerMigration("16-strategies") { try $0.execute(sql: strategies) }
    migrator.registerMigration("17-cohorts") { try $0.execute(sql: cohorts) }
    migrator.registerMigration("18-update-loss") {
      try $0.execute(
        sql: "ALTER TABLE round_update ADD COLUMN loss_millionths INTEGER NOT NULL DEFAULT 0")
    }
    migrator.registerMigration("19-privacy") { db in
      for statement in PrivacySchema.statements { try db.execute(sql: statement) }
    }
    migrator.registerMigration("21-held-out") {
      try $0.execute(
        sql: """
          ALTER TABLE round ADD COLUMN base_accuracy REAL;
          ALTER TABLE round ADD COLUMN nanojoules INTEGER;
          UPDATE job SET specification = json_set(specification, '$.keptModels', 10);
          """)
    }
    return migrator
  }

  private static let fleet = """
    CREATE TABLE coordinator (
      id INTEGER PRIMARY KEY CHECK (id = 1),
      epoch INTEGER NOT NULL,
      last_generation INTEGER NOT NULL
    ) STRICT;
    INSERT INTO coordinator VALUES (1, 0, 0);
    CREATE TABLE model (
      digest BLOB PRIMARY KEY,
      name TEXT NOT NULL,
      release_counter INTEGER NOT NULL,
      manifest_digest BLOB NOT NULL,
      manifest BLOB NOT NULL,
      structure_digest BLOB NOT NULL,
      price_digest BLOB NOT NULL,
      size INTEGER NOT NULL,
      chips TEXT NOT NULL,
      added_at_us INTEGER NOT NULL,
      published BLOB
    ) STRICT;
    CREATE TABLE node (
      id TEXT PRIMARY KEY,
      public_key BLOB NOT NULL UNIQUE,
      accepted_at_us INTEGER NOT NULL,
      chip BLOB NOT NULL,
      desired_epoch INTEGER,
      desired_number INTEGER,
      desired_model BLOB REFERENCES model (digest),
      accepted_epoch INTEGER NOT NULL,
      accepted_number INTEGER NOT NULL,
      observed_epoch INTEGER,
      observed_number INTEGER,
      observed_phase TEXT,
      observed_model BLOB,
      observed_code BLOB,
      observed_detail BLOB
    ) STRICT;
    CREATE TABLE boot_progress (
      id INTEGER PRIMARY KEY,
      node TEXT NOT NULL REFERENCES node (id),
      boot BLOB NOT NULL,
      through INTEGER NOT NULL,
      UNIQUE (node, boot)
    ) STRICT;
    CREATE TABLE request (
      id BLOB PRIMARY KEY,
      response TEXT NOT NULL,
      at_us INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE event (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      at_us INTEGER NOT NULL,
      kind BLOB NOT NULL,
      subject BLOB NOT NULL,
      detail BLOB NOT NULL
    ) STRICT;
    """

  /// Terms are one JSON value: they are always read and written whole.
  private static let terms = """
    ALTER TABLE node ADD COLUMN terms TEXT;
    CREATE TABLE barred_key (
      public_key BLOB PRIMARY KEY,
      reason TEXT NOT NULL CHECK (reason IN ('rejected', 'retired')),
      at_us INTEGER NOT NULL
    ) STRICT;
    """

  /// Rows are only ever added, without a hole, each with a hash over the one before.
  private static let audit = [
    """
    CREATE TABLE audit (
      id INTEGER PRIMARY KEY,
      at_us INTEGER NOT NULL,
      actor BLOB NOT NULL,
      request BLOB NOT NULL,
      action BLOB NOT NULL,
      outcome BLOB NOT NULL,
      hash BLOB NOT NULL
    ) STRICT;
    """,
    """
    CREATE TRIGGER audit_kept BEFORE UPDATE ON audit
    BEGIN SELECT RAISE(ABORT, 'a row of the audit never changes'); END
    """,
    """
    CREATE TRIGGER audit_whole BEFORE DELETE ON audit
    BEGIN SELECT RAISE(ABORT, 'a row of the audit is never removed'); END
    """,
  ]

  private static let tokens = """
    CREATE TABLE join_token (
      name TEXT PRIMARY KEY,
      token TEXT NOT NULL
    ) STRICT;
    """

  /// Who may ask the admin endpoint for what; `scopes` are words with a space between.
  private static let adminTokens = """
    CREATE TABLE admin_token (
      name TEXT PRIMARY KEY,
      hash TEXT NOT NULL UNIQUE,
      scopes TEXT NOT NULL,
      created_at_us INTEGER NOT NULL,
      expires_at_us INTEGER,
      revoked_at_us INTEGER,
      used_at_us INTEGER
    ) STRICT;
    """

  /// Root files are kept for ever: a node that was away follows them one by one.
  private static let trust = """
    CREATE TABLE root (
      id INTEGER PRIMARY KEY,
      version INTEGER NOT NULL UNIQUE,
      envelope BLOB NOT NULL,
      added_at_us INTEGER NOT NULL
    ) STRICT;
    ALTER TABLE node ADD COLUMN desired_rollback INTEGER;
    ALTER TABLE node ADD COLUMN desired_trial INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE node ADD COLUMN notices_through INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE node ADD COLUMN alarm TEXT NOT NULL DEFAULT '';
    CREATE INDEX event_subject ON event (subject, id);
    """

  /// How a node runs its desired model; both 0 where it serves at once, as before.
  private static let servingTerms = """
    ALTER TABLE node ADD COLUMN desired_shadow INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE node ADD COLUMN desired_probe INTEGER NOT NULL DEFAULT 0;
    """

  /// What a job's strategy keeps from round to round, and whom it leaves out.
  private static let strategies = """
    ALTER TABLE job ADD COLUMN server_state BLOB;
    ALTER TABLE round ADD COLUMN server_state BLOB;
    ALTER TABLE round ADD COLUMN left_out TEXT NOT NULL DEFAULT '[]';
    UPDATE job SET specification = json_set(
      specification, '$.strategy', json('{"name":"fedavg","weighting":"samples"}'),
      '$.compression', 'dense');
    """

  /// Jobs that pause, and why each node was asked or not: notes are only read to explain a round.
  private static let cohorts = """
    ALTER TABLE job ADD COLUMN paused_at_us INTEGER;
    ALTER TABLE round ADD COLUMN notes TEXT NOT NULL DEFAULT '[]';
    UPDATE job SET specification = json_set(specification, '$.cohort',
      json('{"rule":"uniform","askedPerMille":1000,"leastChargePerMille":0}'),
      '$.merge', json('{}'));
    """

  /// Budgets of energy, what stands in when it is short, and models that learn while they serve;
  /// rollouts and their members keep specification and former order as JSON.
  private static let energy = """
    CREATE TABLE budget (
      name TEXT PRIMARY KEY,
      budget TEXT NOT NULL
    ) STRICT;
    ALTER TABLE node ADD COLUMN desired_stand_ins TEXT NOT NULL DEFAULT '[]';
    ALTER TABLE node ADD COLUMN desired_learns INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE node ADD COLUMN desired_carries INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE node ADD COLUMN desired_decided_epoch INTEGER;
    ALTER TABLE node ADD COLUMN desired_decided_number INTEGER;
    UPDATE node SET
      desired_decided_epoch = desired_epoch, desired_decided_number = desired_number;
    ALTER TABLE model ADD COLUMN nanojoules INTEGER;
    UPDATE rollout SET specification = json_set(specification, '$.standIns', json('[]'),
      '$.overBudget', 'refuse', '$.learns', json('false'), '$.carriesLearning', json('false'));
    UPDATE rollout_member SET member = json_set(member, '$.before.standIns', json('[]'),
      '$.before.decided', json_extract(member, '$.before.generation'),
      '$.before.serving.learns', json('false'), '$.before.serving.carriesLearning', json('false'))
    WHERE json_type(member, '$.before') = 'object';
    """

  private static let rounds = """
    CREATE TABLE job (
      id TEXT PRIMARY KEY,
      specification TEXT NOT NULL,
      state TEXT NOT NULL CHECK (state IN ('running', 'finished', 'failed', 'cancelled')),
      detail BLOB NOT NULL,
      current BLOB NOT NULL REFERENCES model (digest),
      best_accuracy REAL,
      created_at_us INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE round (
      job TEXT NOT NULL REFERENCES job (id),
      round INTEGER NOT NULL,
      attempt INTEGER NOT NULL,
      base BLOB NOT NULL REFERENCES model (digest),
      seed INTEGER NOT NULL,
      samples INTEGER NOT NULL,
      state TEXT NOT NULL CHECK (
        state IN ('planned', 'open', 'sealed', 'committed', 'failed', 'cancelled')),
      planned_at_us INTEGER NOT NULL,
      opened_at_us INTEGER,
      deadline_us INTEGER,
      sealed_hash BLOB,
      result_model BLOB,
      accuracy REAL,
      accepted INTEGER,
      committed_at_us INTEGER,
      code BLOB,
      detail BLOB,
      PRIMARY KEY (job, round, attempt)
    ) STRICT;
    CREATE UNIQUE INDEX round_committed ON round (job, round) WHERE state = 'committed';
    CREATE TABLE participant (
      job TEXT NOT NULL,
      round INTEGER NOT NULL,
      attempt INTEGER NOT NULL,
      node TEXT NOT NULL REFERENCES node (id),
      state TEXT NOT NULL CHECK (state IN ('pending', 'reported', 'refused', 'late')),
      code BLOB,
      PRIMARY KEY (job, round, attempt, node),
      FOREIGN KEY (job, round, attempt) REFERENCES round (job, round, attempt)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE round_update (
      job TEXT NOT NULL,
      round INTEGER NOT NULL,
      attempt INTEGER NOT NULL,
      node TEXT NOT NULL,
      digest BLOB NOT NULL,
      size INTEGER NOT NULL,
      samples INTEGER NOT NULL,
      correct INTEGER NOT NULL,
      counts BLOB NOT NULL,
      training_milliseconds INTEGER NOT NULL,
      accepted_at_us INTEGER NOT NULL,
      PRIMARY KEY (job, round, attempt, node),
      FOREIGN KEY (job, round, attempt, node)
        REFERENCES participant (job, round, attempt, node)
    ) STRICT, WITHOUT ROWID;
    """

  /// The rules of the round machine, held by the database whatever the code above it does.
  private static let roundGuards = [
    """
    CREATE TRIGGER round_starts_planned BEFORE INSERT ON round
    WHEN NEW.state <> 'planned'
    BEGIN SELECT RAISE(ABORT, 'a round starts planned'); END
    """,
    """
    CREATE TRIGGER round_terminal BEFORE UPDATE ON round
    WHEN OLD.state IN ('committed', 'failed', 'cancelled')
    BEGIN SELECT RAISE(ABORT, 'a terminal round never changes'); END
    """,
    """
    CREATE TRIGGER round_transition BEFORE UPDATE OF state ON round
    WHEN NOT (
      (OLD.state = 'planned' AND NEW.state IN ('open', 'cancelled'))
      OR (OLD.state = 'open' AND NEW.state IN ('open', 'sealed', 'failed', 'cancelled'))
      OR (OLD.state = 'sealed' AND NEW.state IN ('committed', 'failed', 'cancelled')))
    BEGIN SELECT RAISE(ABORT, 'no such transition of a round'); END
    """,
    """
    CREATE TRIGGER round_seal_kept BEFORE UPDATE OF sealed_hash ON round
    WHEN OLD.sealed_hash IS NOT NULL AND NEW.sealed_hash IS NOT OLD.sealed_hash
    BEGIN SELECT RAISE(ABORT, 'a sealed set never changes'); END
    """,
    """
    CREATE TRIGGER round_kept BEFORE DELETE ON round
    BEGIN SELECT RAISE(ABORT, 'a round is never deleted'); END
    """,
    """
    CREATE TRIGGER participant_closed BEFORE UPDATE OF state ON participant
    WHEN OLD.state <> 'pending'
    BEGIN SELECT RAISE(ABORT, 'the participant already has its final state'); END
    """,
    """
    CREATE TRIGGER participant_frozen BEFORE UPDATE OF state ON participant
    WHEN (SELECT state FROM round WHERE job = NEW.job AND round = NEW.round
      AND attempt = NEW.attempt) NOT IN ('planned', 'open')
    BEGIN SELECT RAISE(ABORT, 'the round is sealed or over'); END
    """,
    """
    CREATE TRIGGER round_update_open BEFORE INSERT ON round_update
    WHEN (SELECT state FROM round WHERE job = NEW.job AND round = NEW.round
      AND attempt = NEW.attempt) IS NOT 'open'
    BEGIN SELECT RAISE(ABORT, 'an update counts only while its round is open'); END
    """,
    """
    CREATE TRIGGER round_update_kept BEFORE UPDATE ON round_update
    BEGIN SELECT RAISE(ABORT, 'an accepted update never changes'); END
    """,
    """
    CREATE TRIGGER job_ended BEFORE UPDATE OF state ON job
    WHEN OLD.state <> 'running'
    BEGIN SELECT RAISE(ABORT, 'the job is over'); END
    """,
  ]

  /// Rows of a boot lie together by an index of two small integers, so that ingest from many
  /// nodes touches few pages; the key (node, boot) is spelled out once per boot, not per window.
  private static let telemetry = """
    CREATE TABLE boot (
      id INTEGER PRIMARY KEY,
      node TEXT NOT NULL REFERENCES node (id),
      boot BLOB NOT NULL,
      sequence INTEGER NOT NULL,
      newest_at_us INTEGER NOT NULL,
      counters BLOB NOT NULL,
      window BLOB NOT NULL,
      UNIQUE (node, boot)
    ) STRICT;
    CREATE TABLE telemetry (
      id INTEGER PRIMARY KEY,
      boot INTEGER NOT NULL REFERENCES boot (id),
      sequence INTEGER NOT NULL,
      at_us INTEGER NOT NULL,
      window BLOB NOT NULL,
      UNIQUE (boot, sequence)
    ) STRICT;
    CREATE TABLE total (
      node TEXT NOT NULL REFERENCES node (id),
      price_digest BLOB NOT NULL,
      counters BLOB NOT NULL,
      PRIMARY KEY (node, price_digest)
    ) STRICT, WITHOUT ROWID;
    """
}
