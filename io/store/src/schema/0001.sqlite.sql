CREATE TABLE store_aggregate (
  row          INTEGER PRIMARY KEY,
  kind         TEXT    NOT NULL,
  id           TEXT    NOT NULL,
  version      INTEGER NOT NULL,
  state_schema INTEGER NOT NULL,
  state        BLOB    NOT NULL,
  owner        TEXT    NOT NULL,
  label        TEXT    NOT NULL,
  rank         INTEGER NOT NULL,
  last_event   INTEGER NOT NULL,
  -- When it asked to be woken, and when it is next given to somebody for that.
  wake_at      INTEGER,
  due_at       INTEGER
) STRICT;
CREATE UNIQUE INDEX store_aggregate_id ON store_aggregate (kind, id);
CREATE INDEX store_aggregate_owner ON store_aggregate (kind, owner, rank, id);
CREATE INDEX store_aggregate_label ON store_aggregate (kind, owner, label, rank, id);
CREATE INDEX store_aggregate_due ON store_aggregate (kind, due_at, wake_at) WHERE due_at IS NOT NULL;

CREATE TABLE store_event (
  aggregate INTEGER NOT NULL,
  seq       INTEGER NOT NULL,
  payload   BLOB    NOT NULL,
  PRIMARY KEY (aggregate, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE store_outbox (
  seq        INTEGER PRIMARY KEY AUTOINCREMENT,
  key        TEXT    NOT NULL UNIQUE,
  kind       TEXT    NOT NULL,
  of_kind    TEXT    NOT NULL,
  of_id      TEXT    NOT NULL,
  payload    BLOB    NOT NULL,
  attempt    INTEGER NOT NULL DEFAULT 0,
  -- When it is next given to somebody; none: it is settled.
  due_at     INTEGER,
  settled_at INTEGER,
  failure    TEXT
) STRICT;
CREATE INDEX store_outbox_due ON store_outbox (kind, due_at, seq) WHERE due_at IS NOT NULL;
CREATE INDEX store_outbox_settled ON store_outbox (settled_at) WHERE settled_at IS NOT NULL;

CREATE TABLE store_lease (
  name   TEXT    PRIMARY KEY,
  holder TEXT    NOT NULL,
  token  INTEGER NOT NULL,
  until  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE store_audit (
  instance TEXT    NOT NULL,
  seq      INTEGER NOT NULL,
  at       INTEGER NOT NULL,
  kind     TEXT    NOT NULL,
  body     BLOB    NOT NULL,
  hash     BLOB    NOT NULL,
  PRIMARY KEY (instance, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX store_audit_anchor ON store_audit (instance, seq) WHERE kind = 'anchor';

CREATE TABLE store_audit_head (
  instance TEXT    PRIMARY KEY,
  seq      INTEGER NOT NULL,
  hash     BLOB    NOT NULL
) STRICT, WITHOUT ROWID;
