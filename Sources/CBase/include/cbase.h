// What the rooms share and Swift cannot say well: a processor's CRC instruction, and whether there
// is memory.
#ifndef CBASE_H
#define CBASE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// CRC-32C (Castagnoli, RFC 3720) of `count` bytes, continued from `seed` (0 to begin).
uint32_t cbase_crc32c(const void *bytes, size_t count, uint32_t seed);

/// The same from tables alone: what processors without SSE4.2 run.
uint32_t cbase_crc32c_portable(const void *bytes, size_t count, uint32_t seed);

/// Whether `count` bytes can be allocated now; nothing is kept.
int cbase_can_allocate(size_t count);

#ifdef __cplusplus
}
#endif
#endif
