/**
 * The schema as a list of migrations. `hearth_schema` counts the applied ones; released ones never change, later ones follow. `message`
 * holds the protobuf encoding; the other columns are for queries. All text is compared as UTF-8 bytes, regardless of the database's locale.
 */
export const migrations: readonly string[] = [
  `
  CREATE TABLE jobs (
    id text COLLATE "C" PRIMARY KEY,
    request_id text COLLATE "C" UNIQUE,
    state integer NOT NULL,
    context_id text COLLATE "C" NOT NULL,
    context text COLLATE "C" NOT NULL,
    "binary" text COLLATE "C" NOT NULL,
    binary_digest text COLLATE "C" NOT NULL,
    result_digest text COLLATE "C",
    end_ms bigint,
    revision bigint NOT NULL,
    message bytea NOT NULL,
    config bytea NOT NULL,
    result bytea
  );
  CREATE INDEX jobs_by_state ON jobs (state, id);
  CREATE INDEX jobs_by_context ON jobs (context, id);
  CREATE INDEX jobs_by_context_id ON jobs (context_id, id);
  CREATE INDEX jobs_by_binary ON jobs ("binary", id);
  CREATE INDEX jobs_by_end ON jobs (end_ms) WHERE end_ms IS NOT NULL;
  CREATE INDEX jobs_by_result_digest ON jobs (result_digest) WHERE result_digest IS NOT NULL;

  CREATE TABLE job_logs (
    job_id text COLLATE "C" NOT NULL,
    number bigint NOT NULL,
    message bytea NOT NULL,
    PRIMARY KEY (job_id, number)
  );

  CREATE TABLE contexts (
    id text COLLATE "C" PRIMARY KEY,
    name text COLLATE "C" NOT NULL,
    state integer NOT NULL,
    is_final boolean NOT NULL,
    end_ms bigint,
    revision bigint NOT NULL,
    message bytea NOT NULL
  );
  CREATE INDEX contexts_by_name ON contexts (name, id);
  CREATE INDEX contexts_by_state ON contexts (state, id);
  CREATE INDEX contexts_by_end ON contexts (end_ms) WHERE end_ms IS NOT NULL;
  CREATE INDEX contexts_not_final ON contexts (name) WHERE NOT is_final;

  CREATE TABLE binary_names (name text COLLATE "C" PRIMARY KEY, last_version integer NOT NULL);
  CREATE TABLE binaries (
    name text COLLATE "C" NOT NULL,
    version integer NOT NULL,
    digest text COLLATE "C" NOT NULL,
    bundle_digest text COLLATE "C" NOT NULL,
    source_map_digest text COLLATE "C" NOT NULL,
    message bytea NOT NULL,
    PRIMARY KEY (name, version)
  );
  CREATE INDEX binaries_by_digest ON binaries (digest);
  CREATE INDEX binaries_by_bundle_digest ON binaries (bundle_digest);
  CREATE INDEX binaries_by_source_map_digest ON binaries (source_map_digest);

  CREATE TABLE files (name text COLLATE "C" PRIMARY KEY, digest text COLLATE "C" NOT NULL, message bytea NOT NULL);
  CREATE INDEX files_by_digest ON files (digest);

  CREATE TABLE audit (id text COLLATE "C" PRIMARY KEY, principal text COLLATE "C" NOT NULL, message bytea NOT NULL);
  CREATE INDEX audit_by_principal ON audit (principal, id);
  `,
  // Events to publish, stored with the changes that they report.
  `
  CREATE TABLE outbox (id text COLLATE "C" PRIMARY KEY, subject text NOT NULL, payload text NOT NULL);
  `,
];
