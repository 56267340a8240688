// How a function is compiled twice and chosen between at run time.
#ifndef CPIXELS_DISPATCH_H
#define CPIXELS_DISPATCH_H

#include "cpixels.h"

// A product is rounded before its sum, as in Pillow.
#pragma STDC FP_CONTRACT OFF

#if defined(__x86_64__)
#include <immintrin.h>
#define AVX2 __attribute__((target("avx2")))
static inline int has_avx2(void) { return __builtin_cpu_supports("avx2") != 0; }
#endif

// A loop that is to be compiled into its callers, each with instructions of its own.
#define INLINED static inline __attribute__((always_inline))

#endif
