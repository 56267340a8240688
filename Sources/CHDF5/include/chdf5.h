// The part of HDF5 that the response cache needs, and the loops over its rows that want a
// particular instruction set. Everything else is Swift.
//
// - A function that can fail returns 0 or -1; on -1 `*error` holds one line of text that the caller
//   frees with `chdf5_free`. HDF5's own error stack becomes that line and is never printed.
// - HDF5 as Debian builds it is not thread-safe: the caller serializes every call that takes a
//   `chdf5_file` (ResponseCache does, with one lock).
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// An open file (an image in memory that is being written, or a file on disk that is being read) or
/// a group of one. What is said of a root group below holds for a group as well.
typedef struct chdf5_file chdf5_file;

/// Element types of datasets; numpy's `<f2`, `<u2`, `<u4`, `<f4`, `|u1`.
typedef enum chdf5_type {
    CHDF5_F16 = 0,
    CHDF5_U16 = 1,
    CHDF5_U32 = 2,
    CHDF5_F32 = 3,
    CHDF5_U8 = 4,
} chdf5_type;

/// The most dimensions a dataset may have here.
enum { CHDF5_MAX_RANK = 2 };

/// HDF5's version at run time.
void chdf5_version(uint32_t *major, uint32_t *minor, uint32_t *release);

/// Frees what a function of this header gave away: texts, images. NULL is fine.
void chdf5_free(void *memory);

// Writing. The file is built in memory and given out as bytes, so that a full disk is met by plain
// write(2) with an errno, and not inside H5Fclose, which cannot be repeated or abandoned.

/// Begins a file in memory. `expected_bytes`: about how large it will be.
int32_t chdf5_create(size_t expected_bytes, chdf5_file **out, char **error);

/// Writes a fixed-length UTF-8 string as an attribute of the root group.
int32_t chdf5_write_string(chdf5_file *file, const char *name, const char *value, char **error);

/// Writes a little-endian int64 as an attribute of the root group.
int32_t chdf5_write_int(chdf5_file *file, const char *name, int64_t value, char **error);

/// Writes a little-endian float64 as an attribute of the root group.
int32_t chdf5_write_double(chdf5_file *file, const char *name, double value, char **error);

/// Writes a whole dataset with Fletcher-32, in chunks of `chunk_rows` of its first dimension.
int32_t chdf5_write_dataset(chdf5_file *file, const char *name, chdf5_type type, int32_t rank,
                            const uint64_t *shape, uint64_t chunk_rows, const void *values,
                            char **error);

/// Copies the root group of another file, with all that is in it, to a new group of this name.
/// Chunks are copied as they are stored, their checksums with them.
int32_t chdf5_copy_root(chdf5_file *source, chdf5_file *target, const char *name, char **error);

/// Completes the file and gives its bytes, which are freed with `chdf5_free`. Nothing but
/// `chdf5_close` may follow.
int32_t chdf5_finish(chdf5_file *file, void **bytes, size_t *count, char **error);

// Reading.

/// Opens a file on disk for reading, without a file lock (parts never change).
int32_t chdf5_open(const char *path, chdf5_file **out, char **error);

/// Opens a group of a file, to be closed before the file is.
int32_t chdf5_open_group(chdf5_file *file, const char *name, chdf5_file **out, char **error);

/// Reads a string attribute of the root group; `*out` is freed with `chdf5_free`.
int32_t chdf5_read_string(chdf5_file *file, const char *name, char **out, char **error);

/// Reads an integer attribute of the root group.
int32_t chdf5_read_int(chdf5_file *file, const char *name, int64_t *out, char **error);

/// Reads a floating-point attribute of the root group.
int32_t chdf5_read_double(chdf5_file *file, const char *name, double *out, char **error);

/// Reads a whole dataset. Its type and shape must be as given, and it must carry Fletcher-32, which
/// is what this verifies; nothing is converted.
int32_t chdf5_read_dataset(chdf5_file *file, const char *name, chdf5_type type, int32_t rank,
                           const uint64_t *shape, void *values, char **error);

// Reading what other programs wrote: datasets may lie in groups, `name` being a path.

/// A dataset of a foreign file, kept open, and with it the chunks that were read last. To be closed
/// before its file is.
typedef struct chdf5_dataset chdf5_dataset;

/// What a foreign dataset holds.
typedef enum chdf5_kind {
    CHDF5_FLOAT = 0,
    CHDF5_STRING = 1,
    CHDF5_INTEGER = 2,
    CHDF5_OTHER = 3,
} chdf5_kind;

/// The most dimensions a foreign dataset may have here.
enum { CHDF5_FOREIGN_RANK = 3 };

/// Opens another program's file for reading, without a file lock, which is the caller's to take.
int32_t chdf5_open_foreign(const char *path, chdf5_file **out, char **error);

/// Opens a dataset. A link that leads nowhere, and a source of a virtual dataset that cannot be
/// opened or holds too little, is an error that names it.
int32_t chdf5_open_dataset(chdf5_file *file, const char *name, chdf5_dataset **out, char **error);

/// What a dataset is: its kind, the bits of an element, and its shape; `shape` has room for
/// `CHDF5_FOREIGN_RANK` extents.
int32_t chdf5_describe(chdf5_dataset *dataset, chdf5_kind *kind, int32_t *bits, int32_t *rank,
                       uint64_t *shape, char **error);

/// Whether a part of it was never written, which HDF5 reads as its fill value, and the first element
/// of that; `gap` has room for `CHDF5_FOREIGN_RANK` indices.
int32_t chdf5_gap(chdf5_dataset *dataset, uint64_t *gap);

/// Paths of other files in which its numbers lie, each ended by a NUL; NULL for none.
const char *chdf5_sources(chdf5_dataset *dataset, size_t *bytes);

/// Reads rows of a dataset `[rows, n]`, or of one view of `[views, rows, n]`, as doubles.
///
/// `rows` in ascending order, no two alike; `values` has room for `count * n`.
int32_t chdf5_read_rows(chdf5_dataset *dataset, uint64_t view, const uint64_t *rows, uint64_t count,
                        double *values, char **error);

/// Reads a whole dataset of `count` texts, of fixed or variable length, each ended by a NUL;
/// `*out` is freed with `chdf5_free`.
int32_t chdf5_read_strings(chdf5_dataset *dataset, uint64_t count, char **out, size_t *bytes,
                           char **error);

/// Closes a dataset and frees it. NULL is fine.
void chdf5_close_dataset(chdf5_dataset *dataset);

/// Closes a file or a group and frees it. NULL is fine.
void chdf5_close(chdf5_file *file);

// Loops over rows and pixels: no HDF5, no lock, no failure.

/// Widens IEEE half floats to floats, exactly, and returns their sum. For multiples of 2^-24 that
/// sum to at most 1 (what the cache stores) every partial sum is a float, so the sum is exact in
/// whatever order the instruction set adds.
float chdf5_widen(const uint16_t *halves, float *out, size_t count);

/// Look-alikes listed for each class of a prior.
enum { CHDF5_LOOK_ALIKES = 48 };

/// How rows of encoding `bounded` are read; the fields are those of ResponseCache's BoundedLayout.
typedef struct chdf5_bounded {
    uint32_t classes;
    uint32_t index_bits;
    uint32_t code_bits;
    /// How many weights there are.
    uint32_t codes;
    const float *weights;
    const double *tail_weights;
    /// The prior, `[classes, classes]`, and the sum of each row; NULL for none.
    const float *table;
    const float *sums;
    /// `[classes, CHDF5_LOOK_ALIKES]`; NULL for none.
    const uint16_t *look_alikes;
} chdf5_bounded;

/// What is wrong with a row.
enum {
    CHDF5_ROW_SOUND = 0,
    /// Its fields do not fit its length.
    CHDF5_ROW_SHORT = 1,
    /// It has more classes than there are.
    CHDF5_ROW_COUNT = 2,
    /// It needs a prior.
    CHDF5_ROW_PRIOR = 3,
    /// It names a class that there is not.
    CHDF5_ROW_CLASS = 4,
    /// It has a code that there is not.
    CHDF5_ROW_CODE = 5,
    /// It names a class twice.
    CHDF5_ROW_TWICE = 6,
};

/// Bytes that must be readable after a row.
enum { CHDF5_ROW_PADDING = 8 };

/// Decodes a row of single classes to `classes` floats that sum to 1. `bytes` more than 0, after
/// which `CHDF5_ROW_PADDING` bytes can be read; `scratch` has room for 2 * classes.
int32_t chdf5_decode_bounded(const chdf5_bounded *layout, const uint8_t *row, size_t bytes,
                             uint32_t *scratch, float *out);

/// Decodes a row that has a code for every class, with the same padding.
void chdf5_decode_codes(const chdf5_bounded *layout, const uint8_t *row, float *out);

/// The same without AVX2 and BMI, with the same results.
int32_t chdf5_decode_bounded_portable(const chdf5_bounded *layout, const uint8_t *row,
                                      size_t bytes, uint32_t *scratch, float *out);

/// The same without AVX2 and BMI, with the same results.
void chdf5_decode_codes_portable(const chdf5_bounded *layout, const uint8_t *row, float *out);

/// The same as `chdf5_widen` without F16C.
float chdf5_widen_portable(const uint16_t *halves, float *out, size_t count);

#ifdef __cplusplus
}
#endif
