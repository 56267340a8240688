#include "cpng_error.h"

#include "cpng.h"

#include <stdio.h>
#include <stdlib.h>

void cpng_fail(png_structp png, png_const_charp text) {
    char *message = png_get_error_ptr(png);
    snprintf(message, CPNG_MESSAGE_SIZE, "%s", text);
    png_longjmp(png, 1);
}

void cpng_ignore(png_structp png, png_const_charp text) {
    (void)png;
    (void)text;
}

png_voidp cpng_allocate(png_structp png, png_alloc_size_t count) {
    void *memory = malloc(count);
    if (!memory) *(int *)png_get_mem_ptr(png) = 1;
    return memory;
}

void cpng_release(png_structp png, png_voidp memory) {
    (void)png;
    free(memory);
}
