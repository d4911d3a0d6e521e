package sqlite

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"fmt"
)

// appID marks the file as ours ("H1022"'s place in SQLite's header).
const appID = 0x68743130

// migrations bring an older file forward, one after the other; user_version counts those that were done. What is
// released is never changed, only added to. A step that changes a projection empties it and asks for a replay.
var migrations = []string{schema1, schema2, schema3, schema4}

// The journal and records are the truth, the rest are projections of the journal.
//
// tickets is narrow on purpose: figures and filters read it by the thousand, so the document stands in docs. Its id
// is the order of reception (see place), which makes "newest first" the order of the table itself and of every index,
// and a period a range of ids.
const schema1 = `
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE journal (
	seq     INTEGER PRIMARY KEY,
	ticket  TEXT    NOT NULL,
	n       INTEGER NOT NULL,
	key     TEXT,              -- NULL: none
	at      INTEGER NOT NULL,  -- all times are milliseconds since 1970
	kind    TEXT    NOT NULL,
	payload BLOB    NOT NULL,  -- the event as JSON, without seq
	digest  BLOB    NOT NULL,  -- SHA-256 of the payload as it was first
	bare    BLOB    NOT NULL,  -- SHA-256 of the payload as it is once its words are erased
	chain   BLOB    NOT NULL   -- SHA-256 of previous chain, header, digest, bare
);
CREATE UNIQUE INDEX journal_ticket ON journal (ticket, n);
CREATE UNIQUE INDEX journal_key ON journal (key) WHERE key IS NOT NULL;

CREATE TABLE tickets (
	id       INTEGER PRIMARY KEY,
	first    INTEGER NOT NULL,
	code     TEXT    NOT NULL,
	version  INTEGER NOT NULL,
	status   TEXT    NOT NULL,
	kind     TEXT    NOT NULL,
	channel  TEXT    NOT NULL,
	category TEXT    NOT NULL,
	agency   TEXT    NOT NULL,
	area     TEXT    NOT NULL,
	outcome  TEXT    NOT NULL,
	assignee TEXT    NOT NULL,
	citizen  TEXT    NOT NULL,
	helpers  TEXT    NOT NULL,  -- cooperating agencies, one a line
	day      TEXT    NOT NULL,  -- received, in the office's zone
	updated  INTEGER NOT NULL,
	due      INTEGER NOT NULL,  -- never: after every date
	promised INTEGER,           -- only while the ticket is open
	alarm    INTEGER,
	send     INTEGER,
	urgent   INTEGER NOT NULL,
	unread   INTEGER NOT NULL,
	answered INTEGER NOT NULL,
	late     INTEGER NOT NULL,  -- ended after the promise
	rated    INTEGER NOT NULL,
	pleased  INTEGER NOT NULL,
	terms    INTEGER NOT NULL   -- sum over the words in the search index
);
CREATE UNIQUE INDEX tickets_first ON tickets (first);
CREATE UNIQUE INDEX tickets_code ON tickets (code);
CREATE INDEX tickets_status ON tickets (status, due);
CREATE INDEX tickets_agency ON tickets (agency, status, due);
CREATE INDEX tickets_updated ON tickets (updated);
CREATE INDEX tickets_assignee ON tickets (assignee) WHERE assignee <> '';
CREATE INDEX tickets_citizen ON tickets (citizen) WHERE citizen <> '';
CREATE INDEX tickets_alarm ON tickets (alarm) WHERE alarm IS NOT NULL;
CREATE INDEX tickets_send ON tickets (send) WHERE send IS NOT NULL;
CREATE INDEX tickets_promised ON tickets (promised, day, agency, status, kind, channel, category, area, outcome)
	WHERE promised IS NOT NULL; -- all a tally cuts by, so that it reads nothing else

CREATE TABLE docs (id INTEGER PRIMARY KEY, first INTEGER NOT NULL, doc BLOB NOT NULL);
CREATE TABLE cooperating (agency TEXT, id INTEGER, PRIMARY KEY (agency, id)) WITHOUT ROWID;

CREATE VIRTUAL TABLE search USING fts5 (words, content='', contentless_delete=1, detail=none, tokenize='ascii');
CREATE TABLE vocabulary (word TEXT PRIMARY KEY) WITHOUT ROWID; -- every plain word ever indexed
CREATE VIRTUAL TABLE search_terms USING fts5vocab (search, instance);

CREATE TABLE tally (
	dim TEXT, day TEXT, value TEXT,
	week TEXT NOT NULL, month TEXT NOT NULL,
	received INTEGER NOT NULL, answered INTEGER NOT NULL, on_time INTEGER NOT NULL, late INTEGER NOT NULL,
	open INTEGER NOT NULL, rated INTEGER NOT NULL, pleased INTEGER NOT NULL,
	PRIMARY KEY (dim, day, value)
) WITHOUT ROWID;

CREATE TABLE records (
	kind TEXT, id TEXT, version INTEGER,
	at TEXT NOT NULL, author TEXT NOT NULL, doc BLOB,
	PRIMARY KEY (kind, id, version)
) WITHOUT ROWID;
CREATE TABLE present (kind TEXT, id TEXT, version INTEGER NOT NULL, PRIMARY KEY (kind, id)) WITHOUT ROWID;
CREATE TABLE revisions (kind TEXT PRIMARY KEY, n INTEGER NOT NULL) WITHOUT ROWID;
`

// What everybody may see, by which door the next message goes, what is put aside, what agencies gave back. A ticket's kinds with a law of their own are never
// public (Ticket.Public).
const schema2 = `
ALTER TABLE tickets ADD COLUMN door TEXT NOT NULL DEFAULT '';
ALTER TABLE tickets ADD COLUMN public INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tickets ADD COLUMN asleep INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tickets ADD COLUMN returned INTEGER NOT NULL DEFAULT 0;
UPDATE tickets SET door = channel WHERE send IS NOT NULL;
UPDATE tickets SET public = 1 WHERE kind NOT IN ('complaint', 'denunciation', 'spam')
	AND id IN (SELECT id FROM docs WHERE json_extract(CAST(doc AS TEXT), '$.visibility') = 'public');
UPDATE tickets SET returned = r.times
	FROM (SELECT id, json_extract(CAST(doc AS TEXT), '$.returned') AS times FROM docs) r WHERE r.id = tickets.id AND r.times > 0;
CREATE INDEX tickets_door ON tickets (door, send) WHERE send IS NOT NULL;
CREATE INDEX tickets_public ON tickets (public, status) WHERE public;
`

// Two short lists that are counted beside every queue, each second: without these each counting went through all that is
// open, or through all that was ever answered.
const schema3 = `
CREATE INDEX tickets_returned ON tickets (returned) WHERE returned > 0;
CREATE INDEX tickets_heard ON tickets (updated) WHERE unread AND status = 'answered';
`

// Which tickets lead an incident, and of how many other reports.
const schema4 = `
ALTER TABLE tickets ADD COLUMN reports INTEGER NOT NULL DEFAULT 0;
UPDATE tickets SET reports = r.others
	FROM (SELECT id, json_array_length(CAST(doc AS TEXT), '$.absorbed') AS others FROM docs) r WHERE r.id = tickets.id AND r.others > 0;
CREATE INDEX tickets_reports ON tickets (reports) WHERE reports > 0;
`

// migrate brings the file to the present schema. It refuses what is not ours and what is newer than this program.
func migrate(ctx context.Context, path string, conn *sql.Conn) error {
	var version, app, tables int
	for q, to := range map[string]*int{"PRAGMA user_version": &version, "PRAGMA application_id": &app, "SELECT count(*) FROM sqlite_schema": &tables} {
		if err := conn.QueryRowContext(ctx, q).Scan(to); err != nil {
			return explain(path, err)
		}
	}
	switch {
	case version > len(migrations):
		return fmt.Errorf("%s was written by a newer hotline (schema %d, this one knows %d): start that one", path, version, len(migrations))
	case app != appID && tables > 0:
		return fmt.Errorf("%s is a database, but not the hotline's: name another file", path)
	}
	for ; version < len(migrations); version++ {
		if err := step(ctx, conn, version); err != nil {
			return explain(path, fmt.Errorf("bringing the schema to %d: %w", version+1, err))
		}
	}
	return nil
}

func step(ctx context.Context, conn *sql.Conn, version int) error {
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if _, err := tx.ExecContext(ctx, migrations[version]); err != nil {
		return err
	}
	if version == 0 {
		if _, err := tx.ExecContext(ctx, "INSERT INTO meta VALUES ('epoch', ?)", newEpoch()); err != nil {
			return err
		}
	}
	// pragmas take no arguments
	if _, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d", appID, version+1)); err != nil {
		return err
	}
	return tx.Commit()
}

func newEpoch() string {
	var b [8]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}
