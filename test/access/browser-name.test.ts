/** Where somebody is signed in, in words that he knows his browsers by. */

import { expect, test } from 'vitest'
import { browserName } from '../../src/access/browser-name.ts'

const likeGecko = 'AppleWebKit/537.36 (KHTML, like Gecko)'

test.each([
  [
    'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0',
    'Firefox 145 on Linux',
  ],
  [
    `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${likeGecko} Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0`,
    'Edge 142 on Windows',
  ],
  [
    `Mozilla/5.0 (Linux; Android 10; K) ${likeGecko} Chrome/142.0.0.0 Mobile Safari/537.36`,
    'Chrome 142 on Android',
  ],
  [
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Mobile/15E148 Safari/604.1',
    'Safari 26 on iPhone',
  ],
  [
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Safari/605.1.15',
    'Safari 26 on macOS',
  ],
  ['curl/7.88.1', 'curl/7.88.1'],
  ['', ''],
  ['<b>Firefox</b>', '<b>Firefox</b>'],
])('%s', (userAgent, name) => {
  expect(browserName(userAgent)).toBe(name)
})
