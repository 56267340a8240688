// Source of the arithmetic: Pillow 13, ImageEnhance.py, src/libImaging/Blend.c and Convert.c.
#include "dispatch.h"

// Pixels between two passes, so that what the first leaves is still in the nearest cache.
#define BLOCK 256

// ITU-R 601 luma in 16 fractional bits, rounded.
INLINED uint32_t lightness(const uint8_t *pixel) {
    return (pixel[0] * 19595u + pixel[1] * 38470u + pixel[2] * 7471u + 0x8000u) >> 16;
}

INLINED uint8_t blended(int32_t degenerate, int32_t value, float factor) {
    float sum = (float)degenerate + factor * (float)(value - degenerate);
    float low = sum > 0 ? sum : 0;
    return (uint8_t)(int32_t)(low < 255 ? low : 255);
}

INLINED void blend_color(uint8_t *pixels, size_t count, float factor) {
    uint8_t greys[3 * BLOCK];
    while (count > 0) {
        size_t now = count < BLOCK ? count : BLOCK;
        for (size_t i = 0; i < now; i++) {
            uint8_t grey = (uint8_t)lightness(pixels + 3 * i);
            greys[3 * i] = grey;
            greys[3 * i + 1] = grey;
            greys[3 * i + 2] = grey;
        }
        // Apart from the loop above, so that the compiler makes vectors of it.
        for (size_t i = 0; i < 3 * now; i++) pixels[i] = blended(greys[i], pixels[i], factor);
        pixels += 3 * now;
        count -= now;
    }
}

// A sum of weights 13 as a mean, rounded. Pillow divides in single precision and adds a half; no
// integer over 13 falls near enough to a half for that to differ from (2 sum + 13) / 26 cut to an
// integer. The product replaces that division and agrees with it for all sums up to 13 * 255.
INLINED int32_t thirteenth(int32_t sum) { return ((sum * 2 + 13) * 10083) >> 18; }

// The degenerate image is Pillow's SMOOTH filter, [1 1 1; 1 5 1; 1 1 1] / 13, rounded.
INLINED void blend_sharpness(
    const uint8_t *source, int32_t width, int32_t height, float factor, uint8_t *target) {
    ptrdiff_t row = (ptrdiff_t)width * 3;
    for (int32_t y = 1; y < height - 1; y++) {
        const uint8_t *line = source + y * row;
        uint8_t *output = target + y * row;
        for (ptrdiff_t x = 3; x < row - 3; x++) {
            const uint8_t *at = line + x;
            int32_t sum = at[-row - 3] + at[-row] + at[-row + 3] + at[-3] + 5 * at[0] + at[3]
                + at[row - 3] + at[row] + at[row + 3];
            output[x] = blended(thirteenth(sum), at[0], factor);
        }
    }
}

#ifdef AVX2
AVX2 static void blend_color_avx2(uint8_t *pixels, size_t count, float factor) {
    blend_color(pixels, count, factor);
}

AVX2 static void blend_sharpness_avx2(
    const uint8_t *restrict source, int32_t width, int32_t height, float factor,
    uint8_t *restrict target) {
    blend_sharpness(source, width, height, factor, target);
}
#endif

void cpixels_blend_color(uint8_t *pixels, size_t count, float factor, int avx2) {
#ifdef AVX2
    if (avx2) {
        blend_color_avx2(pixels, count, factor);
        return;
    }
#else
    (void)avx2;
#endif
    blend_color(pixels, count, factor);
}

void cpixels_blend_sharpness(
    const uint8_t *source, int32_t width, int32_t height, float factor, uint8_t *target,
    int avx2) {
#ifdef AVX2
    if (avx2) {
        blend_sharpness_avx2(source, width, height, factor, target);
        return;
    }
#else
    (void)avx2;
#endif
    blend_sharpness(source, width, height, factor, target);
}

uint64_t cpixels_lightness_sum(const uint8_t *pixels, size_t count) {
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) sum += lightness(pixels + 3 * i);
    return sum;
}
