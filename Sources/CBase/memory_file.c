#define _GNU_SOURCE
#include "cbase.h"

#include <sys/mman.h>

int cbase_memory_file(const char *name) { return memfd_create(name, MFD_CLOEXEC); }
