/** Where a hook runs. */

import { DEFAULT_LABEL, type Placement } from '../model/hook.ts'

/** Of a hook that says nothing of it. */
export const anywhere: Placement = {
  label: DEFAULT_LABEL,
  every: false,
  catchUp: false,
  maxParallel: null,
  failFast: false,
}
