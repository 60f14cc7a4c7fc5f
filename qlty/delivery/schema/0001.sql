-- Times are seconds since the epoch by the wall clock of the machine that wrote them.
CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE delivery (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    integration  TEXT NOT NULL,
    target       TEXT NOT NULL,
    key          TEXT NOT NULL,
    -- counts the states of one key: only the newest undelivered one is worth sending
    generation   INTEGER NOT NULL DEFAULT 1,
    kind         TEXT NOT NULL DEFAULT '',
    class_path   TEXT,
    run_id       TEXT NOT NULL DEFAULT '',
    payload      TEXT NOT NULL,
    checkpoint   TEXT NOT NULL DEFAULT '{}',
    state        TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN (
                     'waiting', 'sending', 'delivered', 'refused', 'given_up',
                     'lost', 'superseded', 'dropped')),
    attempts     INTEGER NOT NULL DEFAULT 0,
    -- 0: not carried out; 1: the remote reported a failure of its own; 2: the answer was lost
    doubt        INTEGER NOT NULL DEFAULT 0,
    created_at   REAL NOT NULL,
    due_at       REAL NOT NULL,
    -- when due_at was written: a clock that reads less has been set back, and due_at means nothing
    written_at   REAL NOT NULL,
    expires_at   REAL,
    owner        TEXT,
    leased_until REAL,
    reason       TEXT NOT NULL DEFAULT '',
    sent         TEXT,
    settled_at   REAL
);

CREATE UNIQUE INDEX delivery_key ON delivery (integration, target, key, generation);
CREATE INDEX delivery_open ON delivery (integration, target, id)
    WHERE state IN ('waiting', 'sending');
CREATE INDEX delivery_run ON delivery (run_id);
