// prctl(2) takes a variable number of arguments, which Swift cannot call.
#include "cbase.h"

#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

int cbase_end_with_parent(int32_t parent, int32_t signal) {
    if (prctl(PR_SET_PDEATHSIG, (unsigned long)signal) != 0) return 0;
    // It may have died before the call, and its children have another parent since.
    return getppid() == (pid_t)parent;
}
