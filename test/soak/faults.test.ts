import { FAULTS, faultsTest } from '../faulty.ts'

/** `FAULTS_UP_TO=3` for a short one. */
const UP_TO = Number(process.env.FAULTS_UP_TO ?? 60)
const numbers = Array.from({ length: UP_TO }, (_, index) => index + 1)

for (const fault of FAULTS) faultsTest(fault, numbers)
