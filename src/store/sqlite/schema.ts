/**
 * The migrations from an empty file to the current schema; a file's `user_version` counts those that have run. A
 * released migration never changes: add another one.
 *
 * Instants are milliseconds since the Unix epoch. Tables with few or small rows are stored in the order of their key
 * (WITHOUT ROWID); tables with long rows are not, as random keys would scatter them.
 */
export const migrations: readonly string[] = [
  // Every table begins its key with the tenant, so that no look-up can see another tenant's rows. Rows that end have an
  // index by their end, which the sweeper reads.
  `
  CREATE TABLE keys (
    tenant      TEXT    NOT NULL,
    use         TEXT    NOT NULL,
    generation  INTEGER NOT NULL,
    algorithm   TEXT    NOT NULL,
    sealed      TEXT    NOT NULL,
    created_at  INTEGER NOT NULL,
    activate_at INTEGER NOT NULL,
    request     TEXT,
    PRIMARY KEY (tenant, use, generation)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE families (
    tenant     TEXT    NOT NULL,
    id         TEXT    NOT NULL,
    client     TEXT    NOT NULL,
    namespace  TEXT,
    subject    TEXT,
    generation INTEGER NOT NULL,
    rotated_at INTEGER NOT NULL,
    mark       TEXT    NOT NULL,
    minted_at  INTEGER NOT NULL,
    revoked_at INTEGER,
    expires_at INTEGER NOT NULL,
    purge_at   INTEGER NOT NULL,
    decision   TEXT    NOT NULL,
    PRIMARY KEY (tenant, id)
  ) STRICT;
  CREATE INDEX families_by_purge ON families (purge_at);

  CREATE TABLE reference_tokens (
    tenant     TEXT    NOT NULL,
    digest     TEXT    NOT NULL,
    claims     TEXT    NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (tenant, digest)
  ) STRICT;
  CREATE INDEX reference_tokens_by_expiry ON reference_tokens (expires_at);

  CREATE TABLE revocations (
    tenant     TEXT    NOT NULL,
    id         TEXT    NOT NULL,
    not_after  INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (tenant, id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX revocations_by_expiry ON revocations (expires_at);

  CREATE TABLE meta (
    tenant TEXT NOT NULL,
    name   TEXT NOT NULL,
    value  REAL NOT NULL,
    PRIMARY KEY (tenant, name)
  ) STRICT, WITHOUT ROWID;
  `,
  // Rows without a MAC are those of earlier versions: they are accepted until a date that the keys' reseal sets.
  `
  ALTER TABLE families ADD COLUMN mac TEXT;
  ALTER TABLE reference_tokens ADD COLUMN mac TEXT;
  `,
  // Whose quota a row counts towards. Older rows name no client, and count towards nobody's.
  `
  ALTER TABLE reference_tokens ADD COLUMN client TEXT;
  ALTER TABLE revocations ADD COLUMN client TEXT;
  CREATE INDEX families_by_client ON families (tenant, client);
  CREATE INDEX reference_tokens_by_client ON reference_tokens (tenant, client);
  CREATE INDEX revocations_by_client ON revocations (tenant, client);
  `,
  // With the end, so that a count reads the index alone.
  `
  DROP INDEX families_by_client;
  DROP INDEX reference_tokens_by_client;
  DROP INDEX revocations_by_client;
  CREATE INDEX families_by_client ON families (tenant, client, purge_at);
  CREATE INDEX reference_tokens_by_client ON reference_tokens (tenant, client, expires_at);
  CREATE INDEX revocations_by_client ON revocations (tenant, client, expires_at);
  `,
  // What the processes that share the file count for limits. The ids are digests: a row names no client and no address.
  `
  CREATE TABLE tallies (
    tenant     TEXT    NOT NULL,
    id         TEXT    NOT NULL,
    count      INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (tenant, id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX tallies_by_expiry ON tallies (expires_at);
  `,
  // What operators register at run time. The newest revision has a row of its own, as it outlives the rows.
  `
  CREATE TABLE registrations (
    kind       TEXT    NOT NULL,
    tenant     TEXT    NOT NULL,
    id         TEXT    NOT NULL,
    revision   INTEGER NOT NULL,
    document   TEXT    NOT NULL,
    etag       TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER,
    purge_at   INTEGER NOT NULL,
    mac        TEXT    NOT NULL,
    PRIMARY KEY (kind, tenant, id)
  ) STRICT;
  CREATE UNIQUE INDEX registrations_by_revision ON registrations (revision);
  CREATE INDEX registrations_by_purge ON registrations (purge_at);

  CREATE TABLE registry (
    only_row INTEGER NOT NULL PRIMARY KEY CHECK (only_row = 1),
    revision INTEGER NOT NULL
  ) STRICT;
  INSERT INTO registry (only_row, revision) VALUES (1, 0);
  `,
  // For lists of grants, the last minted first.
  `
  CREATE INDEX families_listed_by_client ON families (tenant, client, minted_at, id);
  CREATE INDEX families_listed_by_subject ON families (tenant, subject, minted_at, id) WHERE subject IS NOT NULL;
  `,
];
