#include "cjpeg_error.h"

#include <jerror.h>
#include <string.h>

// An image of a few hundred bytes can claim any number of scans, each of which costs a pass over
// all coefficients. Encoders write about ten; libjpeg-turbo's own fuzzers stop at this number.
#define SCAN_LIMIT 500

typedef struct {
    struct jpeg_decompress_struct info;
    struct jpeg_source_mgr source;
    struct jpeg_progress_mgr progress;
    cjpeg_error error;
} decoder;

static void do_nothing(j_decompress_ptr info) { (void)info; }

// libjpeg's own memory source would invent an end-of-image marker and return grey.
static boolean no_more_bytes(j_decompress_ptr info) {
    ERREXIT(info, JERR_INPUT_EOF);
    return FALSE;
}

static void skip_bytes(j_decompress_ptr info, long count) {
    if (count <= 0) return;
    if ((size_t)count > info->src->bytes_in_buffer) ERREXIT(info, JERR_INPUT_EOF);
    info->src->next_input_byte += count;
    info->src->bytes_in_buffer -= (size_t)count;
}

static void limit_scans(j_common_ptr info) {
    if (((j_decompress_ptr)info)->input_scan_number > SCAN_LIMIT)
        cjpeg_fail(info, "more than 500 scans");
}

// Attaches source, error and progress handlers and reads the header.
static void open_header(decoder *self, const uint8_t *bytes, size_t count) {
    jpeg_create_decompress(&self->info);
    self->source.init_source = do_nothing;
    self->source.fill_input_buffer = no_more_bytes;
    self->source.skip_input_data = skip_bytes;
    self->source.resync_to_restart = jpeg_resync_to_restart;
    self->source.term_source = do_nothing;
    self->source.next_input_byte = bytes;
    self->source.bytes_in_buffer = count;
    self->info.src = &self->source;
    self->progress.progress_monitor = limit_scans;
    self->info.progress = &self->progress;
    jpeg_read_header(&self->info, TRUE);
}

// Every entry point keeps the decoder in a frame outside the one that jumps come back to, so that
// its contents are defined after a jump, and destroys it in that one place.
static void start(decoder *self, char *message) {
    memset(self, 0, sizeof *self);
    self->info.err = cjpeg_error_start(&self->error, message);
}

static int32_t finish(decoder *self, int32_t status) {
    jpeg_destroy_decompress(&self->info);
    return status;
}

static int32_t try_header(decoder *self, const uint8_t *bytes, size_t count) {
    switch (setjmp(self->error.jump)) {
    case 0: break;
    case CJPEG_OUT_OF_MEMORY: return CJPEG_OUT_OF_MEMORY;
    default: return 1;
    }
    open_header(self, bytes, count);
    return 0;
}

int32_t cjpeg_read_size(
    const uint8_t *bytes, size_t count, int32_t *width, int32_t *height, char *message) {
    decoder self;
    start(&self, message);
    int32_t status = try_header(&self, bytes, count);
    *width = (int32_t)self.info.image_width;
    *height = (int32_t)self.info.image_height;
    return finish(&self, status);
}

// RGB is libjpeg's work (from YCbCr, RGB or grey); four components come as CMYK.
static void choose_colors(decoder *self) {
    switch (self->info.num_components) {
    case 1:
    case 3:
        self->info.out_color_space = JCS_RGB;
        break;
    case 4:
        self->info.out_color_space = JCS_CMYK;
        break;
    default:
        cjpeg_fail((j_common_ptr)&self->info, "neither 1, 3 nor 4 color components");
    }
}

// Photoshop stores CMYK inverted, and Pillow takes every CMYK JPEG for one of its (JpegImagePlugin,
// raw mode "CMYK;I"). With the inverted samples c, m, y, k in hand, its CMYK-to-RGB formula
// k' - (c' * k') / 255 with c' = 255 - c and k' = k rounds as below (Convert.c, cmyk2rgb).
static void cmyk_to_rgb(const uint8_t *cmyk, uint8_t *rgb, int32_t width) {
    for (int32_t x = 0; x < width; x++, cmyk += 4, rgb += 3) {
        int k = cmyk[3];
        for (int c = 0; c < 3; c++) {
            int product = (255 - cmyk[c]) * k + 128;
            int ink = ((product >> 8) + product) >> 8;
            rgb[c] = (uint8_t)(k > ink ? k - ink : 0);
        }
    }
}

static int has_end_marker(const struct jpeg_source_mgr *source) {
    for (size_t n = source->bytes_in_buffer; n >= 2; n--) {
        const uint8_t *pair = source->next_input_byte + n - 2;
        if (pair[0] == 0xFF && pair[1] == JPEG_EOI) return 1;
    }
    return 0;
}

// Restricts decoding to the columns of `region` plus one chroma sample on each side, which the
// upsampling filter looks into. Returns the first column that will be decoded.
static JDIMENSION crop_columns(decoder *self, cjpeg_region region) {
    JDIMENSION margin = (JDIMENSION)self->info.max_h_samp_factor;
    JDIMENSION start = (JDIMENSION)region.x > margin ? (JDIMENSION)region.x - margin : 0;
    JDIMENSION end = (JDIMENSION)(region.x + region.width) + margin;
    if (end > self->info.output_width) end = self->info.output_width;
    JDIMENSION width = end - start;
    jpeg_crop_scanline(&self->info, &start, &width);
    return start;
}

// Passes over whole block rows above `region` and above the one row that upsampling looks into.
static void skip_rows(decoder *self, cjpeg_region region) {
    JDIMENSION block = (JDIMENSION)(self->info.max_v_samp_factor * DCTSIZE);
    JDIMENSION margin = (JDIMENSION)self->info.max_v_samp_factor;
    if ((JDIMENSION)region.y <= margin) return;
    JDIMENSION blocks = ((JDIMENSION)region.y - margin) / block;
    if (blocks > 0) jpeg_skip_scanlines(&self->info, blocks * block);
}

static void decode_region(decoder *self, cjpeg_region region, uint8_t *rgb) {
    j_decompress_ptr info = &self->info;
    if (region.x < 0 || region.y < 0 || region.width < 1 || region.height < 1
        || region.width > (int32_t)info->image_width - region.x
        || region.height > (int32_t)info->image_height - region.y)
        cjpeg_fail((j_common_ptr)info, "the region lies outside the image");
    choose_colors(self);
    // The defaults, as Pillow decodes: exact integer DCT, triangle-filter chroma upsampling.
    info->dct_method = JDCT_ISLOW;
    info->do_fancy_upsampling = TRUE;
    jpeg_start_decompress(info);

    JDIMENSION first = 0;
    // Where a progressive picture lacks its last scans libjpeg smooths blocks over neighbors that
    // a cropped line would leave out; its coefficients have all been decoded by now anyway.
    if (!jpeg_has_multiple_scans(info) && region.width < (int32_t)info->output_width)
        first = crop_columns(self, region);
    skip_rows(self, region);

    // The row lives in libjpeg's pool, so that every exit frees it. It starts at an odd address:
    // into aligned rows libjpeg-turbo stores past the cache, and the copy below would wait for
    // memory (a tenth of a view's whole time).
    size_t samples = (size_t)info->output_components;
    JSAMPROW odd = (*info->mem->alloc_small)(
        (j_common_ptr)info, JPOOL_IMAGE, info->output_width * samples + 1);
    JSAMPROW row[1] = {odd + 1};
    while (info->output_scanline < (JDIMENSION)region.y) jpeg_read_scanlines(info, row, 1);
    const uint8_t *start = row[0] + ((size_t)region.x - first) * samples;
    size_t stride = (size_t)region.width * 3;
    int direct = samples == 3 && region.width == (int32_t)info->output_width;
    for (int32_t y = 0; y < region.height; y++, rgb += stride) {
        if (direct) {
            JSAMPROW target = rgb;
            jpeg_read_scanlines(info, &target, 1);
            continue;
        }
        jpeg_read_scanlines(info, row, 1);
        if (samples == 4)
            cmyk_to_rgb(start, rgb, region.width);
        else
            memcpy(rgb, start, stride);
    }

    // A file cut below the region must not pass for whole. Its end marker tells at no cost; only
    // where that is missing do the other rows have to be decoded.
    if (info->output_scanline < info->output_height && !jpeg_has_multiple_scans(info)
        && !has_end_marker(info->src))
        while (info->output_scanline < info->output_height) jpeg_read_scanlines(info, row, 1);
}

static int32_t try_decode(
    decoder *self, const uint8_t *bytes, size_t count, cjpeg_region region, uint8_t *rgb) {
    switch (setjmp(self->error.jump)) {
    case 0: break;
    case CJPEG_OUT_OF_MEMORY: return CJPEG_OUT_OF_MEMORY;
    default: return 1;
    }
    open_header(self, bytes, count);
    decode_region(self, region, rgb);
    // Not jpeg_finish_decompress: it would parse what follows the last row, which no pixel needs.
    return 0;
}

int32_t cjpeg_decode(
    const uint8_t *bytes, size_t count, cjpeg_region region, uint8_t *rgb, char *message) {
    decoder self;
    start(&self, message);
    return finish(&self, try_decode(&self, bytes, count, region, rgb));
}
