/**
 * Gitea. A pushed tag arrives twice, as `create` and as `push`, so `tag` means the push alone; a deletion
 * arrives as `delete` only. *Test Delivery* sends a real push of the default branch: it deploys.
 * https://docs.gitea.com/usage/webhooks
 */

import { giteaFamily } from './gitea-family.ts'

export const gitea = giteaFamily({ name: 'gitea', title: 'Gitea' })
