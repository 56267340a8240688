// Source of the arithmetic: Pillow 13, src/libImaging/Geometry.c (affine transform, bilinear
// filter): the map takes pixel centers; centers from outside the image become the fill color; at
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

// The pixel at a place, held within the image, and the distance to its neighbor on the right.
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

// `count` pixels of a row of the target.
static void affine_run(
    const image *from, cpixels_affine_map map, const uint8_t fill[3], int32_t row, int32_t column,
    int32_t count, uint8_t *target) {
    double right = from->last_column + 1, bottom = from->last_row + 1;
    double y = row + 0.5;
    for (int32_t end = column + count; column < end; column++, target += 3) {
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

#ifdef AVX2
// Four places in a row of the target, one to a lane.
typedef struct {
    __m256d dx, dy;
    // Of the pixel up left, and of its neighbor on the right; 0 outside.
    int32_t offsets[4], right[4];
    // All ones where the place lies within the image.
    __m128i inside;
} places;

// A pixel as 32 bits; reads one byte beyond it.
AVX2 INLINED __m128i pixels_at(const uint8_t *from, const int32_t offsets[4]) {
    int32_t pixels[4];
    for (int i = 0; i < 4; i++) memcpy(&pixels[i], from + offsets[i], 4);
    return _mm_setr_epi32(pixels[0], pixels[1], pixels[2], pixels[3]);
}

AVX2 INLINED __m256d channel(__m128i pixels, int c) {
    return _mm256_cvtepi32_pd(
        _mm_and_si128(_mm_srli_epi32(pixels, 8 * c), _mm_set1_epi32(0xFF)));
}

AVX2 INLINED __m256d mix_lanes(__m256d a, __m256d b, __m256d share) {
    return _mm256_add_pd(a, _mm256_mul_pd(_mm256_sub_pd(b, a), share));
}

AVX2 INLINED __m128i narrow(__m256d mask) {
    __m128 low = _mm_castpd_ps(_mm256_castpd256_pd128(mask));
    __m128 high = _mm_castpd_ps(_mm256_extractf128_pd(mask, 1));
    return _mm_castps_si128(_mm_shuffle_ps(low, high, 0x88));
}

// Finds four places; returns 0 if one of them needs the last two rows, where reading a byte too
// many could leave the image.
AVX2 INLINED int find_places(const image *from, __m256d x, __m256d y, places *at) {
    const __m256d zero = _mm256_setzero_pd(), half = _mm256_set1_pd(0.5);
    __m256d inside = _mm256_and_pd(
        _mm256_and_pd(
            _mm256_cmp_pd(x, zero, _CMP_GE_OQ),
            _mm256_cmp_pd(x, _mm256_set1_pd(from->last_column + 1), _CMP_LT_OQ)),
        _mm256_and_pd(
            _mm256_cmp_pd(y, zero, _CMP_GE_OQ),
            _mm256_cmp_pd(y, _mm256_set1_pd(from->last_row + 1), _CMP_LT_OQ)));
    x = _mm256_and_pd(inside, _mm256_sub_pd(x, half));
    y = _mm256_and_pd(inside, _mm256_sub_pd(y, half));
    __m256d left = _mm256_floor_pd(x), top = _mm256_floor_pd(y);
    __m128i column = _mm256_cvttpd_epi32(left), row = _mm256_cvttpd_epi32(top);
    __m128i low = _mm_cmpgt_epi32(row, _mm_set1_epi32(from->last_row - 2));
    if (!_mm_testz_si128(low, low)) return 0;
    at->dx = _mm256_sub_pd(x, left);
    // Above the first row there is nothing to mix: a share of 0 leaves the first row itself.
    at->dy = _mm256_and_pd(_mm256_sub_pd(y, top), _mm256_cmp_pd(top, zero, _CMP_GE_OQ));
    at->inside = narrow(inside);
    const __m128i none = _mm_setzero_si128();
    __m128i has_right = _mm_andnot_si128(
        _mm_cmpgt_epi32(none, column),
        _mm_cmpgt_epi32(_mm_set1_epi32(from->last_column), column));
    column = _mm_max_epi32(column, none);
    __m128i offset = _mm_add_epi32(
        _mm_mullo_epi32(_mm_max_epi32(row, none), _mm_set1_epi32((int32_t)from->row_bytes)),
        _mm_add_epi32(column, _mm_slli_epi32(column, 1)));
    _mm_storeu_si128((__m128i *)at->offsets, offset);
    _mm_storeu_si128(
        (__m128i *)at->right,
        _mm_add_epi32(offset, _mm_and_si128(has_right, _mm_set1_epi32(3))));
    return 1;
}

// The pixels at four places as 32 bits each; their fourth bytes mean nothing.
AVX2 INLINED __m128i sample_places(const image *from, const places *at) {
    const __m256d zero = _mm256_setzero_pd();
    const uint8_t *above = from->pixels, *below = above + from->row_bytes;
    // Shears and translations move along one axis; a share of 0 leaves what it mixes.
    int is_across = _mm256_movemask_pd(_mm256_cmp_pd(at->dx, zero, _CMP_NEQ_OQ));
    int is_down = _mm256_movemask_pd(_mm256_cmp_pd(at->dy, zero, _CMP_NEQ_OQ));
    __m128i corners[4] = {pixels_at(above, at->offsets)};
    if (is_across) corners[1] = pixels_at(above, at->right);
    if (is_down) {
        corners[2] = pixels_at(below, at->offsets);
        if (is_across) corners[3] = pixels_at(below, at->right);
    }
    __m128i result = _mm_setzero_si128();
    for (int c = 0; c < 3; c++) {
        __m256d value = channel(corners[0], c);
        if (is_across) value = mix_lanes(value, channel(corners[1], c), at->dx);
        if (is_down) {
            __m256d lower = channel(corners[2], c);
            if (is_across) lower = mix_lanes(lower, channel(corners[3], c), at->dx);
            value = mix_lanes(value, lower, at->dy);
        }
        result = _mm_or_si128(result, _mm_slli_epi32(_mm256_cvttpd_epi32(value), 8 * c));
    }
    return result;
}

AVX2 static void affine_avx2(
    const image *from, cpixels_affine_map map, const uint8_t fill[3], uint8_t *target) {
    const __m128i color = _mm_set1_epi32(fill[0] | fill[1] << 8 | fill[2] << 16);
    const __m128i tight =
        _mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1);
    int32_t width = from->last_column + 1;
    for (int32_t row = 0; row <= from->last_row; row++) {
        const __m256d y = _mm256_set1_pd(row + 0.5);
        const __m256d by = _mm256_mul_pd(_mm256_set1_pd(map.b), y);
        const __m256d ey = _mm256_mul_pd(_mm256_set1_pd(map.e), y);
        int32_t column = 0;
        // A store writes four bytes too many, which the next one puts right; after the last row
        // there is none.
        for (; row < from->last_row && column + 4 <= width; column += 4, target += 12) {
            __m256d x = _mm256_add_pd(
                _mm256_set1_pd(column), _mm256_setr_pd(0.5, 1.5, 2.5, 3.5));
            // Summed in Pillow's order, for the same roundings.
            __m256d source_x = _mm256_add_pd(
                _mm256_add_pd(_mm256_mul_pd(_mm256_set1_pd(map.a), x), by),
                _mm256_set1_pd(map.c));
            __m256d source_y = _mm256_add_pd(
                _mm256_add_pd(_mm256_mul_pd(_mm256_set1_pd(map.d), x), ey),
                _mm256_set1_pd(map.f));
            places at;
            if (!find_places(from, source_x, source_y, &at)) {
                affine_run(from, map, fill, row, column, 4, target);
                continue;
            }
            __m128i pixels = _mm_blendv_epi8(color, sample_places(from, &at), at.inside);
            _mm_storeu_si128((__m128i *)target, _mm_shuffle_epi8(pixels, tight));
        }
        affine_run(from, map, fill, row, column, width - column, target);
        target += (width - column) * 3;
    }
}
#endif

void cpixels_affine(
    const uint8_t *source, int32_t width, int32_t height, cpixels_affine_map map,
    const uint8_t fill[3], uint8_t *target, int avx2) {
    image from = {source, (size_t)width * 3, width - 1, height - 1};
#ifdef AVX2
    if (avx2) {
        affine_avx2(&from, map, fill, target);
        return;
    }
#else
    (void)avx2;
#endif
    for (int32_t row = 0; row < height; row++)
        affine_run(&from, map, fill, row, 0, width, target + (size_t)row * from.row_bytes);
}
