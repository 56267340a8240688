// Source of the arithmetic: Pillow 13, src/libImaging/Resample.c: 32-bit sums of 8-bit samples
// times 22-bit weights, half a unit added, shifted down and clipped.
#include "dispatch.h"

#include <string.h>

#define HALF (1 << (CPIXELS_WEIGHT_BITS - 1))
// A weight is split so that both parts are factors of 16 bits; sums of either part's products,
// taken modulo 2^32, add up to the sum modulo 2^32.
#define LOW_BITS 15

static inline uint8_t sample(int32_t sum) {
    int32_t value = sum >> CPIXELS_WEIGHT_BITS;
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

static inline uint32_t weight(const uint32_t *weights, int32_t tap) {
    const uint32_t *pair = weights + tap / 2 * 2;
    int shift = tap % 2 * 16;
    uint32_t low = pair[0] >> shift & 0x7FFF;
    int32_t high = (int16_t)(pair[1] >> shift);
    return ((uint32_t)high << LOW_BITS) + low;
}

static void resample_pixel(
    const uint8_t *pixel, const uint32_t *weights, int32_t length, uint8_t *target) {
    uint32_t red = HALF, green = HALF, blue = HALF;
    for (int32_t tap = 0; tap < length; tap++, pixel += 3) {
        uint32_t w = weight(weights, tap);
        red += pixel[0] * w;
        green += pixel[1] * w;
        blue += pixel[2] * w;
    }
    target[0] = sample((int32_t)red);
    target[1] = sample((int32_t)green);
    target[2] = sample((int32_t)blue);
}

static void resample_row(
    const uint8_t *line, const cpixels_taps *taps, int mirrored, uint8_t *target) {
    for (int32_t position = 0; position < taps->count; position++) {
        size_t place = (size_t)(mirrored ? taps->count - 1 - position : position);
        resample_pixel(
            line + (size_t)taps->starts[position] * 3,
            taps->weights + (size_t)position * taps->stride * 2, taps->lengths[position],
            target + place * 3);
    }
}

static void resample_columns_from(
    const uint8_t *source, size_t row_bytes, const cpixels_taps *taps, size_t first,
    uint8_t *target) {
    for (int32_t position = 0; position < taps->count; position++, target += row_bytes) {
        const uint8_t *top = source + (size_t)taps->starts[position] * row_bytes;
        const uint32_t *weights = taps->weights + (size_t)position * taps->stride * 2;
        for (size_t column = first; column < row_bytes; column++) {
            uint32_t sum = HALF;
            for (int32_t tap = 0; tap < taps->lengths[position]; tap++)
                sum += top[(size_t)tap * row_bytes + column] * weight(weights, tap);
            target[column] = sample((int32_t)sum);
        }
    }
}

#ifdef AVX2
AVX2 static inline void store_twelve(uint8_t *target, __m128i bytes) {
    _mm_storel_epi64((__m128i *)target, bytes);
    int32_t last = _mm_extract_epi32(bytes, 2);
    memcpy(target + 8, &last, 4);
}

AVX2 static inline __m256i repeated(uint32_t word) { return _mm256_set1_epi32((int32_t)word); }

AVX2 static inline __m256i total(__m256i low, __m256i high) {
    __m256i sum = _mm256_add_epi32(low, _mm256_slli_epi32(high, LOW_BITS));
    return _mm256_srai_epi32(sum, CPIXELS_WEIGHT_BITS);
}

// Two rows at once, one to a half of each vector: the pairs of a channel's samples in neighboring
// pixels meet the pairs of their weights in one instruction. All positions take as many steps,
// known to the compiler for the usual numbers; what lies beyond a position's own taps weighs
// nothing.
AVX2 INLINED __m256i two_pixels(
    const uint8_t *pixel, size_t row_bytes, const uint32_t *weights, int32_t pairs) {
    const char none = -1;
    const __m256i first = _mm256_broadcastsi128_si256(_mm_setr_epi8(
        0, none, 3, none, 1, none, 4, none, 2, none, 5, none, none, none, none, none));
    const __m256i second = _mm256_broadcastsi128_si256(_mm_setr_epi8(
        6, none, 9, none, 7, none, 10, none, 8, none, 11, none, none, none, none, none));
    __m256i low = _mm256_set1_epi32(HALF), high = _mm256_setzero_si256();
    for (int32_t pair = 0; pair < pairs; pair += 2, pixel += 12, weights += 4) {
        __m256i both = _mm256_inserti128_si256(
            _mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)pixel)),
            _mm_loadu_si128((const __m128i *)(pixel + row_bytes)), 1);
        __m256i samples = _mm256_shuffle_epi8(both, first);
        low = _mm256_add_epi32(low, _mm256_madd_epi16(samples, repeated(weights[0])));
        high = _mm256_add_epi32(high, _mm256_madd_epi16(samples, repeated(weights[1])));
        if (pair + 1 == pairs) break;
        samples = _mm256_shuffle_epi8(both, second);
        low = _mm256_add_epi32(low, _mm256_madd_epi16(samples, repeated(weights[2])));
        high = _mm256_add_epi32(high, _mm256_madd_epi16(samples, repeated(weights[3])));
    }
    return total(low, high);
}

// The bytes that a step over two pairs of pixels reads beyond them, at most.
#define SLACK 10

AVX2 INLINED void resample_two_rows(
    const uint8_t *line, size_t row_bytes, const cpixels_taps *taps, int32_t pairs, int mirrored,
    uint8_t *target, size_t target_row) {
    const __m256i order = _mm256_broadcastsi128_si256(
        mirrored ? _mm_setr_epi8(12, 13, 14, 8, 9, 10, 4, 5, 6, 0, 1, 2, -1, -1, -1, -1)
                 : _mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1));
    const uint32_t *weights = taps->weights;
    const int32_t *starts = taps->starts;
    int32_t position = 0, words = 2 * pairs;
    for (; position + 4 <= taps->count; position += 4, starts += 4, weights += 4 * words) {
        __m256i four[4];
        for (int i = 0; i < 4; i++)
            four[i] = two_pixels(
                line + (size_t)starts[i] * 3, row_bytes, weights + i * words, pairs);
        __m256i bytes = _mm256_shuffle_epi8(
            _mm256_packus_epi16(
                _mm256_packs_epi32(four[0], four[1]), _mm256_packs_epi32(four[2], four[3])),
            order);
        size_t place = mirrored ? taps->count - 4 - position : position;
        uint8_t *output = target + place * 3;
        store_twelve(output, _mm256_castsi256_si128(bytes));
        store_twelve(output + target_row, _mm256_extracti128_si256(bytes, 1));
    }
    for (; position < taps->count; position++, starts++, weights += words) {
        size_t place = mirrored ? taps->count - 1 - position : position;
        const uint8_t *pixel = line + (size_t)*starts * 3;
        resample_pixel(pixel, weights, 2 * pairs, target + place * 3);
        resample_pixel(pixel + row_bytes, weights, 2 * pairs, target + target_row + place * 3);
    }
}

AVX2 static void resample_rows_avx2(
    const uint8_t *source, int32_t width, int32_t height, const cpixels_taps *taps, int mirrored,
    uint8_t *target) {
    size_t row_bytes = (size_t)width * 3, target_row = (size_t)taps->count * 3;
    const uint8_t *end = source + row_bytes * (size_t)height;
    int32_t row = 0, pairs = taps->stride;
    for (; row + 2 <= height; row += 2) {
        const uint8_t *line = source + (size_t)row * row_bytes;
        // Near the end of the memory the steps of the last positions would read past it.
        if ((size_t)(end - line) < 2 * row_bytes + (size_t)pairs * 6 + SLACK) break;
        uint8_t *output = target + (size_t)row * target_row;
        switch (pairs) {
#define CASE(n) \
    case n: resample_two_rows(line, row_bytes, taps, n, mirrored, output, target_row); break;
            CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6)
#undef CASE
        default: resample_two_rows(line, row_bytes, taps, pairs, mirrored, output, target_row);
        }
    }
    for (; row < height; row++)
        resample_row(
            source + (size_t)row * row_bytes, taps, mirrored, target + (size_t)row * target_row);
}

// The products of 32 samples of two rows with a pair of weights, added up in the order in which
// unpacking leaves them, which packing undoes.
AVX2 static inline void add_products(
    __m256i a, __m256i b, __m256i weights, __m256i sums[4]) {
    const __m256i zero = _mm256_setzero_si256();
    __m256i left = _mm256_unpacklo_epi8(a, b);
    __m256i right = _mm256_unpackhi_epi8(a, b);
    sums[0] = _mm256_add_epi32(
        sums[0], _mm256_madd_epi16(_mm256_unpacklo_epi8(left, zero), weights));
    sums[1] = _mm256_add_epi32(
        sums[1], _mm256_madd_epi16(_mm256_unpackhi_epi8(left, zero), weights));
    sums[2] = _mm256_add_epi32(
        sums[2], _mm256_madd_epi16(_mm256_unpacklo_epi8(right, zero), weights));
    sums[3] = _mm256_add_epi32(
        sums[3], _mm256_madd_epi16(_mm256_unpackhi_epi8(right, zero), weights));
}

AVX2 static void resample_columns_avx2(
    const uint8_t *source, size_t row_bytes, const cpixels_taps *taps, uint8_t *target) {
    size_t whole = row_bytes / 32 * 32;
    for (int32_t position = 0; position < taps->count; position++) {
        const uint8_t *top = source + (size_t)taps->starts[position] * row_bytes;
        const uint32_t *weights = taps->weights + (size_t)position * taps->stride * 2;
        int32_t length = taps->lengths[position];
        uint8_t *output = target + (size_t)position * row_bytes;
        for (size_t column = 0; column < whole; column += 32) {
            const uint8_t *sample = top + column;
            __m256i low[4], high[4];
            for (int i = 0; i < 4; i++) {
                low[i] = _mm256_set1_epi32(HALF);
                high[i] = _mm256_setzero_si256();
            }
            for (int32_t tap = 0; tap < length; tap += 2, sample += 2 * row_bytes) {
                __m256i a = _mm256_loadu_si256((const __m256i *)sample);
                // The second of the last pair may not be there; it weighs nothing.
                const uint8_t *next = tap + 1 < length ? sample + row_bytes : sample;
                __m256i b = _mm256_loadu_si256((const __m256i *)next);
                add_products(a, b, repeated(weights[tap]), low);
                add_products(a, b, repeated(weights[tap + 1]), high);
            }
            __m256i words0 = _mm256_packs_epi32(total(low[0], high[0]), total(low[1], high[1]));
            __m256i words1 = _mm256_packs_epi32(total(low[2], high[2]), total(low[3], high[3]));
            _mm256_storeu_si256(
                (__m256i *)(output + column), _mm256_packus_epi16(words0, words1));
        }
    }
    if (whole < row_bytes) resample_columns_from(source, row_bytes, taps, whole, target);
}
#endif

void cpixels_resample_rows(
    const uint8_t *source, int32_t width, int32_t height, const cpixels_taps *taps, int mirrored,
    uint8_t *target, int avx2) {
#ifdef AVX2
    if (avx2) {
        resample_rows_avx2(source, width, height, taps, mirrored, target);
        return;
    }
#else
    (void)avx2;
#endif
    size_t row_bytes = (size_t)width * 3, target_row = (size_t)taps->count * 3;
    for (int32_t row = 0; row < height; row++)
        resample_row(
            source + (size_t)row * row_bytes, taps, mirrored, target + (size_t)row * target_row);
}

void cpixels_resample_columns(
    const uint8_t *source, size_t row_bytes, const cpixels_taps *taps, uint8_t *target,
    int avx2) {
#ifdef AVX2
    if (avx2) {
        resample_columns_avx2(source, row_bytes, taps, target);
        return;
    }
#else
    (void)avx2;
#endif
    resample_columns_from(source, row_bytes, taps, 0, target);
}
