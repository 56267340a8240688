// Datasets of files that other programs wrote: any number type, converted by HDF5.
#include "chdf5_internal.h"

#include <stdlib.h>
#include <string.h>

/// A key is a file name; PATH_MAX is 4096 on Linux.
enum { KEY_LIMIT = 4096 };

static hid_t open_dataset(chdf5_file *file, const char *name, char **error) {
    // A path may lead through groups, and H5Lexists fails where a group of it is missing.
    htri_t exists = H5Oexists_by_name(file->id, name, H5P_DEFAULT);
    if (exists <= 0) {
        H5Eclear2(H5E_DEFAULT);
        chdf5_refuse(error, "has no dataset '%s'", name);
        return -1;
    }
    H5O_info_t info;
    if (H5Oget_info_by_name(file->id, name, &info, H5P_DEFAULT) < 0) {
        chdf5_fail(error, "cannot read dataset '%s'", name);
        return -1;
    }
    if (info.type != H5O_TYPE_DATASET) {
        chdf5_refuse(error, "'%s' is a group or a type, not a dataset", name);
        return -1;
    }
    hid_t dataset = H5Dopen2(file->id, name, H5P_DEFAULT);
    if (dataset < 0) chdf5_fail(error, "cannot read dataset '%s'", name);
    return dataset;
}

int32_t chdf5_describe(chdf5_file *file, const char *name, chdf5_kind *kind, int32_t *bits,
                       int32_t *rank, uint64_t *shape, char **error) {
    chdf5_begin();
    hid_t dataset = open_dataset(file, name, error);
    if (dataset < 0) return -1;
    hid_t type = H5Dget_type(dataset);
    hid_t space = H5Dget_space(dataset);
    hsize_t extent[H5S_MAX_RANK];
    int dimensions = -1;
    if (type >= 0 && space >= 0) dimensions = H5Sget_simple_extent_dims(space, extent, NULL);
    int32_t result = 0;
    if (dimensions < 0) {
        result = chdf5_fail(error, "cannot read the shape of dataset '%s'", name);
    } else if (dimensions > CHDF5_FOREIGN_RANK) {
        result = chdf5_refuse(error, "dataset '%s' has %d dimensions", name, dimensions);
    } else {
        switch (H5Tget_class(type)) {
        case H5T_FLOAT: *kind = CHDF5_FLOAT; break;
        case H5T_STRING: *kind = CHDF5_STRING; break;
        default: *kind = CHDF5_OTHER; break;
        }
        *bits = (int32_t)(8 * H5Tget_size(type));
        *rank = dimensions;
        for (int i = 0; i < dimensions; i++) shape[i] = extent[i];
    }
    if (space >= 0) H5Sclose(space);
    if (type >= 0) H5Tclose(type);
    H5Dclose(dataset);
    return result;
}

int32_t chdf5_read_block(chdf5_file *file, const char *name, int32_t rank, const uint64_t *start,
                         const uint64_t *count, double *values, char **error) {
    chdf5_begin();
    if (rank < 1 || rank > CHDF5_FOREIGN_RANK) {
        return chdf5_refuse(error, "dataset '%s' cannot have %d dimensions", name, rank);
    }
    hid_t dataset = open_dataset(file, name, error);
    if (dataset < 0) return -1;
    hsize_t from[CHDF5_FOREIGN_RANK], extent[CHDF5_FOREIGN_RANK];
    for (int i = 0; i < rank; i++) {
        from[i] = start[i];
        extent[i] = count[i];
    }
    hid_t space = H5Dget_space(dataset);
    hid_t memory = H5Screate_simple(rank, extent, NULL);
    herr_t status = -1;
    // A selection of another rank or beyond the extent makes HDF5 fail, not read elsewhere.
    if (space >= 0 && memory >= 0 && H5Sget_simple_extent_ndims(space) == rank &&
        H5Sselect_hyperslab(space, H5S_SELECT_SET, from, NULL, extent, NULL) >= 0) {
        status = H5Dread(dataset, H5T_NATIVE_DOUBLE, memory, space, H5P_DEFAULT, values);
    }
    int32_t result = status < 0 ? chdf5_fail(error, "cannot read dataset '%s'", name) : 0;
    if (memory >= 0) H5Sclose(memory);
    if (space >= 0) H5Sclose(space);
    H5Dclose(dataset);
    return result;
}

/// Copies `length` bytes at most, up to a NUL, and ends them with one.
static char *put(char *out, const char *text, size_t length) {
    size_t used = text == NULL ? 0 : strnlen(text, length);
    if (used > 0) memcpy(out, text, used);
    out[used] = '\0';
    return out + used + 1;
}

static int32_t read_fixed(hid_t dataset, hid_t type, const char *name, uint64_t count, char **out,
                          size_t *bytes, char **error) {
    size_t size = H5Tget_size(type);
    if (size == 0 || size > KEY_LIMIT) {
        return chdf5_refuse(error, "dataset '%s' has texts of %zu bytes", name, size);
    }
    char *raw = malloc(count * size + 1);
    char *texts = malloc(count * (size + 1) + 1);
    int32_t result = 0;
    if (raw == NULL || texts == NULL) {
        result = chdf5_refuse(error, "out of memory for dataset '%s'", name);
    } else if (H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, raw) < 0) {
        result = chdf5_fail(error, "cannot read dataset '%s'", name);
    } else {
        char *end = texts;
        int spaces = H5Tget_strpad(type) == H5T_STR_SPACEPAD;
        for (uint64_t i = 0; i < count; i++) {
            const char *text = raw + i * size;
            size_t length = size;
            // Fortran pads with spaces.
            while (spaces && length > 0 && text[length - 1] == ' ') length--;
            end = put(end, text, length);
        }
        *bytes = (size_t)(end - texts);
        *out = texts;
        texts = NULL;
    }
    free(raw);
    free(texts);
    return result;
}

int32_t chdf5_read_strings(chdf5_file *file, const char *name, uint64_t count, char **out,
                           size_t *bytes, char **error) {
    chdf5_begin();
    hid_t dataset = open_dataset(file, name, error);
    if (dataset < 0) return -1;
    hid_t type = H5Dget_type(dataset);
    hid_t space = H5Dget_space(dataset);
    int32_t result = -1;
    if (type < 0 || space < 0 || H5Tget_class(type) != H5T_STRING ||
        H5Sget_simple_extent_npoints(space) != (hssize_t)count) {
        chdf5_refuse(error, "dataset '%s' is not %llu texts", name, (unsigned long long)count);
    } else if (H5Tis_variable_str(type) > 0) {
        result = chdf5_read_heap_texts(file, dataset, name, count, KEY_LIMIT, out, bytes, error);
    } else {
        result = read_fixed(dataset, type, name, count, out, bytes, error);
    }
    if (space >= 0) H5Sclose(space);
    if (type >= 0) H5Tclose(type);
    H5Dclose(dataset);
    return result;
}
