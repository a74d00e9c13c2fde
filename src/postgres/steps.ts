/** Steps of a run, as statements write them: again and again, until they have ended. */

/** Of the run `run`; `json` is a recordset of StepRecord, `where` joins or filters. */
export const upsertSteps = (run: string, json: string, where = '') => `
  INSERT INTO runhook.steps (run_id, number, phase, name, title, status, reason, started_at, finished_at,
    exit_code, signal, output_from, output_to)
  SELECT ${run}, s.number, s.phase, s.name, s.title, s.status, s.reason, s."startedAt", s."finishedAt",
    s."exitCode", s.signal, s."outputFrom", s."outputTo"
  FROM json_to_recordset(${json}::json) AS s (number integer, phase text, name text, title text, status text,
    reason text, "startedAt" bigint, "finishedAt" bigint, "exitCode" integer, signal text,
    "outputFrom" bigint, "outputTo" bigint) ${where}
  ON CONFLICT (run_id, number) DO UPDATE SET status = excluded.status, reason = excluded.reason,
    finished_at = excluded.finished_at, exit_code = excluded.exit_code, signal = excluded.signal,
    output_from = excluded.output_from, output_to = excluded.output_to`
