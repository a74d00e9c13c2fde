/** What runs wrote, and how much of it is kept: part of the first step of schema.ts. */

const most = 9_007_199_254_740_991

/** Of a run's row: the bytes of its output that are kept. */
const keptOf = (row: 'OLD' | 'NEW') => `CASE
    WHEN ${row}.finished_at IS NOT NULL AND ${row}.output_removed_at IS NULL
    THEN greatest(${row}.output_bytes - ${row}.output_cut, 0) ELSE 0 END`

/**
 * A sum over all runs would cost more the longer the history is, and one row with the sum would be waited for by every
 * end of a run. So each change is a row, and whoever asks adds them up to one (kept-outputs.ts). The database itself
 * writes them, whichever statement changes a run.
 */
export const outputTables = `
  -- By the offset of each piece in the whole stream; what was cut out is missing.
  CREATE TABLE runhook.outputs (
    run_id BIGINT NOT NULL,
    at BIGINT NOT NULL,
    bytes BYTEA NOT NULL,
    PRIMARY KEY (run_id, at),
    -- At -1 is the line that stands for a gap: see pieces.ts.
    CHECK (run_id BETWEEN 1 AND ${most}), CHECK (at BETWEEN -1 AND ${most})
  );
  ALTER TABLE runhook.outputs ALTER COLUMN bytes SET STORAGE EXTERNAL;

  CREATE TABLE runhook.output_changes (bytes NUMERIC NOT NULL);
  CREATE FUNCTION runhook.note_output() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE change NUMERIC := 0;
    BEGIN
      IF TG_OP <> 'DELETE' THEN change := ${keptOf('NEW')}; END IF;
      IF TG_OP <> 'INSERT' THEN change := change - ${keptOf('OLD')}; END IF;
      IF change <> 0 THEN INSERT INTO runhook.output_changes VALUES (change); END IF;
      RETURN NULL;
    END $$;
  CREATE TRIGGER output_of_new AFTER INSERT ON runhook.runs FOR EACH ROW
    WHEN (${keptOf('NEW')} <> 0) EXECUTE FUNCTION runhook.note_output();
  CREATE TRIGGER output_of_changed AFTER UPDATE ON runhook.runs FOR EACH ROW
    WHEN (${keptOf('NEW')} <> ${keptOf('OLD')}) EXECUTE FUNCTION runhook.note_output();
  CREATE TRIGGER output_of_gone AFTER DELETE ON runhook.runs FOR EACH ROW
    WHEN (${keptOf('OLD')} <> 0) EXECUTE FUNCTION runhook.note_output();
`
