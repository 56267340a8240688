// Decodes rows of encoding `bounded`; the layout is described in ResponseCache's BoundedLayout.
//
// This is C because it has to keep up with a training that learns from a million rows in a second.
// What is at the front of a row tells where each field lies, so that fields are taken independently
// of each other, without a chain of bits to follow. No operation here is contracted or reordered by
// the instruction set: every machine decodes the same floats.
#include "chdf5.h"

#include <string.h>

#pragma STDC FP_CONTRACT OFF

// Everything is inlined into the two functions at the end, once for the baseline and once for
// processors with AVX2 and BMI.
#define INLINE static inline __attribute__((always_inline))

/// The 57 bits from `position` on, with 7 of more or less meaning above them.
INLINE uint64_t bits_at(const uint8_t *bytes, size_t position) {
    uint64_t word;
    memcpy(&word, bytes + (position >> 3), sizeof word);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word >> (position & 7);
}

INLINE uint32_t field_at(const uint8_t *bytes, size_t position, uint32_t width) {
    return (uint32_t)(bits_at(bytes, position) & ((1ull << width) - 1));
}

/// Takes the classes from the third on, and gives the position after them, beyond the row's end if
/// they do not fit.
INLINE size_t named_by_rank(const chdf5_bounded *layout, const uint8_t *row, size_t position,
                            size_t end, uint32_t count, uint32_t *classes) {
    const uint16_t *first = layout->look_alikes + classes[0] * (size_t)CHDF5_LOOK_ALIKES;
    const uint16_t *second = layout->look_alikes + classes[1] * (size_t)CHDF5_LOOK_ALIKES;
    const uint16_t *lists[2] = {first, second};
    const uint32_t widths[4] = {4, 4, 6, layout->index_bits};
    size_t kinds = position;
    position += 2 * (size_t)(count - 2);
    // A name ends where the next begins, and that is known to lie within the row.
    for (uint32_t i = 2; i < count && position <= end; i++, kinds += 2) {
        uint32_t kind = field_at(row, kinds, 2), width = widths[kind];
        uint32_t name = field_at(row, position, width);
        position += width;
        uint32_t list = kind == 2 ? name & 1 : kind;
        uint32_t rank = kind == 2 ? 16 + (name >> 1) : name;
        uint32_t like = lists[list & 1][kind == 3 ? 0 : rank];
        classes[i] = kind == 3 ? name : like;
    }
    return position;
}

/// Takes the weights from the second class on: zeros before a one are steps of its code.
INLINE int32_t take_weights(const chdf5_bounded *layout, const uint8_t *row, size_t position,
                            size_t end, uint32_t count, float *weights) {
    uint32_t i = 1;
    for (size_t start = position; i < count; position += 56) {
        if (position >= end) return CHDF5_ROW_SHORT;
        uint64_t word = bits_at(row, position) & ((1ull << 56) - 1);
        for (; word != 0 && i < count; word &= word - 1, i++) {
            size_t one = position + (size_t)__builtin_ctzll(word);
            if (one >= end) return CHDF5_ROW_SHORT;
            // Every one before this one ended a class, too.
            size_t code = one - start - (i - 1);
            if (code >= layout->codes) return CHDF5_ROW_CODE;
            weights[i] = layout->weights[code];
        }
    }
    return CHDF5_ROW_SOUND;
}

/// Four sums side by side, then theirs: the order is part of the result.
INLINE double sum(const float *weights, uint32_t count) {
    double sums[4] = {0};
    uint32_t i = 0;
    for (; i + 4 <= count; i += 4) {
        for (uint32_t lane = 0; lane < 4; lane++) sums[lane] += (double)weights[i + lane];
    }
    for (; i < count; i++) sums[0] += (double)weights[i];
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

/// Gives each class its share of the tail by the prior.
INLINE int32_t share_by_prior(const chdf5_bounded *layout, double tail, uint32_t count,
                              const uint32_t *classes, const float *weights, float *restrict out) {
    size_t first = classes[0], second = count > 1 ? classes[1] : first;
    const float *one = layout->table + first * layout->classes;
    const float *other = layout->table + second * layout->classes;
    // Multiples of 2^-24 that sum to at most 1: exact in whatever order, so four at a time.
    float one_stored[4] = {0}, other_stored[4] = {0};
    uint32_t i = 0;
    for (; i + 4 <= count; i += 4) {
        for (uint32_t lane = 0; lane < 4; lane++) {
            one_stored[lane] += one[classes[i + lane]];
            other_stored[lane] += other[classes[i + lane]];
        }
    }
    for (; i < count; i++) {
        one_stored[0] += one[classes[i]];
        other_stored[0] += other[classes[i]];
    }
    float one_left = layout->sums[first], other_left = layout->sums[second];
    for (uint32_t lane = 0; lane < 4; lane++) {
        one_left -= one_stored[lane];
        other_left -= other_stored[lane];
    }
    double share = count > 1 ? 1 / (1 + (double)weights[1]) : 1;
    double left = share * (double)one_left + (1 - share) * (double)other_left;
    if (!(left > 0)) return CHDF5_ROW_TWICE;
    float own = (float)(tail * share / left), others = (float)(tail * (1 - share) / left);
    for (uint32_t i = 0; i < layout->classes; i++) out[i] = own * one[i] + others * other[i];
    return CHDF5_ROW_SOUND;
}

INLINE int32_t decode(const chdf5_bounded *layout, const uint8_t *row, size_t bytes,
                      uint32_t *scratch, float *restrict out) {
    uint32_t index_bits = layout->index_bits, tail_bits = layout->code_bits + 1;
    size_t end = 8 * bytes, position = tail_bits + 2 + 2 * index_bits;
    if (position > end) return CHDF5_ROW_SHORT;
    uint32_t tail = field_at(row, 0, tail_bits);
    uint32_t by_prior = field_at(row, tail_bits, 1), by_rank = field_at(row, tail_bits + 1, 1);
    uint32_t count = field_at(row, tail_bits + 2, index_bits) + 1;
    if (count > layout->classes) return CHDF5_ROW_COUNT;
    if (by_prior && layout->table == NULL) return CHDF5_ROW_PRIOR;
    if (by_rank && layout->look_alikes == NULL) return CHDF5_ROW_PRIOR;
    uint32_t *classes = scratch;
    float *weights = (float *)(scratch + layout->classes);
    classes[0] = field_at(row, tail_bits + 2 + index_bits, index_bits);
    weights[0] = layout->weights[0];
    uint32_t plain = by_rank && count > 2 ? 2 : count;
    // Checked before the fields are looked at, so that no row reads beyond its end.
    if (position + (size_t)(plain - 1) * index_bits > end) return CHDF5_ROW_SHORT;
    for (uint32_t i = 1; i < plain; i++, position += index_bits) {
        classes[i] = field_at(row, position, index_bits);
    }
    if (plain < count) {
        if (position + 6 * (size_t)(count - 2) > end) return CHDF5_ROW_SHORT;
        if (classes[0] >= layout->classes || classes[1] >= layout->classes) return CHDF5_ROW_CLASS;
        position = named_by_rank(layout, row, position, end, count, classes);
        if (position > end) return CHDF5_ROW_SHORT;
    }
    uint32_t largest = 0;
    for (uint32_t i = 0; i < count; i++) largest = classes[i] > largest ? classes[i] : largest;
    if (largest >= layout->classes) return CHDF5_ROW_CLASS;
    int32_t fault = take_weights(layout, row, position, end, count, weights);
    if (fault != CHDF5_ROW_SOUND) return fault;

    double others = count < layout->classes ? layout->tail_weights[tail] : 0;
    double scale = 1 / (sum(weights, count) + others);
    if (count < layout->classes && by_prior) {
        fault = share_by_prior(layout, others * scale, count, classes, weights, out);
        if (fault != CHDF5_ROW_SOUND) return fault;
    } else {
        float share = (float)(others * scale / (double)(layout->classes - count + (others == 0)));
        for (uint32_t i = 0; i < layout->classes; i++) out[i] = share;
    }
    for (uint32_t i = 0; i < count; i++) out[classes[i]] = weights[i] * (float)scale;
    return CHDF5_ROW_SOUND;
}

INLINE void decode_codes(const chdf5_bounded *layout, const uint8_t *row, float *restrict out) {
    uint32_t classes = layout->classes, width = layout->code_bits;
    for (uint32_t i = 0; i < classes; i++) {
        out[i] = layout->weights[field_at(row, i * (size_t)width, width)];
    }
    float scale = (float)(1 / sum(out, classes));
    for (uint32_t i = 0; i < classes; i++) out[i] *= scale;
}

#if defined(__x86_64__)
#define FAST __attribute__((target("avx2,bmi,bmi2")))

FAST static int32_t decode_fast(const chdf5_bounded *layout, const uint8_t *row, size_t bytes,
                                uint32_t *scratch, float *out) {
    return decode(layout, row, bytes, scratch, out);
}

FAST static void decode_codes_fast(const chdf5_bounded *layout, const uint8_t *row, float *out) {
    decode_codes(layout, row, out);
}

static int is_fast(void) {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
           __builtin_cpu_supports("bmi2");
}
#endif

int32_t chdf5_decode_bounded(const chdf5_bounded *layout, const uint8_t *row, size_t bytes,
                             uint32_t *scratch, float *out) {
#if defined(__x86_64__)
    if (is_fast()) return decode_fast(layout, row, bytes, scratch, out);
#endif
    return chdf5_decode_bounded_portable(layout, row, bytes, scratch, out);
}

int32_t chdf5_decode_bounded_portable(const chdf5_bounded *layout, const uint8_t *row,
                                      size_t bytes, uint32_t *scratch, float *out) {
    return decode(layout, row, bytes, scratch, out);
}

void chdf5_decode_codes(const chdf5_bounded *layout, const uint8_t *row, float *out) {
#if defined(__x86_64__)
    if (is_fast()) {
        decode_codes_fast(layout, row, out);
        return;
    }
#endif
    chdf5_decode_codes_portable(layout, row, out);
}

void chdf5_decode_codes_portable(const chdf5_bounded *layout, const uint8_t *row, float *out) {
    decode_codes(layout, row, out);
}
