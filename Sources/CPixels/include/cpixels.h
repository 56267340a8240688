// The loops over pixels in which a view's rendering spends its time, each in portable C and, where
// that pays, a second time for AVX2. `avx2` chooses; both give the same bytes.
//
// Pixels are rows of 8-bit RGB without gaps. Nothing here allocates, keeps state or fails.
#ifndef CPIXELS_H
#define CPIXELS_H

#include <stddef.h>
#include <stdint.h>

// Whether this processor has AVX2.
int cpixels_has_avx2(void);

// The number of fractional bits in a resampling weight: 32 less 8 of a sample and 2 for
// sums outside of 0...1.
#define CPIXELS_WEIGHT_BITS 22

// From which source positions each output position along an axis is made.
typedef struct {
    // Output positions.
    int32_t count;
    // Pairs of taps from one position's weights to the next one's.
    int32_t stride;
    // The first source position of each output position.
    const int32_t *starts;
    // The number of source positions of each output position.
    const int32_t *lengths;
    // `[count, stride, 2]`, two words to a pair of taps. Of the weights w0 and w1, in units of
    // 2^-CPIXELS_WEIGHT_BITS, the first word holds the low 15 bits (w0's in its lower half), the
    // second w0 >> 15 and w1 >> 15. A tap beyond the length weighs nothing.
    const uint32_t *weights;
} cpixels_taps;

// Filters along rows: `[height, width, 3]` to `[height, count, 3]`, from right to left where
// `mirrored`.
void cpixels_resample_rows(
    const uint8_t *source, int32_t width, int32_t height, const cpixels_taps *taps, int mirrored,
    uint8_t *target, int avx2);

// Filters along columns: rows of `row_bytes` samples to `count` such rows.
void cpixels_resample_columns(
    const uint8_t *source, size_t row_bytes, const cpixels_taps *taps, uint8_t *target,
    int avx2);

// A map from output to source coordinates: x' = ax + by + c, y' = dx + ey + f.
typedef struct {
    double a, b, c, d, e, f;
} cpixels_affine_map;

// Samples an image bilinearly through a map of pixel centers, as Pillow's affine transform does in
// double precision; what comes from outside is `fill`.
void cpixels_affine(
    const uint8_t *source, int32_t width, int32_t height, cpixels_affine_map map,
    const uint8_t fill[3], uint8_t *target, int avx2);

// Moves values away from a degenerate one, or towards it: d + factor (x - d) in single precision,
// clipped to 0...255 and cut to an integer. Color's d is the pixel's lightness, sharpness's the
// mean of its neighborhood; `source` and `target` of the latter are apart.
void cpixels_blend_color(uint8_t *pixels, size_t count, float factor, int avx2);
void cpixels_blend_sharpness(
    const uint8_t *source, int32_t width, int32_t height, float factor, uint8_t *target,
    int avx2);

// The sum of the lightness of `count` pixels.
uint64_t cpixels_lightness_sum(const uint8_t *pixels, size_t count);

// Replaces each byte by its entry in a table of 256.
void cpixels_map(uint8_t *bytes, size_t count, const uint8_t table[256]);

// Replaces each value of `count` pixels by its entry in its channel's table, red's first.
void cpixels_map_channels(uint8_t *pixels, size_t count, const uint8_t tables[3 * 256]);

// How often each value occurs in one channel of `count` pixels; `first` points at the first
// pixel's value.
void cpixels_histogram(const uint8_t *first, size_t count, uint32_t counts[256]);

#endif
