#include "cbase.h"

#include <stdlib.h>

int cbase_can_allocate(size_t count) {
    // Volatile: a compiler may leave out an allocation that nobody uses, and take it for possible.
    void *volatile memory = malloc(count);
    int is_there = memory != NULL;
    free(memory);
    return is_there;
}
