/**
 * "Did you mean": the word somebody probably wanted instead of one that is not known. First the words of
 * other tools, which no spelling distance would find (`cwd`, `execute-command`), then the nearest spelling.
 */

/** The nearest of the known words, or null when none is near enough to be worth a guess. */
export function suggest(word: string, known: readonly string[]): string | null {
  const key = normalised(word)
  const same = known.find((candidate) => normalised(candidate) === key)
  if (same !== undefined) return same
  const synonym = synonyms.get(key)?.find((candidate) => known.includes(candidate))
  return synonym ?? nearest(key, known)
}

/** `"branches" or "tags"`: words as a person would list them. */
export function either(words: readonly string[]): string {
  return listed(words, 'or')
}

export function listed(words: readonly string[], joint: 'or' | 'and'): string {
  const quoted = words.map((word) => `"${word}"`)
  return quoted.length < 2
    ? quoted.join('')
    : `${quoted.slice(0, -1).join(', ')} ${joint} ${quoted.at(-1)}`
}

/** Camel case and underscores are how other tools spell our dashes. */
function normalised(word: string): string {
  return word
    .replace(/([a-z])([A-Z])/g, '$1-$2')
    .replaceAll('_', '-')
    .toLowerCase()
}

const synonyms = new Map(
  Object.entries({
    runs: 'count number builds max-runs',
    run: 'cmd commands exec execute execute-command script scripts shell-command do action actions',
    command: 'argv args',
    'working-directory': 'cwd dir directory workdir working-dir path chdir folder',
    on: 'event events trigger triggers when',
    repo: 'repository repositories repos source project',
    url: 'endpoint path route uri',
    secret: 'password secrets key webhook-secret hmac signing-secret',
    token: 'bearer api-key tokens',
    users: 'basic-auth basic credentials htpasswd user accounts logins',
    'allow-from':
      'allow allowlist ip-allowlist whitelist ip-whitelist networks allowed-ips ips cidr',
    'status-codes': 'status statuses exit-codes http-status success-http-response-code',
    'response-headers': 'headers',
    cache: 'ttl cache-for cache-ttl max-age',
    'on-disconnect': 'on-abort disconnect',
    'trusted-proxies': 'proxies trust-proxy trusted-proxy proxy',
    dashboard: 'ui web-ui admin pages console panel',
    login: 'auth authentication sign-in proxy-auth proxy-login',
    oidc: 'openid openid-connect oauth oauth2 sso single-sign-on idp identity-provider',
    issuer: 'issuer-url url provider discovery-url authority endpoint',
    'client-id': 'client id app-id application-id',
    'client-secret': 'secret app-secret',
    scopes: 'scope',
    'name-claim': 'username-claim user-claim username name-attribute preferred-username',
    session: 'session-lifetime lifetime max-age session-timeout ttl',
    'proxy-header': 'header user-header remote-user auth-header forward-auth',
    role: 'default-role permission group',
    roles: 'permissions groups admins',
    'max-length': 'maxlength max length longest',
    timeout: 'timeout-minutes timeout-seconds time-limit deadline',
    env: 'environment variables vars',
    respond: 'response include-command-output-in-response stream-command-output output stream',
    concurrency: 'queue-policy policy lock',
    branches: 'branch ref refs',
    'branches-ignore': 'ignore-branches branch-ignore exclude-branches',
    tags: 'tag',
    'tags-ignore': 'ignore-tags tag-ignore',
    paths: 'path files file',
    'paths-ignore': 'ignore-paths path-ignore ignore',
    types: 'type action actions',
    enabled: 'active disabled',
    badge: 'shield status-badge public-badge',
    'cancel-in-progress': 'cancel',
    'public-url': 'url base-url external-url',
    'max-parallel': 'parallel workers jobs concurrency rolling batch-size',
    'max-waiting': 'queue-size queue-limit max-queue max-queued max-pending backlog',
    'on-failure': 'on-error rollback catch failure on-fail if-failed',
    'on-success': 'then success after post finally',
    retry: 'retries attempts retry-on',
    times: 'attempts max-attempts count max max-retries retries limit',
    delay: 'backoff wait interval sleep',
    'continue-on-error': 'ignore-errors ignore-error ignore-failure allow-failure',
    labels: 'label tags tag roles runs-on',
    name: 'title label description',
    drain: 'grace grace-period shutdown-timeout drain-timeout',
    keep: 'retention history expire cleanup prune',
    bodies: 'payloads payload body deliveries',
    output: 'logs log outputs',
    'output-size': 'size max-size log-size output-bytes',
    refusals: 'refused rejects rejected',
    days: 'retention-days age max-age max-days',
    data: 'data-dir data-directory state state-directory',
    host: 'bind address listen hostname ip',
    manual: 'workflow-dispatch dispatch button',
    pull_request: 'pr pullrequest merge-request',
    sha: 'commit commit-sha revision rev after',
    payload: 'body json data',
    header: 'headers',
    database:
      'db dsn pg postgres postgresql database-url postgres-url connection-string connection db-url',
    'runs-on': 'runson worker node nodes tags label labels machine machines runner on-worker',
    every: 'all each',
    strategy: 'matrix rolling rollout',
    'catch-up': 'catchup late-joiners missed',
    'fail-fast': 'failfast stop-on-failure stop-on-error',
    lease: 'heartbeat heartbeat-timeout lease-time ttl',
    allow: 'allow-list allowlist allowed allowed-hooks only',
    seal: 'seal-key sealing sign-runs hmac',
    inputs: 'input parameters params',
    hooks: 'hook webhooks',
    hosts: 'providers sources',
    server: 'http listen settings',
    options: 'choices values enum',
    user: 'run-as runas uid username account sudo as-user owner',
    umask: 'mask file-mode permissions',
    nice: 'niceness priority cpu-priority renice',
    limits: 'limit ulimit resources rlimits resource-limits quota',
    memory: 'mem ram memory-limit memory-max mem-limit',
    pids: 'processes pids-limit nproc pids-max tasks max-processes threads',
    'open-files': 'nofile files fds open-files-limit max-open-files',
    leftovers: 'kill-mode orphans daemons background leftover children keep-alive',
    pidfile: 'pid pid-file file',
    signal: 'kill',
  }).reduce(addSynonyms, new Map<string, string[]>()),
)

function addSynonyms(
  table: Map<string, string[]>,
  [word, others]: readonly [string, string],
): Map<string, string[]> {
  for (const other of others.split(' ')) table.set(other, [...(table.get(other) ?? []), word])
  return table
}

function nearest(word: string, known: readonly string[]): string | null {
  const limit = word.length <= 3 ? 1 : 2
  const ranked = known
    .map((candidate) => ({ candidate, far: distance(word, normalised(candidate), limit) }))
    .filter(({ far }) => far <= limit)
    .sort((a, b) => a.far - b.far)
  return ranked[0]?.candidate ?? null
}

/** Levenshtein's distance, row by row. A word longer than any of ours is simply far away. */
function distance(from: string, to: string, limit: number): number {
  if (Math.abs(from.length - to.length) > limit) return limit + 1
  let row = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (const [i, a] of Array.from(from).entries()) {
    const next = [i + 1]
    for (const [j, b] of Array.from(to).entries()) {
      const swap = (row[j] ?? 0) + (a === b ? 0 : 1)
      next.push(Math.min(swap, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1))
    }
    row = next
  }
  return row.at(-1) ?? 0
}
