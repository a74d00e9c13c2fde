/** The option by which verbs that judge a hooks file are told for which machine of a fleet. */

import { Option } from 'commander'

export function roleOption(): Option {
  return new Option('--role <role>', 'judge for one machine of a fleet (default: all)').choices([
    'all',
    'worker',
    'receiver',
  ])
}
