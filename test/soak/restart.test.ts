import { needs } from '../needs.ts'
import { restartUnderLoad } from '../restart.ts'

needs('python3')(
  'restarted twenty times under load: none is refused, none reset, each runs once',
  () => restartUnderLoad(20),
)
