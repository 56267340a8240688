#include "cstartup.h"

#include <limits.h>
#include <stddef.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

static int names(const char *setting, const char *name) {
    const size_t length = strlen(name);
    return strncmp(setting, name, length) == 0 && setting[length] == '=';
}

/// Executes the program anew with the limit in its environment, which libgomp reads only while it
/// is initialised. That is before `main`, and before any constructor of the program itself; but a
/// program's .preinit_array comes first of all, when the libraries are mapped and nothing of them
/// has run. So this costs 10 ms, and nothing is open or allocated that could be lost.
static void limit_spinning(int argc, char **argv, char **environment) {
    (void)argc;
    // Run by the loader (ld.so PROGRAM), /proc/self/exe is the loader.
    if (getauxval(AT_BASE) == 0) return;
    size_t count = 0;
    for (; environment[count] != NULL; count++) {
        // Set by the user, or by the call before this one.
        if (names(environment[count], "GOMP_SPINCOUNT")) return;
        if (names(environment[count], "OMP_WAIT_POLICY")) return;
    }
    // By its name, which `ps` shows, and not as /proc/self/exe.
    char path[PATH_MAX];
    const ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    if (length <= 0) return;
    path[length] = '\0';
    char *limited[count + 2];
    memcpy(limited, environment, count * sizeof *environment);
    limited[count] = "GOMP_SPINCOUNT=" CSTARTUP_SPIN_COUNT;
    limited[count + 1] = NULL;
    // Where that cannot be, the program goes on without a limit.
    execve(path, argv, limited);
}

__attribute__((section(".preinit_array"), used, retain)) static void (*const first_of_all)(
    int, char **, char **) = limit_spinning;
