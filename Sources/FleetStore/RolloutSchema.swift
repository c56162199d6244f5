/// The tables of rollouts.
///
/// What only a rollout's own code reads lies in JSON; what guards it from a broken program lies in
/// columns of its own.
enum RolloutSchema {
  static let statements = [
    """
    ALTER TABLE node ADD COLUMN desired_staged INTEGER NOT NULL DEFAULT 0
    """,
    """
    CREATE TABLE rollout (
      id TEXT PRIMARY KEY,
      specification TEXT NOT NULL,
      model BLOB NOT NULL REFERENCES model (digest),
      wave_count INTEGER NOT NULL,
      state TEXT NOT NULL CHECK (state IN ('running', 'paused', 'reverting', 'completed',
        'failed', 'aborted', 'undone')),
      progress TEXT NOT NULL,
      created_at_us INTEGER NOT NULL
    ) STRICT
    """,
    """
    CREATE TABLE rollout_member (
      rollout TEXT NOT NULL REFERENCES rollout (id),
      node TEXT NOT NULL REFERENCES node (id),
      step TEXT NOT NULL,
      member TEXT NOT NULL,
      PRIMARY KEY (rollout, node)
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE rollout_decision (
      rollout TEXT NOT NULL REFERENCES rollout (id),
      number INTEGER NOT NULL,
      at_us INTEGER NOT NULL,
      verdict TEXT NOT NULL,
      decision TEXT NOT NULL,
      PRIMARY KEY (rollout, number)
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TRIGGER rollout_transition BEFORE UPDATE OF state ON rollout
    WHEN NEW.state <> OLD.state AND NOT (
      (OLD.state = 'running' AND NEW.state IN ('paused', 'reverting', 'completed'))
      OR (OLD.state = 'paused' AND NEW.state IN ('running', 'reverting'))
      OR (OLD.state = 'reverting' AND NEW.state IN ('failed', 'aborted', 'undone'))
      OR (OLD.state = 'completed' AND NEW.state = 'reverting'))
    BEGIN SELECT RAISE(ABORT, 'no such transition of a rollout'); END
    """,
    """
    CREATE TRIGGER rollout_kept BEFORE DELETE ON rollout
    BEGIN SELECT RAISE(ABORT, 'a rollout is never deleted'); END
    """,
    """
    CREATE TRIGGER rollout_decision_kept BEFORE UPDATE ON rollout_decision
    BEGIN SELECT RAISE(ABORT, 'a decision never changes'); END
    """,
    """
    CREATE TRIGGER rollout_decision_stays BEFORE DELETE ON rollout_decision
    BEGIN SELECT RAISE(ABORT, 'a decision is never deleted'); END
    """,
  ]
}
