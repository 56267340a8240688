// A read-only file system below the folder READONLY, for LD_PRELOAD, as far as making folders goes:
// mkdir fails with EROFS where the folder above is there, and with ENOENT where it is not.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int mkdir(const char *path, unsigned mode) {
    const char *place = getenv("READONLY");
    if (place == NULL || strncmp(path, place, strlen(place)) != 0) {
        int (*real)(const char *, unsigned) = (int (*)(const char *, unsigned))dlsym(RTLD_NEXT, "mkdir");
        return real(path, mode);
    }
    char copy[PATH_MAX];
    strncpy(copy, path, sizeof copy - 1);
    copy[sizeof copy - 1] = '\0';
    if (access(path, F_OK) == 0) {
        errno = EEXIST;
    } else {
        errno = access(dirname(copy), F_OK) == 0 ? EROFS : ENOENT;
    }
    return -1;
}
