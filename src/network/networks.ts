/** The network an address is in: enough to see a pattern, too little to know a person by. */

/** `203.0.113.0/24`, also of an IPv4 address as IPv6 writes it; of IPv6 `2001:db8:0:1::/64`. */
export function networkOf(address: string): string {
  const [, v4] = /^(?:::ffff:)?(\d{1,3}\.\d{1,3}\.\d{1,3})\.\d{1,3}$/i.exec(address) ?? []
  if (v4 !== undefined) return `${v4}.0/24`
  if (!/^[0-9a-f:]+(%.*)?$/i.test(address)) return address
  const [head = '', tail] = (address.split('%')[0] ?? '').split('::')
  const before = groupsOf(head)
  const after = groupsOf(tail ?? '')
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length)
  const groups = [...before, ...Array<string>(zeros).fill('0'), ...after]
  return `${groups.slice(0, 4).join(':')}::/64`
}

function groupsOf(text: string): string[] {
  return text === '' ? [] : text.split(':').map((group) => group.replace(/^0+(?=.)/, ''))
}
