#pragma once

#include "chdf5_internal.h"

/// A dataset of another program's file.
struct chdf5_dataset {
    hid_t id;
    char *name;
    /// The first element of the first chunk that was never written, if there is one.
    int has_gap;
    uint64_t gap[CHDF5_FOREIGN_RANK];
    /// Paths of other files in which its numbers lie, each ended by a NUL.
    char *sources;
    size_t sources_bytes;
    /// What it, or a source, is compressed with that this HDF5 cannot undo: "lzf (filter 32000)".
    char *lacking;
};

/// Opens a file for reading, without a file lock, with caches of chunks for its datasets.
int32_t chdf5_open_with_cache(const char *path, size_t slots, size_t bytes, chdf5_file **out,
                              char **error);

/// Puts words of ours, after `begin`, in the place of an error of HDF5's that says why a file cannot
/// be opened, where it is one that a file's state explains. Returns -1.
int32_t chdf5_refuse_known(char **error, const char *begin);

/// Bytes of a chunk as it is in memory; 0 for a dataset without chunks.
size_t chdf5_chunk_bytes(hid_t dataset);

/// Fills in what a dataset rests on: gaps, other files and filters.
///
/// Returns -1 if a source of a virtual dataset cannot be opened, or holds less than is taken from it.
int32_t chdf5_look_for_sources(chdf5_dataset *dataset, chdf5_file *file, char **error);

/// Reads `count` texts of variable length, each of `limit` bytes at most, without HDF5's own reading
/// of its heap, which a damaged file can crash.
int32_t chdf5_read_heap_texts(chdf5_dataset *dataset, uint64_t count, size_t limit, char **out,
                              size_t *bytes, char **error);
