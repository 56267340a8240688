// How libpng's errors leave: text into the caller's buffer, then a jump back to the entry point.
#ifndef CPNG_ERROR_H
#define CPNG_ERROR_H

#include <png.h>

// A png_error_ptr whose error pointer is the caller's buffer of CPNG_MESSAGE_SIZE.
void cpng_fail(png_structp png, png_const_charp text);

// A png_error_ptr for warnings, which lose no pixel.
void cpng_ignore(png_structp png, png_const_charp text);

#endif
