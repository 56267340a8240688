// The inner loop that wants an instruction set above the x86-64 baseline: F16C to widen cached
// probabilities. The processor is asked; without it, or on another architecture, the portable loop
// gives the same results.
#include "chdf5.h"

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
