// What has to happen before the libraries of this process are initialised. Nothing here is called:
// a program gets it by being linked with it.
#ifndef CSTARTUP_H
#define CSTARTUP_H

/// How often libgomp's threads look at a barrier before they sleep, unless the user says otherwise
/// by GOMP_SPINCOUNT or OMP_WAIT_POLICY.
///
/// libgomp's own 300,000 rounds are milliseconds. Where another process has the core of the thread
/// that is waited for, they are taken from that very process's turn, at each of the thousand
/// barriers of a training step. tools/bench-busy measures what this comes to.
#define CSTARTUP_SPIN_COUNT "1000"

#endif
