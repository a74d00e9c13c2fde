/** How a process that serves is asked to stop. */

/**
 * The first signal starts the stop, a second one cuts its patience short, a third ends the process. Heeded
 * before anything is served, so that none of them ends the process between a delivery and its answer.
 */
export function stopSignal(): { asked: Promise<string>; signal: AbortSignal; hurry: () => void } {
  const { promise, resolve: ask } = Promise.withResolvers<string>()
  const controller = new AbortController()
  const stop = { asked: promise, signal: controller.signal, hurry: () => {} }
  let count = 0
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      count += 1
      if (count === 1) {
        ask(signal)
        controller.abort()
      } else if (count === 2) stop.hurry()
      else process.exit(130)
    })
  }
  return stop
}
