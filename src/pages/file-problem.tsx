/** That the hooks file was changed and could not be taken over: everything else shown is of the one before. */

import type { Visitor } from '../access/visitor.ts'
import { reaches } from '../record/tokens.ts'
import { Icon } from './icons.tsx'
import type { HooksFile } from './parts.ts'
import { When } from './times.tsx'
import { Plain, Pre } from './visible.tsx'

/** Lines of the file stand among the mistakes, so they are for those who may start what it says. */
export function FileProblem(props: { file: HooksFile; visitor: Visitor; now: number }) {
  const { file, visitor, now } = props
  const { problem, mistakes, since } = file
  if (problem === null) return null
  const shown = mistakes !== null && reaches(visitor.role, 'operator')
  return (
    <div class="notice s-failure file-problem" role="status">
      <Icon name="interrupted" />
      <div>
        <p>
          The hooks file on disk is not the one in use: <Plain text={problem} />. What is in use was
          taken over <When at={since} now={now} />.
        </p>
        {shown ? (
          <Pre look="mistakes" label="The mistakes in the hooks file">
            <Plain text={mistakes} />
          </Pre>
        ) : null}
      </div>
    </div>
  )
}
