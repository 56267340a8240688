#include "cstartup.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/// The bytes that the process has mapped, and those of them that it may write; 0 where /proc does not
/// tell.
static void read_mapped(unsigned long *space, unsigned long *data) {
    *space = *data = 0;
    char text[256];
    const int file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    if (file < 0) return;
    const ssize_t length = read(file, text, sizeof text - 1);
    close(file);
    if (length <= 0) return;
    text[length] = '\0';
    // proc_pid_statm(5): the size is the first, data with stack the sixth of the numbers, in pages.
    const unsigned long page = (unsigned long)sysconf(_SC_PAGESIZE);
    char *next = text;
    for (int field = 1; field <= 6; field++) {
        const unsigned long pages = strtoul(next, &next, 10);
        if (field == 1) *space = pages * page;
        if (field == 6) *data = pages * page;
    }
}

/// Ends the process if a limit leaves less than the libraries take while they are initialized.
static void require(int resource, unsigned long mapped, const char *what) {
    struct rlimit limit;
    if (getrlimit(resource, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return;
    const unsigned long needed = mapped + CSTARTUP_ROOM;
    if (limit.rlim_cur >= needed) return;
    char line[256];
    const int length =
        snprintf(line, sizeof line,
                 "Error: the %s is limited to %lu KiB (ulimit -%c), and this program needs at least "
                 "%lu KiB: raise the limit\n",
                 what, (unsigned long)limit.rlim_cur >> 10, resource == RLIMIT_AS ? 'v' : 'd',
                 (needed + 1023) >> 10);
    // Who closed standard error does not want to know.
    if (write(STDERR_FILENO, line, (size_t)length) < 0) _exit(EXIT_FAILURE);
    _exit(EXIT_FAILURE);
}

static void require_room(int argc, char **argv, char **environment) {
    (void)argc;
    (void)argv;
    (void)environment;
    unsigned long space, data;
    read_mapped(&space, &data);
    require(RLIMIT_AS, space, "address space");
    require(RLIMIT_DATA, data, "data segment");
}

__attribute__((section(".preinit_array"), used, retain)) static void (*const check)(
    int, char **, char **) = require_room;
