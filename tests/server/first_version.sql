PRAGMA application_id = 1297108048;
PRAGMA user_version = 1;
CREATE TABLE objects (
    kind TEXT NOT NULL, id TEXT NOT NULL,
    context_id TEXT, plan_id TEXT, status TEXT, type TEXT, name TEXT, stage TEXT,
    created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, body BLOB NOT NULL, record BLOB,
    PRIMARY KEY (kind, id)
);
CREATE INDEX objects_by_age ON objects (kind, created_at);
CREATE INDEX objects_by_context ON objects (kind, context_id, created_at);
CREATE TABLE spans (
    trace_id TEXT NOT NULL, id TEXT NOT NULL,
    start INTEGER NOT NULL, "end" INTEGER, root INTEGER NOT NULL, status TEXT, tokens INTEGER,
    updated_at INTEGER NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (trace_id, id)
) WITHOUT ROWID;
CREATE TABLE traces (
    trace_id TEXT NOT NULL PRIMARY KEY,
    lead_root INTEGER NOT NULL, lead_start INTEGER NOT NULL, lead_id TEXT NOT NULL, lead_status TEXT,
    context_id TEXT NOT NULL, agent_id TEXT NOT NULL, name TEXT NOT NULL,
    start INTEGER NOT NULL, "end" INTEGER,
    span_count INTEGER NOT NULL, open_count INTEGER NOT NULL, error_count INTEGER NOT NULL,
    token_count INTEGER NOT NULL, tokens INTEGER NOT NULL, status TEXT NOT NULL
);
CREATE INDEX traces_by_start ON traces (start);
CREATE INDEX traces_by_context ON traces (context_id, start);
CREATE TABLE streams (id TEXT NOT NULL PRIMARY KEY, high_water INTEGER NOT NULL);
CREATE TABLE stream_gaps (
    stream_id TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
    PRIMARY KEY (stream_id, first)
) WITHOUT ROWID;
CREATE TABLE remembered (key TEXT NOT NULL PRIMARY KEY, digest BLOB NOT NULL, body BLOB NOT NULL);
INSERT INTO objects (kind, id, status, name, created_at, updated_at, body)
    VALUES ('context', 'c', 'active', 'old', 0, 0, CAST('{"id": "c", "version": "1.0.0", "status": "active", "lifecycle_stage": "planning", "shared_state": {}, "name": "old"}' AS BLOB));
INSERT INTO objects (kind, id, status, name, created_at, updated_at, body)
    VALUES ('confirmation', 'due', 'pending', NULL, 0, 0, CAST('{"id": "due", "target": {"type": "task", "id": "t"}, "type": "approval", "criteria": {"rules": [], "thresholds": {}, "requirements": []}, "approvers": [], "result": {"status": "pending", "decisions": []}, "expires_at": "2020-01-01T00:00:00.5Z"}' AS BLOB));
INSERT INTO objects (kind, id, status, name, created_at, updated_at, body)
    VALUES ('confirmation', 'odd', NULL, NULL, 0, 0, CAST('{"id": "odd", "target": {"type": "task", "id": "t"}, "type": "approval", "criteria": {"rules": [], "thresholds": {}, "requirements": []}, "approvers": [], "expires_at": "2020-01-01T02:00:00+02:00"}' AS BLOB));
INSERT INTO objects (kind, id, status, name, created_at, updated_at, body)
    VALUES ('confirmation', 'never', 'pending', NULL, 0, 0, CAST('{"id": "never", "target": {"type": "task", "id": "t"}, "type": "approval", "criteria": {"rules": [], "thresholds": {}, "requirements": []}, "approvers": [], "result": {"status": "pending", "decisions": []}}' AS BLOB));
