// How a function is compiled a second time, for AVX2.
#ifndef CPIXELS_DISPATCH_H
#define CPIXELS_DISPATCH_H

#include "cpixels.h"

// A product is rounded before its sum, as in Pillow.
#pragma STDC FP_CONTRACT OFF

#if defined(__x86_64__)
#include <immintrin.h>
#define AVX2 __attribute__((target("avx2")))
#endif

// A loop that is to be compiled into its callers, each with instructions of its own.
#define INLINED static inline __attribute__((always_inline))

#endif
