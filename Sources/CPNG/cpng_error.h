// How libpng's errors leave: text into the caller's buffer, then a jump back to the entry point.
#ifndef CPNG_ERROR_H
#define CPNG_ERROR_H

#include <png.h>

// A png_error_ptr whose error pointer is the caller's buffer of CPNG_MESSAGE_SIZE.
void cpng_fail(png_structp png, png_const_charp text);

// A png_error_ptr for warnings, which lose no pixel.
void cpng_ignore(png_structp png, png_const_charp text);

// A png_malloc_ptr whose memory pointer is an int, set to 1 where there is no memory: libpng's text
// alone would not tell that apart from a damaged file. Freed by cpng_release.
png_voidp cpng_allocate(png_structp png, png_alloc_size_t count);

// A png_free_ptr.
void cpng_release(png_structp png, png_voidp memory);

#endif
