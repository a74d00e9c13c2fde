/** What people call their browser, of what it calls itself: `Firefox 145 on Linux`. */

/** The first that fits: those that are built on others name these too. */
const browsers: readonly (readonly [name: string, version: RegExp])[] = [
  ['Edge', /\bEdg(?:A|iOS)?\/(\d+)/],
  ['Opera', /\bOPR\/(\d+)/],
  ['Samsung Internet', /\bSamsungBrowser\/(\d+)/],
  ['Firefox', /\b(?:Firefox|FxiOS)\/(\d+)/],
  ['Chrome', /\b(?:HeadlessChrome|Chrome|CriOS)\/(\d+)/],
  ['Safari', /\bVersion\/(\d+)[\d.]* (?:Mobile\/\S+ )?Safari\//],
]

const systems: readonly (readonly [name: string, sign: RegExp])[] = [
  ['Android', /\bAndroid\b/],
  ['iPhone', /\biPhone\b/],
  ['iPad', /\biPad\b/],
  ['Windows', /\bWindows\b/],
  ['macOS', /\bMacintosh\b/],
  ['ChromeOS', /\bCrOS\b/],
  ['Linux', /\bLinux\b/],
]

/** Whatever is no browser that it knows stays as it is. */
export function browserName(userAgent: string): string {
  const [found] = browsers.flatMap(([name, version]) => {
    const [, number] = version.exec(userAgent) ?? []
    return number === undefined ? [] : [`${name} ${number}`]
  })
  if (found === undefined) return userAgent
  const system = systems.find(([, sign]) => sign.test(userAgent))
  return system ? `${found} on ${system[0]}` : found
}
