#include "cpixels.h"

#include <string.h>

int cpixels_has_avx2(void) {
#ifdef __x86_64__
    return __builtin_cpu_supports("avx2") != 0;
#else
    return 0;
#endif
}

void cpixels_map(uint8_t *bytes, size_t count, const uint8_t table[256]) {
    for (size_t i = 0; i < count; i++) bytes[i] = table[bytes[i]];
}

void cpixels_map_channels(uint8_t *pixels, size_t count, const uint8_t tables[3 * 256]) {
    for (size_t i = 0; i < count; i++, pixels += 3) {
        pixels[0] = tables[pixels[0]];
        pixels[1] = tables[256 + pixels[1]];
        pixels[2] = tables[512 + pixels[2]];
    }
}

void cpixels_histogram(const uint8_t *first, size_t count, uint32_t counts[256]) {
    // Neighbors are often equal: counting them in tables of their own spares waiting for the
    // count that was just written.
    uint32_t partial[4][256];
    memset(partial, 0, sizeof partial);
    size_t i = 0;
    for (; i + 4 <= count; i += 4, first += 12) {
        partial[0][first[0]]++;
        partial[1][first[3]]++;
        partial[2][first[6]]++;
        partial[3][first[9]]++;
    }
    for (; i < count; i++, first += 3) partial[0][first[0]]++;
    for (int value = 0; value < 256; value++)
        counts[value] =
            partial[0][value] + partial[1][value] + partial[2][value] + partial[3][value];
}
