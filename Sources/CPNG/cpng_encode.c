#include "cpng.h"
#include "cpng_error.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    png_structp png;
    png_infop info;
    uint8_t *bytes;
    size_t count, capacity;
    int lacks_memory;
} encoder;

static void write_bytes(png_structp png, png_bytep source, size_t count) {
    encoder *self = png_get_io_ptr(png);
    if (count > self->capacity - self->count) {
        size_t capacity = (self->count + count) * 2;
        uint8_t *bytes = realloc(self->bytes, capacity);
        if (!bytes) {
            self->lacks_memory = 1;
            png_error(png, "out of memory");
        }
        self->bytes = bytes;
        self->capacity = capacity;
    }
    memcpy(self->bytes + self->count, source, count);
    self->count += count;
}

static void flush_nothing(png_structp png) { (void)png; }

static int32_t try_encode(
    encoder *self, const uint8_t *rgb, int32_t width, int32_t height, const char *software) {
    if (setjmp(png_jmpbuf(self->png))) return self->lacks_memory ? CPNG_OUT_OF_MEMORY : 1;
    png_set_write_fn(self->png, self, write_bytes, flush_nothing);
    png_set_IHDR(
        self->png, self->info, (png_uint_32)width, (png_uint_32)height, 8, PNG_COLOR_TYPE_RGB,
        PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    if (software) {
        png_text text = {
            .compression = PNG_TEXT_COMPRESSION_NONE, .key = "Software", .text = (char *)software};
        png_set_text(self->png, self->info, &text, 1);
    }
    png_write_info(self->png, self->info);
    for (int32_t y = 0; y < height; y++)
        png_write_row(self->png, rgb + (size_t)y * (size_t)width * 3);
    png_write_end(self->png, NULL);
    return 0;
}

int32_t cpng_encode(
    const uint8_t *rgb, int32_t width, int32_t height, const char *software, uint8_t **bytes,
    size_t *count, char *message) {
    encoder self;
    memset(&self, 0, sizeof self);
    message[0] = 0;
    self.png = png_create_write_struct_2(
        PNG_LIBPNG_VER_STRING, message, cpng_fail, cpng_ignore, &self.lacks_memory, cpng_allocate,
        cpng_release);
    if (self.png) self.info = png_create_info_struct(self.png);
    if (!self.info) {
        png_destroy_write_struct(&self.png, NULL);
        strcpy(message, "out of memory");
        return CPNG_OUT_OF_MEMORY;
    }
    // As in the decoder: the struct outlives the frame that jumps come back to.
    int32_t status = try_encode(&self, rgb, width, height, software);
    *bytes = self.bytes;
    *count = self.count;
    if (status) {
        free(self.bytes);
        *bytes = NULL;
        *count = 0;
    }
    png_destroy_write_struct(&self.png, &self.info);
    return status;
}

void cpng_free(uint8_t *bytes) { free(bytes); }
