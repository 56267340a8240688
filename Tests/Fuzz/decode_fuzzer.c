// A libFuzzer target for the image decoders; tools/fuzz builds and runs it.
//
// Takes a file's bytes, decodes them whole and by a region that a hash of them decides, and demands
// what the decoders promise: if the whole image decodes then so does the region, to the same bytes.
// Sanitizers watch the shims; libjpeg and libpng are the system's, so what these do wrong shows as
// a crash, as bytes left unwritten, or in the interceptors of memory functions.
#include "cjpeg.h"
#include "cpng.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// More pixels make a run slow and reach no other code.
#define PIXEL_LIMIT (1 << 20)

typedef struct {
    int32_t x, y, width, height;
} rectangle;

typedef enum { NEITHER, JPEG, PNG } format;

static format recognize(const uint8_t *bytes, size_t count) {
    static const uint8_t jpeg[] = {0xFF, 0xD8, 0xFF};
    static const uint8_t png[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
    if (count >= sizeof jpeg && !memcmp(bytes, jpeg, sizeof jpeg)) return JPEG;
    if (count >= sizeof png && !memcmp(bytes, png, sizeof png)) return PNG;
    return NEITHER;
}

// The only two functions that know the shims.
static int read_size(
    format kind, const uint8_t *bytes, size_t count, rectangle *whole, char *message) {
    whole->x = whole->y = 0;
    return kind == JPEG
        ? cjpeg_read_size(bytes, count, &whole->width, &whole->height, message)
        : cpng_read_size(bytes, count, &whole->width, &whole->height, message);
}

static int decode(
    format kind, const uint8_t *bytes, size_t count, rectangle area, uint8_t *rgb, char *message) {
    if (kind == JPEG) {
        cjpeg_region region = {area.x, area.y, area.width, area.height};
        return cjpeg_decode(bytes, count, region, rgb, message);
    }
    cpng_region region = {area.x, area.y, area.width, area.height};
    return cpng_decode(bytes, count, region, rgb, message);
}

static void fail(const char *what, rectangle area, const char *message) {
    fprintf(
        stderr, "decode_fuzzer: %s (region %dx%d+%d+%d) %s\n", what, area.width, area.height,
        area.x, area.y, message);
    abort();
}

// Decodes into a block of exactly the size that is due; NULL where the decoder reports an error.
static uint8_t *decoded(
    format kind, const uint8_t *bytes, size_t count, rectangle area, int filler, char *message) {
    size_t size = (size_t)area.width * (size_t)area.height * 3;
    uint8_t *rgb = malloc(size);
    if (!rgb) abort();
    // Bytes that the decoder leaves alone differ between two calls with different fillers.
    memset(rgb, filler, size);
    memset(message, 0x7F, CJPEG_MESSAGE_SIZE);
    int status = decode(kind, bytes, count, area, rgb, message);
    if (status < 0 || status > 2) fail("a status that is none of 0, 1 and 2", area, "");
    if (!memchr(message, 0, CJPEG_MESSAGE_SIZE)) fail("a message without an end", area, "");
    if (status == 0) return rgb;
    if (!message[0] || strchr(message, '\n')) fail("a message that is no line", area, message);
    free(rgb);
    return NULL;
}

static rectangle choose_region(const uint8_t *bytes, size_t count, rectangle whole) {
    uint64_t hash = 0xCBF29CE484222325;  // FNV-1a
    for (size_t i = 0; i < count; i++) hash = (hash ^ bytes[i]) * 0x100000001B3;
    uint32_t draws[4];
    for (int i = 0; i < 4; i++) {
        hash = hash * 0x5851F42D4C957F2D + 0x14057B7EF767814F;
        draws[i] = (uint32_t)(hash >> 33);
    }
    rectangle area;
    area.width = 1 + (int32_t)(draws[0] % (uint32_t)whole.width);
    area.height = 1 + (int32_t)(draws[1] % (uint32_t)whole.height);
    area.x = (int32_t)(draws[2] % (uint32_t)(whole.width - area.width + 1));
    area.y = (int32_t)(draws[3] % (uint32_t)(whole.height - area.height + 1));
    return area;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    _Static_assert(CJPEG_MESSAGE_SIZE == CPNG_MESSAGE_SIZE, "one size of message serves both");
    format kind = recognize(bytes, count);
    if (kind == NEITHER) return -1;
    char message[CJPEG_MESSAGE_SIZE];
    rectangle whole;
    if (read_size(kind, bytes, count, &whole, message)) return 0;
    if (whole.width < 1 || whole.height < 1) fail("a size without pixels", whole, "");
    if ((int64_t)whole.width * whole.height > PIXEL_LIMIT) return 0;

    rectangle area = choose_region(bytes, count, whole);
    uint8_t *all = decoded(kind, bytes, count, whole, 0x55, message);
    uint8_t *part = decoded(kind, bytes, count, area, 0xAA, message);
    if (all && !part) fail("the whole image decodes, the region does not:", area, message);
    for (int32_t y = 0; all && part && y < area.height; y++) {
        const uint8_t *row =
            all + ((size_t)(area.y + y) * (size_t)whole.width + (size_t)area.x) * 3;
        size_t stride = (size_t)area.width * 3;
        if (memcmp(row, part + (size_t)y * stride, stride))
            fail("the region differs from the crop of the whole image", area, "");
    }
    free(all);
    free(part);
    return 0;
}
