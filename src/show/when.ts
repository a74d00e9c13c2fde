/** Times and durations as people say them. */

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

export function ago(time: number, now: number): string {
  const passed = Math.max(0, now - time)
  if (passed < 5000) return 'just now'
  if (passed < MINUTE) return `${Math.floor(passed / 1000)}s ago`
  if (passed < HOUR) return `${Math.floor(passed / MINUTE)}m ago`
  if (passed < DAY) return `${Math.floor(passed / HOUR)}h ago`
  if (passed < 2 * DAY) return 'yesterday'
  if (passed < 30 * DAY) return `${Math.floor(passed / DAY)}d ago`
  return stamp(time).slice(0, 10)
}

/** `2026-11-23 14:32:15`, in the time zone of the reader. */
export function stamp(time: number): string {
  const date = new Date(time)
  const two = (number: number) => String(number).padStart(2, '0')
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-')
  return `${day} ${[date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':')}`
}

/** `0.8s`, `41s`, `2m5s`, `1h30m`: no more digits than anybody reads. */
export function took(milliseconds: number): string {
  const tenths = Math.round(Math.max(0, milliseconds) / 100)
  if (tenths < 100) return `${(tenths / 10).toFixed(1)}s`
  const seconds = Math.round(milliseconds / 1000)
  if (seconds < 60) return `${seconds}s`
  if (seconds < 3600) return pair(Math.floor(seconds / 60), 'm', seconds % 60, 's')
  return pair(Math.floor(seconds / 3600), 'h', Math.floor((seconds % 3600) / 60), 'm')
}

function pair(large: number, unit: string, small: number, lesser: string): string {
  return small === 0 ? `${large}${unit}` : `${large}${unit}${small}${lesser}`
}

export function bytes(count: number): string {
  if (count < 1000) return count === 1 ? '1 byte' : `${count} bytes`
  if (count < 999_950) return `${(count / 1000).toFixed(1)} kB`
  return `${(count / 1_000_000).toFixed(1)} MB`
}
