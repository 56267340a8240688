// A file system without locks, for LD_PRELOAD: flock fails with FLOCK_ERRNO, by default ENOSYS.
#include <errno.h>
#include <stdlib.h>

int flock(int descriptor, int operation) {
    (void)descriptor;
    (void)operation;
    const char *code = getenv("FLOCK_ERRNO");
    errno = code ? atoi(code) : ENOSYS;
    return -1;
}
