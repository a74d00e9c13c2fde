/**
 * Gogs. A pushed tag arrives as `create` and never as `push`: matching takes that `create` for the tag's
 * push (hooks/match.ts). At most five commits are listed, so a longer push gives no sure list of files.
 * https://gogs.io/advancing/webhooks
 */

import { giteaFamily } from './gitea-family.ts'

export const gogs = giteaFamily({ name: 'gogs', title: 'Gogs' })
