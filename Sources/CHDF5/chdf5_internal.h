#pragma once

#include "chdf5.h"

// One meaning for the functions that HDF5 1.12 and later version by macro.
#define H5_USE_110_API
#include <hdf5.h>

struct chdf5_file {
    /// A file, which stands for its root group, or a group; negative once it is closed.
    hid_t id;
    /// The content of a file that is being written; HDF5 grows it through callbacks.
    unsigned char *image;
    size_t size;
    size_t capacity;
};

/// Loads HDF5 and silences its printing of errors; clears the error stack.
void chdf5_begin(void);

/// Sets `*error` to "context: HDF5's innermost reason (its outermost)" and returns -1. To be called
/// before anything is closed: every call into HDF5 clears the error stack.
int32_t chdf5_fail(char **error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/// Sets `*error` to the text alone, where HDF5 itself did not fail, and returns -1.
int32_t chdf5_refuse(char **error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/// The type in the file, which is also the type in memory: everything is little-endian and so is
/// every machine this runs on. The caller closes it with H5Tclose.
hid_t chdf5_datatype(chdf5_type type);

/// Whether a member is not stored under its name but somewhere that the name leads to.
int chdf5_is_link(hid_t place, const char *name);
