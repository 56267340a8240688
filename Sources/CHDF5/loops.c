// The two inner loops that want an instruction set above the x86-64 baseline: F16C to widen cached
// probabilities, SSE4.2 for CRC-32C. The processor is asked once; without them, or on another
// architecture, the portable loops give the same results.
#include "chdf5.h"

#include <pthread.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

static float widened(uint16_t half) {
    uint32_t sign = (uint32_t)(half & 0x8000) << 16;
    uint32_t exponent = (half >> 10) & 0x1f, mantissa = half & 0x3ff;
    uint32_t bits;
    if (exponent == 0) {
        // Zero or subnormal: mantissa * 2^-24, exact in float.
        float value = (float)mantissa * 0x1p-24f;
        memcpy(&bits, &value, sizeof bits);
        bits |= sign;
    } else if (exponent == 31) {
        bits = sign | 0x7f800000 | (mantissa << 13);
    } else {
        bits = sign | ((exponent + 112) << 23) | (mantissa << 13);
    }
    float result;
    memcpy(&result, &bits, sizeof result);
    return result;
}

float chdf5_widen_portable(const uint16_t *halves, float *out, size_t count) {
    float sum = 0;
    for (size_t i = 0; i < count; i++) {
        out[i] = widened(halves[i]);
        sum += out[i];
    }
    return sum;
}

#if defined(__x86_64__)
__attribute__((target("avx2,f16c"))) static float widen_f16c(const uint16_t *halves, float *out,
                                                              size_t count) {
    __m256 sums = _mm256_setzero_ps();
    size_t i = 0;
    for (; i + 8 <= count; i += 8) {
        __m256 values = _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(halves + i)));
        _mm256_storeu_ps(out + i, values);
        sums = _mm256_add_ps(sums, values);
    }
    float lanes[8];
    _mm256_storeu_ps(lanes, sums);
    float sum = 0;
    for (int lane = 0; lane < 8; lane++) sum += lanes[lane];
    for (; i < count; i++) {
        out[i] = _cvtsh_ss(halves[i]);
        sum += out[i];
    }
    return sum;
}
#endif

float chdf5_widen(const uint16_t *halves, float *out, size_t count) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("f16c")) {
        return widen_f16c(halves, out, count);
    }
#endif
    return chdf5_widen_portable(halves, out, count);
}

// CRC-32C: polynomial 0x1EDC6F41, reflected 0x82F63B78, initial value and final xor all ones.
// Source: RFC 3720, 12.1 and B.4.

static uint32_t table[8][256];
static pthread_once_t table_made = PTHREAD_ONCE_INIT;

/// Fills the tables for eight bytes at a time.
static void make_table(void) {
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t crc = i;
        for (int bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >> 1) ^ 0x82F63B78u : crc >> 1;
        table[0][i] = crc;
    }
    for (uint32_t i = 0; i < 256; i++) {
        for (int k = 1; k < 8; k++) {
            table[k][i] = (table[k - 1][i] >> 8) ^ table[0][table[k - 1][i] & 0xff];
        }
    }
}

uint32_t chdf5_crc32c_portable(const void *bytes, size_t count, uint32_t seed) {
    pthread_once(&table_made, make_table);
    const uint8_t *p = bytes;
    uint32_t crc = ~seed;
    for (; count >= 8; count -= 8, p += 8) {
        uint32_t low = crc ^ ((uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
                              (uint32_t)p[3] << 24);
        crc = table[7][low & 0xff] ^ table[6][(low >> 8) & 0xff] ^ table[5][(low >> 16) & 0xff] ^
              table[4][low >> 24] ^ table[3][p[4]] ^ table[2][p[5]] ^ table[1][p[6]] ^
              table[0][p[7]];
    }
    for (; count > 0; count--, p++) crc = (crc >> 8) ^ table[0][(crc ^ *p) & 0xff];
    return ~crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t crc32c_sse42(const void *bytes, size_t count,
                                                                uint32_t seed) {
    const uint8_t *p = bytes;
    uint64_t crc = (uint32_t)~seed;
    for (; count >= 8; count -= 8, p += 8) {
        uint64_t word;
        memcpy(&word, p, 8);
        crc = _mm_crc32_u64(crc, word);
    }
    for (; count > 0; count--, p++) crc = _mm_crc32_u8((uint32_t)crc, *p);
    return ~(uint32_t)crc;
}
#endif

uint32_t chdf5_crc32c(const void *bytes, size_t count, uint32_t seed) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("sse4.2")) return crc32c_sse42(bytes, count, seed);
#endif
    return chdf5_crc32c_portable(bytes, count, seed);
}
