#define _GNU_SOURCE
#include "cbase.h"

#include <errno.h>
#include <sched.h>

int32_t cbase_affinity(void) {
    // The kernel refuses a set that is smaller than its own.
    for (int cores = 1024; cores <= 1 << 20; cores *= 2) {
        cpu_set_t *set = CPU_ALLOC(cores);
        if (set == NULL) return 0;
        const size_t size = CPU_ALLOC_SIZE(cores);
        const int status = sched_getaffinity(0, size, set);
        const int count = status == 0 ? CPU_COUNT_S(size, set) : 0;
        CPU_FREE(set);
        if (status == 0) return count;
        if (errno != EINVAL) return 0;
    }
    return 0;
}

int cbase_affinity_bits(uint8_t *bits, size_t size) {
    return sched_getaffinity(0, size, (cpu_set_t *)(void *)bits) == 0 ? 0 : -1;
}
