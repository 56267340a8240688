// A disk that fails when it is to keep what was written, for LD_PRELOAD.
#include <errno.h>

int fsync(int descriptor) {
    (void)descriptor;
    errno = EIO;
    return -1;
}
