// A disk that takes files and cannot flush them, for LD_PRELOAD: fsync fails with EIO for a file.
#include <errno.h>
#include <sys/stat.h>

int fsync(int descriptor) {
    struct stat status;
    if (fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) return 0;
    errno = EIO;
    return -1;
}
