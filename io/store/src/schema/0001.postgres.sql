CREATE TABLE store_aggregate (
  row          BIGINT  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind         TEXT    COLLATE "C" NOT NULL,
  id           TEXT    COLLATE "C" NOT NULL,
  version      BIGINT  NOT NULL,
  state_schema BIGINT  NOT NULL,
  state        BYTEA   NOT NULL,
  owner        TEXT    COLLATE "C" NOT NULL,
  label        TEXT    COLLATE "C" NOT NULL,
  rank         BIGINT  NOT NULL,
  last_event   BIGINT  NOT NULL,
  -- When it asked to be woken, and when it is next given to somebody for that.
  wake_at      BIGINT,
  due_at       BIGINT
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX store_aggregate_id ON store_aggregate (kind, id);
CREATE INDEX store_aggregate_owner ON store_aggregate (kind, owner, rank, id);
CREATE INDEX store_aggregate_label ON store_aggregate (kind, owner, label, rank, id);
CREATE INDEX store_aggregate_due ON store_aggregate (kind, due_at, wake_at) WHERE due_at IS NOT NULL;

CREATE TABLE store_event (
  aggregate BIGINT NOT NULL,
  seq       BIGINT NOT NULL,
  payload   BYTEA  NOT NULL,
  PRIMARY KEY (aggregate, seq)
);

CREATE TABLE store_outbox (
  seq        BIGINT  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  key        TEXT    COLLATE "C" NOT NULL UNIQUE,
  kind       TEXT    COLLATE "C" NOT NULL,
  of_kind    TEXT    COLLATE "C" NOT NULL,
  of_id      TEXT    COLLATE "C" NOT NULL,
  payload    BYTEA   NOT NULL,
  attempt    BIGINT  NOT NULL DEFAULT 0,
  -- When it is next given to somebody; none: it is settled.
  due_at     BIGINT,
  settled_at BIGINT,
  failure    TEXT
);
CREATE INDEX store_outbox_due ON store_outbox (kind, due_at, seq) WHERE due_at IS NOT NULL;
CREATE INDEX store_outbox_settled ON store_outbox (settled_at) WHERE settled_at IS NOT NULL;

CREATE TABLE store_lease (
  name   TEXT   COLLATE "C" PRIMARY KEY,
  holder TEXT   NOT NULL,
  token  BIGINT NOT NULL,
  until  BIGINT NOT NULL
);

CREATE TABLE store_audit (
  instance TEXT   COLLATE "C" NOT NULL,
  seq      BIGINT NOT NULL,
  at       BIGINT NOT NULL,
  kind     TEXT   COLLATE "C" NOT NULL,
  body     BYTEA  NOT NULL,
  hash     BYTEA  NOT NULL,
  PRIMARY KEY (instance, seq)
);
CREATE INDEX store_audit_anchor ON store_audit (instance, seq) WHERE kind = 'anchor';

CREATE TABLE store_audit_head (
  instance TEXT   COLLATE "C" PRIMARY KEY,
  seq      BIGINT NOT NULL,
  hash     BYTEA  NOT NULL
);
