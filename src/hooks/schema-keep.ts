/** What a user writes about how long things are kept: under "server", and of one hook. See schema.ts. */

import * as v from 'valibot'
import { duration, key, size } from './schema-parts.ts'

const age = duration

export const keep = v.strictObject(
  {
    bodies: key(
      'Payloads',
      'Payloads of deliveries, which running once more needs. Default: 14d.',
      age,
    ),
    output: key(
      'Output',
      'What runs wrote; of the last five runs of each hook it is kept longer. Default: 30d.',
      age,
    ),
    'output-size': key(
      'Size of output',
      'What all output together may take; the oldest goes first. Default: 1GiB.',
      size,
    ),
    history: key(
      'History',
      'Runs and deliveries themselves. By its id a delivery is known again for 90 days at least. Default: 180d.',
      age,
    ),
    refusals: key('Refusals', 'Counts of refused requests. Default: 14d.', age),
  },
  'an object such as { "output": "30d" }',
)

const runsWords = 'a number of runs; write a whole number from 1 to 10000'
const daysWords = 'a number of days; write a whole number from 1 to 3650'

export const hookKeep = v.strictObject(
  {
    runs: key(
      'Runs',
      'Only so many ended runs are kept, the newest, with their output.',
      v.pipe(
        v.number(runsWords),
        v.integer(runsWords),
        v.minValue(1, runsWords),
        v.maxValue(10_000, runsWords),
      ),
    ),
    days: key(
      'Days',
      'Runs and their output are kept so long, whatever the server says of "output" and "history".',
      v.pipe(
        v.number(daysWords),
        v.integer(daysWords),
        v.minValue(1, daysWords),
        v.maxValue(3650, daysWords),
      ),
    ),
  },
  'an object such as { "runs": 200, "days": 90 }',
)
