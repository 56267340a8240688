// A thin face of libpng for Swift: whole calls on bytes in memory, no state between them.
//
// As with libjpeg, errors leave libpng by longjmp and must not cross a Swift frame. Each function
// returns 0, or 1 with one line of text in `message`, and releases everything it made;
// CPNG_OUT_OF_MEMORY in place of 1 where the picture is not to blame.
#ifndef CPNG_H
#define CPNG_H

#include <stddef.h>
#include <stdint.h>

#define CPNG_MESSAGE_SIZE 200

#define CPNG_OUT_OF_MEMORY 2

typedef struct {
    int32_t x, y, width, height;
} cpng_region;

// Reads the header alone.
int32_t cpng_read_size(
    const uint8_t *bytes, size_t count, int32_t *width, int32_t *height, char *message);

// Decodes `region` to rows of RGB, `region.width * region.height * 3` bytes at `rgb`.
// Colors are those of Pillow's `convert("RGB")`: alpha dropped, 16-bit color cut to its high
// byte, 16-bit grey clipped at 255.
int32_t cpng_decode(
    const uint8_t *bytes, size_t count, cpng_region region, uint8_t *rgb, char *message);

// Encodes rows of RGB as an 8-bit PNG, with a text chunk "Software" unless `software` is null. The
// caller frees `*bytes` with `cpng_free`.
int32_t cpng_encode(
    const uint8_t *rgb, int32_t width, int32_t height, const char *software, uint8_t **bytes,
    size_t *count, char *message);

void cpng_free(uint8_t *bytes);

#endif
