// What the rooms share and Swift cannot say well: a processor's CRC instruction, sets of cores, the
// end of a parent, whether there is memory, and what to say where there is none.
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

/// The cores that this thread may run on: bit `i % 8` of byte `i / 8` is core i. Gives -1 where the
/// system does not tell, or has more cores than `size` bytes have bits. `size`: a multiple of 8; `bits`:
/// zeros.
int cbase_affinity(uint8_t *bits, size_t size);

/// Has the system send this process a signal when its parent ends, however it does.
///
/// `parent`: the process that started this one. Gives 0 if it is gone already, or the system cannot.
int cbase_end_with_parent(int32_t parent, int32_t signal);

/// Has two paths, which must both be there, change places in one step. Gives 0 or the `errno`: EINVAL or
/// ENOSYS where the file system or the system cannot do it.
int cbase_exchange(const char *one, const char *other);

/// Whether `count` bytes can be allocated now; nothing is kept.
int cbase_can_allocate(size_t count);

/// What small allocations are left of a limited address space. Where there is less, what follows is
/// not to be relied upon: generated code that found no memory is called all the same (oneDNN).
#define CBASE_RESERVE (32u << 20)

/// Whether a limit (ulimit -v, -d) leaves less than the reserve to map; 0 where there is no limit.
int cbase_is_exhausted(void);

/// Has the process end with a line and status 1, instead of by a signal, where it crashes for want of
/// what a limit leaves: neither Swift nor the threads of an operation can report that an allocation
/// failed. Any other crash stays what it is. `line` must stay.
void cbase_explain_exhaustion(const char *line);

#ifdef __cplusplus
}
#endif
#endif
