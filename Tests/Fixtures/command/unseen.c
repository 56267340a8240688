// A file of which nothing can be learnt, for LD_PRELOAD: stat and open fail with EIO for paths that
// end in UNSEEN.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int is_unseen(const char *path) {
    const char *name = getenv("UNSEEN");
    size_t length = strlen(path), end = name ? strlen(name) : 0;
    if (end == 0 || length < end || strcmp(path + length - end, name) != 0) return 0;
    errno = EIO;
    return 1;
}

int stat(const char *path, struct stat *status) {
    if (is_unseen(path)) return -1;
    int (*real)(const char *, struct stat *) =
        (int (*)(const char *, struct stat *))dlsym(RTLD_NEXT, "stat");
    return real(path, status);
}

static int open_with(const char *symbol, const char *path, int flags, unsigned mode) {
    if (is_unseen(path)) return -1;
    int (*real)(const char *, int, ...) = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, symbol);
    return real(path, flags, mode);
}

int open(const char *path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    unsigned mode = va_arg(arguments, unsigned);
    va_end(arguments);
    return open_with("open", path, flags, mode);
}

int open64(const char *path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    unsigned mode = va_arg(arguments, unsigned);
    va_end(arguments);
    return open_with("open64", path, flags, mode);
}

static int open_at(const char *symbol, int folder, const char *path, int flags, unsigned mode) {
    if (is_unseen(path)) return -1;
    int (*real)(int, const char *, int, ...) =
        (int (*)(int, const char *, int, ...))dlsym(RTLD_NEXT, symbol);
    return real(folder, path, flags, mode);
}

int openat(int folder, const char *path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    unsigned mode = va_arg(arguments, unsigned);
    va_end(arguments);
    return open_at("openat", folder, path, flags, mode);
}

int openat64(int folder, const char *path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    unsigned mode = va_arg(arguments, unsigned);
    va_end(arguments);
    return open_at("openat64", folder, path, flags, mode);
}
