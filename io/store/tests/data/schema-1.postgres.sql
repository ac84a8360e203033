CREATE TABLE store_aggregate (
    "row" bigint NOT NULL,
    kind text NOT NULL COLLATE pg_catalog."C",
    id text NOT NULL COLLATE pg_catalog."C",
    version bigint NOT NULL,
    state_schema bigint NOT NULL,
    state bytea NOT NULL,
    owner text NOT NULL COLLATE pg_catalog."C",
    label text NOT NULL COLLATE pg_catalog."C",
    rank bigint NOT NULL,
    last_event bigint NOT NULL,
    wake_at bigint,
    due_at bigint
)
WITH (fillfactor='80');
ALTER TABLE store_aggregate ALTER COLUMN "row" ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME store_aggregate_row_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE store_audit (
    instance text NOT NULL COLLATE pg_catalog."C",
    seq bigint NOT NULL,
    at bigint NOT NULL,
    kind text NOT NULL COLLATE pg_catalog."C",
    body bytea NOT NULL,
    hash bytea NOT NULL
);
CREATE TABLE store_audit_head (
    instance text NOT NULL COLLATE pg_catalog."C",
    seq bigint NOT NULL,
    hash bytea NOT NULL
);
CREATE TABLE store_event (
    aggregate bigint NOT NULL,
    seq bigint NOT NULL,
    payload bytea NOT NULL
);
CREATE TABLE store_lease (
    name text NOT NULL COLLATE pg_catalog."C",
    holder text NOT NULL,
    token bigint NOT NULL,
    until bigint NOT NULL
);
CREATE TABLE store_outbox (
    seq bigint NOT NULL,
    key text NOT NULL COLLATE pg_catalog."C",
    kind text NOT NULL COLLATE pg_catalog."C",
    of_kind text NOT NULL COLLATE pg_catalog."C",
    of_id text NOT NULL COLLATE pg_catalog."C",
    payload bytea NOT NULL,
    attempt bigint DEFAULT 0 NOT NULL,
    due_at bigint,
    settled_at bigint,
    failure text
);
ALTER TABLE store_outbox ALTER COLUMN seq ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME store_outbox_seq_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE store_schema (
    number bigint NOT NULL
);
INSERT INTO store_aggregate OVERRIDING SYSTEM VALUE VALUES (1, 'task', 'a', 2, 1, '\x74776f', 'anna', 'context', 7, 2, 40, 40);
INSERT INTO store_audit VALUES ('main', 1, 5, 'call', '\x6f6e65', '\xcfd4bfd0ce88803b7ccbb8b4e9082d9f766cbcdc90df9c2f06b512d4ff369626');
INSERT INTO store_audit VALUES ('main', 2, 5, 'call', '\x74776f', '\x349c0c0f4c8adfa6d2d2e4c9a9c6dcbb6c44d1b8e781b9dbe36b159c0402e8ec');
INSERT INTO store_audit_head VALUES ('main', 2, '\x349c0c0f4c8adfa6d2d2e4c9a9c6dcbb6c44d1b8e781b9dbe36b159c0402e8ec');
INSERT INTO store_event VALUES (1, 1, '\x6f6e65');
INSERT INTO store_event VALUES (1, 2, '\x74776f');
INSERT INTO store_lease VALUES ('tick', 'a', 1, 10);
INSERT INTO store_outbox OVERRIDING SYSTEM VALUE VALUES (1, 'done', 'push', 'task', 'a', '\x646f6e65', 1, NULL, 9, NULL);
INSERT INTO store_outbox OVERRIDING SYSTEM VALUE VALUES (2, 'waiting', 'push', 'task', 'a', '\x77616974696e67', 1, 30, NULL, 'no answer');
INSERT INTO store_schema VALUES (1);
SELECT pg_catalog.setval('store_aggregate_row_seq', 1, true);
SELECT pg_catalog.setval('store_outbox_seq_seq', 2, true);
ALTER TABLE ONLY store_aggregate
    ADD CONSTRAINT store_aggregate_pkey PRIMARY KEY ("row");
ALTER TABLE ONLY store_audit_head
    ADD CONSTRAINT store_audit_head_pkey PRIMARY KEY (instance);
ALTER TABLE ONLY store_audit
    ADD CONSTRAINT store_audit_pkey PRIMARY KEY (instance, seq);
ALTER TABLE ONLY store_event
    ADD CONSTRAINT store_event_pkey PRIMARY KEY (aggregate, seq);
ALTER TABLE ONLY store_lease
    ADD CONSTRAINT store_lease_pkey PRIMARY KEY (name);
ALTER TABLE ONLY store_outbox
    ADD CONSTRAINT store_outbox_key_key UNIQUE (key);
ALTER TABLE ONLY store_outbox
    ADD CONSTRAINT store_outbox_pkey PRIMARY KEY (seq);
CREATE INDEX store_aggregate_due ON store_aggregate USING btree (kind, due_at, wake_at) WHERE (due_at IS NOT NULL);
CREATE UNIQUE INDEX store_aggregate_id ON store_aggregate USING btree (kind, id);
CREATE INDEX store_aggregate_label ON store_aggregate USING btree (kind, owner, label, rank, id);
CREATE INDEX store_aggregate_owner ON store_aggregate USING btree (kind, owner, rank, id);
CREATE INDEX store_audit_anchor ON store_audit USING btree (instance, seq) WHERE (kind = 'anchor'::text);
CREATE INDEX store_outbox_due ON store_outbox USING btree (kind, due_at, seq) WHERE (due_at IS NOT NULL);
CREATE INDEX store_outbox_settled ON store_outbox USING btree (settled_at) WHERE (settled_at IS NOT NULL);
