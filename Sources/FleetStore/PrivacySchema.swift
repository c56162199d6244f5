/// Privacy accounts of federated jobs.
///
/// The rules that an account stands on are held by the database whatever the code above it does: a
/// row is written while its round is sealed, so in the transaction of the commit, and stays.
enum PrivacySchema {
  static let statements = [
    "ALTER TABLE job ADD COLUMN secret BLOB",
    """
    CREATE TABLE privacy_ledger (
      job TEXT NOT NULL,
      round INTEGER NOT NULL,
      attempt INTEGER NOT NULL,
      sampling_per_million INTEGER NOT NULL,
      noise_milli INTEGER NOT NULL,
      clip INTEGER NOT NULL,
      epsilon REAL NOT NULL,
      delta REAL NOT NULL,
      PRIMARY KEY (job, round),
      FOREIGN KEY (job, round, attempt) REFERENCES round (job, round, attempt)
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TRIGGER privacy_ledger_sealed BEFORE INSERT ON privacy_ledger
    WHEN (SELECT state FROM round WHERE job = NEW.job AND round = NEW.round
      AND attempt = NEW.attempt) IS NOT 'sealed'
    BEGIN SELECT RAISE(ABORT, 'privacy is spent by the commit of a sealed round'); END
    """,
    """
    CREATE TRIGGER privacy_ledger_kept BEFORE UPDATE ON privacy_ledger
    BEGIN SELECT RAISE(ABORT, 'what was spent never changes'); END
    """,
    """
    CREATE TRIGGER privacy_ledger_whole BEFORE DELETE ON privacy_ledger
    BEGIN SELECT RAISE(ABORT, 'what was spent is never given back'); END
    """,
    """
    CREATE TRIGGER round_pays BEFORE UPDATE OF state ON round
    WHEN NEW.state = 'committed'
      AND (SELECT json_type(specification, '$.privacy') FROM job WHERE id = NEW.job) = 'object'
      AND NOT EXISTS (SELECT 1 FROM privacy_ledger WHERE job = NEW.job AND round = NEW.round
        AND attempt = NEW.attempt)
    BEGIN SELECT RAISE(ABORT, 'a private round is committed with what it has spent'); END
    """,
    """
    CREATE TRIGGER job_secret_kept BEFORE UPDATE OF secret ON job
    WHEN NEW.secret IS NOT NULL
    BEGIN SELECT RAISE(ABORT, 'the secret of a job is never another one'); END
    """,
  ]

  /// Takes secrets out of a copy, their bytes too: a restored state ends the jobs that had them.
  static let forgetting = """
    PRAGMA secure_delete = ON;
    UPDATE job SET secret = NULL WHERE secret IS NOT NULL
    """
}
