#include "cjpeg_error.h"

#include <jerror.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    struct jpeg_compress_struct info;
    struct jpeg_destination_mgr destination;
    cjpeg_error error;
    uint8_t *bytes;
    size_t capacity;
} encoder;

static encoder *encoder_of(j_compress_ptr info) { return (encoder *)info; }

// libjpeg's jpeg_mem_dest loses its buffer when an error strikes after it grew; this one keeps
// the pointer where the error path finds it.
static void grow(j_compress_ptr info, size_t capacity) {
    encoder *self = encoder_of(info);
    size_t used = self->capacity;
    uint8_t *bytes = realloc(self->bytes, capacity);
    if (!bytes) ERREXIT1(info, JERR_OUT_OF_MEMORY, 10);
    self->bytes = bytes;
    self->capacity = capacity;
    self->destination.next_output_byte = bytes + used;
    self->destination.free_in_buffer = capacity - used;
}

static void start_output(j_compress_ptr info) { grow(info, 1 << 16); }

static boolean buffer_full(j_compress_ptr info) {
    grow(info, encoder_of(info)->capacity * 2);
    return TRUE;
}

static void end_output(j_compress_ptr info) { (void)info; }

static int32_t try_encode(
    encoder *self, const uint8_t *rgb, int32_t width, int32_t height, int quality) {
    switch (setjmp(self->error.jump)) {
    case 0: break;
    case CJPEG_OUT_OF_MEMORY: return CJPEG_OUT_OF_MEMORY;
    default: return 1;
    }
    j_compress_ptr info = &self->info;
    jpeg_create_compress(info);
    self->destination.init_destination = start_output;
    self->destination.empty_output_buffer = buffer_full;
    self->destination.term_destination = end_output;
    info->dest = &self->destination;
    info->image_width = (JDIMENSION)width;
    info->image_height = (JDIMENSION)height;
    info->input_components = 3;
    info->in_color_space = JCS_RGB;
    jpeg_set_defaults(info);
    jpeg_set_quality(info, quality, TRUE);
    jpeg_start_compress(info, TRUE);
    while (info->next_scanline < info->image_height) {
        // libjpeg reads the row through a pointer that is not const.
        JSAMPROW row = (JSAMPROW)(rgb + (size_t)info->next_scanline * (size_t)width * 3);
        jpeg_write_scanlines(info, &row, 1);
    }
    jpeg_finish_compress(info);
    return 0;
}

int32_t cjpeg_encode(
    const uint8_t *rgb, int32_t width, int32_t height, int32_t quality, uint8_t **bytes,
    size_t *count, char *message) {
    encoder self;
    memset(&self, 0, sizeof self);
    self.info.err = cjpeg_error_start(&self.error, message);
    // As in the decoder: the struct outlives the frame that jumps come back to.
    int32_t status = try_encode(&self, rgb, width, height, quality);
    *bytes = self.bytes;
    *count = self.capacity - self.destination.free_in_buffer;
    if (status) {
        free(self.bytes);
        *bytes = NULL;
        *count = 0;
    }
    jpeg_destroy_compress(&self.info);
    return status;
}

void cjpeg_free(uint8_t *bytes) { free(bytes); }
