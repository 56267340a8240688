#define _GNU_SOURCE
#include "cbase.h"

#include <sched.h>

int cbase_affinity(uint8_t *bits, size_t size) {
    return sched_getaffinity(0, size, (cpu_set_t *)(void *)bits) == 0 ? 0 : -1;
}
