/** Marks a file as a database of Hearth ("Hrth"), see `PRAGMA application_id`. */
export const APPLICATION_ID = 0x48727468;

/**
 * The schema as a list of migrations. `PRAGMA user_version` counts the applied ones; released ones never change, later ones follow.
 * `message` holds the protobuf encoding; the other columns are for queries. Configs, results and logs refer to the row's integer key:
 * appending is cheap, and lists do not read them.
 */
export const migrations: readonly string[] = [
  `
  CREATE TABLE jobs (
    key INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    request_id TEXT,
    state INTEGER NOT NULL,
    context_id TEXT NOT NULL,
    context TEXT NOT NULL,
    binary TEXT NOT NULL,
    binary_digest TEXT NOT NULL,
    end_ms INTEGER,
    revision INTEGER NOT NULL,
    message BLOB NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX jobs_by_request ON jobs (request_id) WHERE request_id IS NOT NULL;
  CREATE INDEX jobs_by_state ON jobs (state, id);
  CREATE INDEX jobs_by_context ON jobs (context, id);
  CREATE INDEX jobs_by_context_id ON jobs (context_id, id);
  CREATE INDEX jobs_by_binary ON jobs (binary, id);
  CREATE INDEX jobs_by_end ON jobs (end_ms, id, state) WHERE end_ms IS NOT NULL;

  CREATE TABLE job_configs (job_key INTEGER PRIMARY KEY, config BLOB NOT NULL) STRICT;
  CREATE TABLE job_results (job_key INTEGER PRIMARY KEY, result BLOB NOT NULL) STRICT;
  CREATE TABLE job_logs (
    job_key INTEGER NOT NULL,
    number INTEGER NOT NULL,
    message BLOB NOT NULL,
    PRIMARY KEY (job_key, number)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE contexts (
    key INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    state INTEGER NOT NULL,
    is_final INTEGER NOT NULL,
    end_ms INTEGER,
    revision INTEGER NOT NULL,
    message BLOB NOT NULL
  ) STRICT;
  CREATE INDEX contexts_by_name ON contexts (name, id);
  CREATE INDEX contexts_by_state ON contexts (state, id);
  CREATE INDEX contexts_by_end ON contexts (end_ms, id, state) WHERE end_ms IS NOT NULL;
  CREATE INDEX contexts_not_final ON contexts (name) WHERE is_final = 0;

  CREATE TABLE binary_names (name TEXT PRIMARY KEY, last_version INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE binaries (
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    digest TEXT NOT NULL,
    bundle_digest TEXT NOT NULL,
    source_map_digest TEXT NOT NULL,
    message BLOB NOT NULL,
    PRIMARY KEY (name, version)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX binaries_by_digest ON binaries (digest);
  CREATE INDEX binaries_by_bundle_digest ON binaries (bundle_digest);
  CREATE INDEX binaries_by_source_map_digest ON binaries (source_map_digest);

  CREATE TABLE files (name TEXT PRIMARY KEY, digest TEXT NOT NULL, message BLOB NOT NULL) STRICT, WITHOUT ROWID;
  CREATE INDEX files_by_digest ON files (digest);
  `,
  `
  CREATE TABLE audit (
    id TEXT PRIMARY KEY,
    principal TEXT NOT NULL,
    message BLOB NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX audit_by_principal ON audit (principal, id);
  `,
  // A separate table: few jobs have a blob as result. Existing digests are extracted from the messages: field 3 of JobResult, 71 bytes that
  // begin with "sha256:".
  `
  CREATE TABLE job_result_digests (job_key INTEGER PRIMARY KEY, digest TEXT NOT NULL) STRICT;
  CREATE INDEX job_result_digests_by_digest ON job_result_digests (digest);
  INSERT INTO job_result_digests
    SELECT key, CAST(substr(message, instr(message, x'1a477368613235363a') + 2, 71) AS TEXT) FROM jobs
    WHERE instr(message, x'1a477368613235363a') > 0;
  `,
  // Events to publish, stored with the changes that they report.
  `
  CREATE TABLE outbox (id TEXT PRIMARY KEY, subject TEXT NOT NULL, payload TEXT NOT NULL) STRICT, WITHOUT ROWID;
  `,
];
