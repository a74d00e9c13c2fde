/**
 * Forgejo, and Codeberg, which runs it. Like Gitea, with headers of its own beside Gitea's; in `create`
 * and `delete` its webhooks give the full ref where those of the type "Gitea" give the short name.
 * https://forgejo.org/docs/latest/user/webhooks
 */

import { giteaFamily } from './gitea-family.ts'

export const forgejo = giteaFamily({ name: 'forgejo', title: 'Forgejo' })
