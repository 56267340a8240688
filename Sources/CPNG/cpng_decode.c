#include "cpng.h"
#include "cpng_error.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    png_structp png;
    png_infop info;
    const uint8_t *next;
    size_t left;
    uint8_t *rows;  // one row, or the whole picture where it is interlaced
    int lacks_memory;
} decoder;

static void read_bytes(png_structp png, png_bytep target, size_t count) {
    decoder *self = png_get_io_ptr(png);
    if (count > self->left) png_error(png, "premature end of the file");
    memcpy(target, self->next, count);
    self->next += count;
    self->left -= count;
}

static void close_decoder(decoder *self) {
    free(self->rows);
    png_destroy_read_struct(&self->png, &self->info, NULL);
}

static int open_decoder(decoder *self, const uint8_t *bytes, size_t count, char *message) {
    memset(self, 0, sizeof *self);
    message[0] = 0;
    self->next = bytes;
    self->left = count;
    self->png = png_create_read_struct_2(
        PNG_LIBPNG_VER_STRING, message, cpng_fail, cpng_ignore, &self->lacks_memory, cpng_allocate,
        cpng_release);
    if (self->png) self->info = png_create_info_struct(self->png);
    if (self->info) return 1;
    close_decoder(self);
    strcpy(message, "out of memory");
    return 0;
}

// The status of a call that failed.
static int32_t failed(const decoder *self) { return self->lacks_memory ? CPNG_OUT_OF_MEMORY : 1; }

static void read_header(decoder *self) {
    png_set_read_fn(self->png, self, read_bytes);
    // No pixel depends on text, profiles, gamma or times: skip them unread (all but the
    // critical chunks and tRNS), so that they can neither fail nor cost memory.
    png_set_keep_unknown_chunks(self->png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
    png_read_info(self->png, self->info);
}

// Every entry point keeps the decoder in a frame outside the one that jumps come back to, so that
// its contents are defined after a jump, and closes it in that one place.
static int32_t try_header(decoder *self) {
    if (setjmp(png_jmpbuf(self->png))) return failed(self);
    read_header(self);
    return 0;
}

int32_t cpng_read_size(
    const uint8_t *bytes, size_t count, int32_t *width, int32_t *height, char *message) {
    decoder self;
    if (!open_decoder(&self, bytes, count, message)) return CPNG_OUT_OF_MEMORY;
    int32_t status = try_header(&self);
    *width = (int32_t)png_get_image_width(self.png, self.info);
    *height = (int32_t)png_get_image_height(self.png, self.info);
    close_decoder(&self);
    return status;
}

static int is_wide_grey(const decoder *self) {
    return png_get_color_type(self->png, self->info) == PNG_COLOR_TYPE_GRAY
        && png_get_bit_depth(self->png, self->info) == 16;
}

// Asks for 8-bit RGB, or for 16-bit grey as it is, which Pillow clips instead of scaling.
static void choose_colors(decoder *self) {
    if (is_wide_grey(self)) return;
    png_byte color = png_get_color_type(self->png, self->info);
    if (color == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(self->png);
    if (color == PNG_COLOR_TYPE_GRAY) png_set_expand_gray_1_2_4_to_8(self->png);
    if (!(color & PNG_COLOR_MASK_COLOR)) png_set_gray_to_rgb(self->png);
    png_set_strip_16(self->png);
    png_set_strip_alpha(self->png);
}

static void keep(const uint8_t *row, int wide_grey, cpng_region region, uint8_t *rgb) {
    if (!wide_grey) {
        memcpy(rgb, row + (size_t)region.x * 3, (size_t)region.width * 3);
        return;
    }
    row += (size_t)region.x * 2;
    for (int32_t x = 0; x < region.width; x++, row += 2, rgb += 3)
        memset(rgb, row[0] ? 255 : row[1], 3);
}

static void decode_region(decoder *self, cpng_region region, uint8_t *rgb) {
    png_structp png = self->png;
    read_header(self);
    int32_t width = (int32_t)png_get_image_width(png, self->info);
    int32_t height = (int32_t)png_get_image_height(png, self->info);
    if (region.x < 0 || region.y < 0 || region.width < 1 || region.height < 1
        || region.width > width - region.x || region.height > height - region.y)
        png_error(png, "the region lies outside the image");
    int wide_grey = is_wide_grey(self);
    choose_colors(self);
    int passes = png_set_interlace_handling(png);
    png_read_update_info(png, self->info);
    size_t row_size = png_get_rowbytes(png, self->info);
    if (row_size != (size_t)width * (wide_grey ? 2 : 3)) png_error(png, "unexpected row size");
    int32_t kept = passes > 1 ? height : 1;
    // Zeroed: a pass of an interlaced picture leaves the pixels of later passes alone.
    self->rows = calloc((size_t)kept, row_size);
    if (!self->rows) {
        self->lacks_memory = 1;
        png_error(png, "out of memory");
    }
    for (int pass = 0; pass < passes; pass++) {
        for (int32_t y = 0; y < height; y++) {
            uint8_t *row = self->rows + (passes > 1 ? (size_t)y * row_size : 0);
            png_read_row(png, row, NULL);
            if (pass + 1 == passes && y >= region.y && y - region.y < region.height)
                keep(row, wide_grey, region, rgb + (size_t)(y - region.y) * region.width * 3);
        }
    }
    png_read_end(png, NULL);
}

static int32_t try_decode(decoder *self, cpng_region region, uint8_t *rgb) {
    if (setjmp(png_jmpbuf(self->png))) return failed(self);
    decode_region(self, region, rgb);
    return 0;
}

int32_t cpng_decode(
    const uint8_t *bytes, size_t count, cpng_region region, uint8_t *rgb, char *message) {
    decoder self;
    if (!open_decoder(&self, bytes, count, message)) return CPNG_OUT_OF_MEMORY;
    int32_t status = try_decode(&self, region, rgb);
    close_decoder(&self);
    return status;
}
