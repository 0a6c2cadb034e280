import type Database from 'better-sqlite3'
import { StoreRefused } from '../store.js'

/** Marks a file as ours in its header: "Anlg". */
export const applicationId = 0x416e6c67

/**
 * Each entry brings a file from the version before it to the next; the file's `user_version` counts them. Entries are never
 * changed once released.
 *
 * Times are ms since the epoch. Only a job that is to be cancelled once nobody is attached to it has an `attended_at`. A job's sealed args have a table of their own, so that a change of its state never rewrites
 * them. Outcomes keep their rowid: without it every value of a kilobyte would take a page of its own. The partial indexes hold
 * only the rows that their walk is about, so what a walk costs does not grow with the backlog.
 *
 * A job's `runs` counts its claims. A report is what one run has told of itself: its progress and its chunks, whose places are
 * counted from the report's id. A job points to the report of its latest run. A report no job points to is loose: its rows are deleted a few at a time.
 */
const migrations = [
  `
  CREATE TABLE jobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant TEXT NOT NULL,
    ref TEXT NOT NULL,
    queue TEXT NOT NULL,
    name TEXT NOT NULL,
    state TEXT NOT NULL,
    priority INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    attempt INTEGER NOT NULL DEFAULT 0,
    runs INTEGER NOT NULL DEFAULT 0,
    max_attempts INTEGER NOT NULL,
    outcomes INTEGER NOT NULL DEFAULT 0,
    crashes INTEGER NOT NULL DEFAULT 0,
    snoozed INTEGER NOT NULL DEFAULT 0,
    lease TEXT,
    lease_until INTEGER,
    settled_lease TEXT,
    worker TEXT,
    inserted_at INTEGER NOT NULL,
    attempted_at INTEGER,
    finished_at INTEGER,
    cancel_by INTEGER,
    report INTEGER,
    timeout REAL,
    codec TEXT NOT NULL,
    attended_at INTEGER,
    unique_key TEXT,
    fingerprint TEXT NOT NULL,
    tags TEXT NOT NULL,
    meta TEXT NOT NULL,
    trace TEXT,
    cancel_codec TEXT,
    cancel_reason TEXT
  ) STRICT;
  CREATE UNIQUE INDEX jobs_ref ON jobs (tenant, ref);
  CREATE INDEX jobs_available ON jobs (queue, name, tenant, priority, due_at, id) WHERE state = 'available';
  CREATE INDEX jobs_due ON jobs (due_at, queue, state) WHERE state IN ('scheduled', 'retryable');
  CREATE INDEX jobs_executing ON jobs (queue) WHERE state = 'executing';
  CREATE INDEX jobs_leased ON jobs (lease_until) WHERE lease_until IS NOT NULL;
  CREATE INDEX jobs_cancelling ON jobs (cancel_by) WHERE state = 'executing' AND cancel_by IS NOT NULL;
  CREATE INDEX jobs_attended ON jobs (attended_at) WHERE attended_at IS NOT NULL AND finished_at IS NULL;
  CREATE INDEX jobs_finished ON jobs (finished_at) WHERE finished_at IS NOT NULL;

  CREATE TABLE job_args (job_id INTEGER PRIMARY KEY, args TEXT NOT NULL) STRICT;

  CREATE TABLE outcomes (
    job_id INTEGER NOT NULL,
    number INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    type TEXT NOT NULL,
    final INTEGER NOT NULL,
    at INTEGER NOT NULL,
    chunks INTEGER,
    seconds REAL,
    code TEXT,
    message TEXT,
    name TEXT,
    state TEXT,
    retry_at INTEGER,
    codec TEXT,
    value TEXT,
    trace TEXT,
    PRIMARY KEY (job_id, number)
  ) STRICT;

  CREATE TABLE aliases (
    tenant TEXT NOT NULL,
    ref TEXT NOT NULL,
    job_id INTEGER NOT NULL,
    fingerprint TEXT NOT NULL,
    PRIMARY KEY (tenant, ref)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX aliases_job ON aliases (job_id);

  CREATE TABLE unique_keys (
    tenant TEXT NOT NULL,
    key TEXT NOT NULL,
    job_id INTEGER NOT NULL,
    expires_at INTEGER,
    PRIMARY KEY (tenant, key)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE reports (
    id INTEGER PRIMARY KEY,
    attempt INTEGER NOT NULL,
    after_outcome INTEGER NOT NULL,
    chunks INTEGER NOT NULL DEFAULT 0,
    bytes INTEGER NOT NULL DEFAULT 0,
    loose INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE INDEX reports_loose ON reports (id) WHERE loose = 1;

  CREATE TABLE progress (report INTEGER PRIMARY KEY, codec TEXT NOT NULL, value TEXT NOT NULL) STRICT;

  CREATE TABLE chunks (place INTEGER PRIMARY KEY, codec TEXT NOT NULL, value TEXT NOT NULL) STRICT;

  CREATE TABLE tombstones (
    tenant TEXT NOT NULL,
    ref TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (tenant, ref)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX tombstones_expiry ON tombstones (expires_at);

  CREATE TABLE queues (name TEXT PRIMARY KEY, paused INTEGER NOT NULL DEFAULT 0, "limit" INTEGER) STRICT, WITHOUT ROWID;
  `,
]

/** The version that this package reads and writes. */
export const schemaVersion = migrations.length

/**
 * Brings a database to this version, in one transaction. It writes in any case, and so proves that it can.
 * @throws {StoreRefused} when the file belongs to another application, or to a newer version
 */
export function migrate(db: Database.Database): void {
  db.transaction(() => {
    const version = db.pragma('user_version', { simple: true }) as number
    const owner = db.pragma('application_id', { simple: true }) as number
    const tables = db.prepare('SELECT count(*) FROM sqlite_schema').pluck().get() as number
    if (tables > 0 && owner !== applicationId) throw new StoreRefused('it holds the tables of another application')
    if (version > schemaVersion) {
      throw new StoreRefused(`a newer version has written it (its schema is ${version}, this version knows ${schemaVersion})`)
    }
    for (const step of migrations.slice(version)) db.exec(step)
    db.pragma(`application_id = ${applicationId}`)
    db.pragma(`user_version = ${schemaVersion}`)
  }).immediate()
}
