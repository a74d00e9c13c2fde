import { test } from 'vitest'
import { strangersFlood } from './strangers.ts'

test(
  'ten thousand forged deliveries: the real ones are served, and little of the others is kept',
  () => strangersFlood(10_000, 200),
  120_000,
)
