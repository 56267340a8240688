// Source of the arithmetic: Pillow 13, src/libImaging/Geometry.c (affine transform, bilinear
// filter): the map takes pixel centres; centres from outside the image become the fill colour; at
// the edge the outermost pixels repeat; the result is cut, not rounded, to 8 bits.
#include "dispatch.h"

#include <string.h>

typedef struct {
    const uint8_t *pixels;
    size_t row_bytes;
    int32_t last_column, last_row;
} image;

// A place between pixels: `row`, `column` of the pixel up left, -1 at the edge, and the shares of
// the ones below and to the right.
typedef struct {
    int32_t column, row;
    double dx, dy;
} place;

// The largest whole number not above `value`, which is at least -1.
INLINED int32_t whole(double value) {
    int32_t cut = (int32_t)value;
    return cut > value ? cut - 1 : cut;
}

INLINED place place_at(double x, double y) {
    place at;
    at.column = whole(x);
    at.row = whole(y);
    at.dx = x - at.column;
    at.dy = y - at.row;
    return at;
}

// The pixel at a place, held within the image, and the distance to its neighbour on the right.
INLINED const uint8_t *near(const image *from, place at, size_t *step) {
    *step = at.column >= 0 && at.column < from->last_column ? 3 : 0;
    size_t row = at.row > 0 ? (size_t)at.row : 0, column = at.column > 0 ? (size_t)at.column : 0;
    return from->pixels + row * from->row_bytes + column * 3;
}

// A row mixed with itself, or with one of no weight, is itself.
INLINED int has_below(const image *from, place at) {
    return at.dy != 0 && at.row >= 0 && at.row < from->last_row;
}

INLINED double mix(double a, double b, double share) { return a + (b - a) * share; }

static void sample(const image *from, place at, uint8_t *target) {
    size_t step;
    const uint8_t *above = near(from, at, &step);
    int lower = has_below(from, at);
    for (int c = 0; c < 3; c++) {
        const uint8_t *a = above + c;
        double value = mix(a[0], a[step], at.dx);
        if (lower) {
            const uint8_t *b = a + from->row_bytes;
            value = mix(value, mix(b[0], b[step], at.dx), at.dy);
        }
        target[c] = (uint8_t)value;
    }
}

static void affine(
    const image *from, cpixels_affine_map map, const uint8_t fill[3], uint8_t *target) {
    double right = from->last_column + 1, bottom = from->last_row + 1;
    for (int32_t row = 0; row <= from->last_row; row++) {
        double y = row + 0.5;
        for (int32_t column = 0; column <= from->last_column; column++, target += 3) {
            // Summed in Pillow's order, for the same roundings.
            double x = column + 0.5;
            double source_x = map.a * x + map.b * y + map.c;
            double source_y = map.d * x + map.e * y + map.f;
            if (source_x >= 0 && source_x < right && source_y >= 0 && source_y < bottom)
                sample(from, place_at(source_x - 0.5, source_y - 0.5), target);
            else
                memcpy(target, fill, 3);
        }
    }
}

#ifdef AVX2
// A pixel's channels as doubles; reads one byte beyond it.
AVX2 INLINED __m256d doubles(const uint8_t *pixel) {
    int32_t bytes;
    memcpy(&bytes, pixel, 4);
    return _mm256_cvtepi32_pd(_mm_cvtepu8_epi32(_mm_cvtsi32_si128(bytes)));
}

AVX2 INLINED __m256d mix_doubles(__m256d a, __m256d b, double share) {
    return _mm256_add_pd(a, _mm256_mul_pd(_mm256_sub_pd(b, a), _mm256_set1_pd(share)));
}

// As `sample`, for places at which reading or writing one byte too many does no harm.
AVX2 INLINED void sample_doubles(const image *from, place at, uint8_t *target) {
    size_t step;
    const uint8_t *above = near(from, at, &step);
    __m256d value = mix_doubles(doubles(above), doubles(above + step), at.dx);
    if (has_below(from, at)) {
        const uint8_t *below = above + from->row_bytes;
        value = mix_doubles(
            value, mix_doubles(doubles(below), doubles(below + step), at.dx), at.dy);
    }
    __m128i words = _mm256_cvttpd_epi32(value);
    words = _mm_packus_epi32(words, words);
    int32_t bytes = _mm_cvtsi128_si32(_mm_packus_epi16(words, words));
    memcpy(target, &bytes, 4);
}

AVX2 static void affine_avx2(
    const image *from, cpixels_affine_map map, const uint8_t fill[3], uint8_t *target) {
    const __m256d right = _mm256_set1_pd(from->last_column + 1);
    const __m256d bottom = _mm256_set1_pd(from->last_row + 1);
    const __m256d zero = _mm256_setzero_pd(), half = _mm256_set1_pd(0.5);
    for (int32_t row = 0; row <= from->last_row; row++) {
        const __m256d y = _mm256_set1_pd(row + 0.5);
        const __m256d by = _mm256_mul_pd(_mm256_set1_pd(map.b), y);
        const __m256d ey = _mm256_mul_pd(_mm256_set1_pd(map.e), y);
        for (int32_t column = 0; column <= from->last_column; column += 4) {
            __m256d x = _mm256_add_pd(
                _mm256_set1_pd(column), _mm256_setr_pd(0.5, 1.5, 2.5, 3.5));
            __m256d source_x = _mm256_add_pd(
                _mm256_add_pd(_mm256_mul_pd(_mm256_set1_pd(map.a), x), by),
                _mm256_set1_pd(map.c));
            __m256d source_y = _mm256_add_pd(
                _mm256_add_pd(_mm256_mul_pd(_mm256_set1_pd(map.d), x), ey),
                _mm256_set1_pd(map.f));
            __m256d inside = _mm256_and_pd(
                _mm256_and_pd(
                    _mm256_cmp_pd(source_x, zero, _CMP_GE_OQ),
                    _mm256_cmp_pd(source_x, right, _CMP_LT_OQ)),
                _mm256_and_pd(
                    _mm256_cmp_pd(source_y, zero, _CMP_GE_OQ),
                    _mm256_cmp_pd(source_y, bottom, _CMP_LT_OQ)));
            int mask = _mm256_movemask_pd(inside);
            source_x = _mm256_sub_pd(source_x, half);
            source_y = _mm256_sub_pd(source_y, half);
            __m256d left = _mm256_floor_pd(source_x), top = _mm256_floor_pd(source_y);
            double dx[4], dy[4];
            int32_t columns[4], rows[4];
            _mm256_storeu_pd(dx, _mm256_sub_pd(source_x, left));
            _mm256_storeu_pd(dy, _mm256_sub_pd(source_y, top));
            _mm_storeu_si128((__m128i *)columns, _mm256_cvttpd_epi32(left));
            _mm_storeu_si128((__m128i *)rows, _mm256_cvttpd_epi32(top));
            int32_t lanes = from->last_column + 1 - column;
            for (int32_t i = 0; i < 4 && i < lanes; i++, target += 3) {
                place at = {columns[i], rows[i], dx[i], dy[i]};
                if (!(mask >> i & 1))
                    memcpy(target, fill, 3);
                else if (at.row + 1 < from->last_row && row < from->last_row)
                    sample_doubles(from, at, target);
                else
                    sample(from, at, target);
            }
        }
    }
}
#endif

void cpixels_affine(
    const uint8_t *source, int32_t width, int32_t height, cpixels_affine_map map,
    const uint8_t fill[3], uint8_t *target) {
    image from = {source, (size_t)width * 3, width - 1, height - 1};
#ifdef AVX2
    if (has_avx2()) {
        affine_avx2(&from, map, fill, target);
        return;
    }
#endif
    affine(&from, map, fill, target);
}
