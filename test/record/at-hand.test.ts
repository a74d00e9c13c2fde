import { expect, test } from 'vitest'
import { AtHand } from '../../src/record/at-hand.ts'
import { aStored } from '../run/runs.ts'

const aDelivery = (id: number, length: number) => aStored({ id, body: Buffer.alloc(length) })

test('the delivery of a run that waits is at hand once', () => {
  const atHand = new AtHand()
  const delivery = aDelivery(7, 100)
  atHand.keep(1, delivery)
  atHand.keep(2, delivery)
  expect(atHand.take(1)).toBe(delivery)
  expect(atHand.take(1)).toBeUndefined()
  expect(atHand.take(2)).toBe(delivery)
})

test('only so many bytes are kept, and there is room again for those that were taken', () => {
  const atHand = new AtHand()
  const large = 3 * 1024 * 1024
  for (const run of [1, 2, 3]) atHand.keep(run, aDelivery(run, large))
  expect(atHand.take(3)).toBeUndefined()
  expect(atHand.take(1)?.id).toBe(1)
  atHand.keep(4, aDelivery(4, large))
  expect([atHand.take(2)?.id, atHand.take(4)?.id]).toEqual([2, 4])
})
