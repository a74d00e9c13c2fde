import { test } from 'vitest'
import { strangersFlood } from '../strangers.ts'

test('fifty thousand forged deliveries', () => strangersFlood(50_000, 1000))
