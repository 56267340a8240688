// A thin face of libjpeg-turbo for Swift: whole calls on bytes in memory, no state between them.
//
// Swift cannot import libjpeg directly: its errors leave by longjmp, which must not cross a Swift
// frame. Each function here sets its own jump target, releases everything it made, and returns
// 0, or 1 with one line of text in `message`; CJPEG_OUT_OF_MEMORY in place of 1 where the picture
// is not to blame.
#ifndef CJPEG_H
#define CJPEG_H

#include <stddef.h>
#include <stdint.h>

// Room for libjpeg's longest message (JMSG_LENGTH_MAX) with its final zero.
#define CJPEG_MESSAGE_SIZE 200

#define CJPEG_OUT_OF_MEMORY 2

typedef struct {
    int32_t x, y, width, height;
} cjpeg_region;

// Reads the header alone.
int32_t cjpeg_read_size(
    const uint8_t *bytes, size_t count, int32_t *width, int32_t *height, char *message);

// Decodes `region` to rows of RGB, `region.width * region.height * 3` bytes at `rgb`.
// Colors are those of Pillow's `convert("RGB")`; the pixels equal a crop of the whole image.
int32_t cjpeg_decode(
    const uint8_t *bytes, size_t count, cjpeg_region region, uint8_t *rgb, char *message);

// Encodes rows of RGB as a baseline JPEG, chroma halved both ways. The caller frees `*bytes`
// with `cjpeg_free`.
int32_t cjpeg_encode(
    const uint8_t *rgb, int32_t width, int32_t height, int32_t quality, uint8_t **bytes,
    size_t *count, char *message);

void cjpeg_free(uint8_t *bytes);

#endif
