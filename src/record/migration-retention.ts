/** The schema's step for what is removed with time. See migrations.ts and retention.ts. */
export const retentionStep = `
  -- Null while it is kept. By these two indexes what is old is found without looking at the rest.
  ALTER TABLE deliveries ADD COLUMN body_removed_at INTEGER;
  CREATE INDEX deliveries_with_body ON deliveries (received_at) WHERE body_removed_at IS NULL;
  ALTER TABLE runs ADD COLUMN output_removed_at INTEGER;
  CREATE INDEX runs_with_output ON runs (finished_at)
    WHERE finished_at IS NOT NULL AND output_removed_at IS NULL;

  -- What a repeat must still be known by when the run itself is gone; as old as its delivery.
  CREATE TABLE pruned_runs (
    delivery_id INTEGER NOT NULL REFERENCES deliveries (id),
    hook TEXT NOT NULL,
    update_index INTEGER NOT NULL,
    id INTEGER NOT NULL,
    status TEXT NOT NULL,
    PRIMARY KEY (delivery_id, hook, update_index, id)
  ) STRICT, WITHOUT ROWID;

  -- When the text was last in use: no run that began later has it.
  ALTER TABLE configs ADD COLUMN used_at INTEGER NOT NULL DEFAULT 0;
  UPDATE configs SET used_at = unixepoch() * 1000;
`
