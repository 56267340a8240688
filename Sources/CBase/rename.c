// Names that change places in one step.
#define _GNU_SOURCE
#include "cbase.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

int cbase_exchange(const char *one, const char *other) {
    return renameat2(AT_FDCWD, one, AT_FDCWD, other, RENAME_EXCHANGE) == 0 ? 0 : errno;
}
