/**
 * System calls that fail at any point of a server's work, a few of each kind; all up to the sixtieth are in
 * soak/faults.test.ts. What must hold after each is in faults.ts; a disk that fails to sync in durable.test.ts.
 */

import { FAULTS, faultsTest } from './faulty.ts'

const NUMBERS = [1, 2, 5, 13, 20]

for (const fault of FAULTS) faultsTest(fault, NUMBERS)
