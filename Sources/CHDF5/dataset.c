// Whole datasets, always with Fletcher-32.
#include "chdf5_internal.h"

#include <stdio.h>
#include <string.h>

/// numpy's float16: HDF5 1.10 has no such predefined type, so it is cut from float32.
static hid_t half_type(void) {
    hid_t type = H5Tcopy(H5T_IEEE_F32LE);
    // Sign at bit 15, 5 bits of exponent from bit 10, 10 bits of mantissa from bit 0.
    H5Tset_fields(type, 15, 10, 5, 0, 10);
    H5Tset_size(type, 2);
    H5Tset_ebias(type, 15);
    return type;
}

hid_t chdf5_datatype(chdf5_type type) {
    switch (type) {
    case CHDF5_F16: return half_type();
    case CHDF5_U16: return H5Tcopy(H5T_STD_U16LE);
    case CHDF5_U32: return H5Tcopy(H5T_STD_U32LE);
    case CHDF5_F32: return H5Tcopy(H5T_IEEE_F32LE);
    case CHDF5_U8: return H5Tcopy(H5T_STD_U8LE);
    }
    return -1;
}

static const char *type_name(chdf5_type type) {
    switch (type) {
    case CHDF5_F16: return "float16";
    case CHDF5_U16: return "uint16";
    case CHDF5_U32: return "uint32";
    case CHDF5_F32: return "float32";
    case CHDF5_U8: return "uint8";
    }
    return "unknown";
}

/// "[192, 50]"
static void describe(char *text, size_t limit, int rank, const hsize_t *shape) {
    size_t length = (size_t)snprintf(text, limit, "[");
    for (int i = 0; i < rank && length < limit; i++) {
        length += (size_t)snprintf(text + length, limit - length, "%s%llu", i > 0 ? ", " : "",
                                   (unsigned long long)shape[i]);
    }
    if (length < limit) snprintf(text + length, limit - length, "]");
}

/// HDF5's cache of chunks serves repeated partial access. Here a dataset is written or read once
/// and whole, so a chunk is never wanted twice; and the default changed in HDF5 2.0.
static hid_t access_without_cache(void) {
    hid_t access = H5Pcreate(H5P_DATASET_ACCESS);
    H5Pset_chunk_cache(access, 1, 0, 1.0);
    return access;
}

int32_t chdf5_write_dataset(chdf5_file *file, const char *name, chdf5_type type, int32_t rank,
                            const uint64_t *shape, uint64_t chunk_rows, const void *values,
                            char **error) {
    chdf5_begin();
    if (rank < 1 || rank > CHDF5_MAX_RANK) {
        return chdf5_refuse(error, "dataset '%s' cannot have %d dimensions", name, rank);
    }
    hsize_t extent[CHDF5_MAX_RANK], chunk[CHDF5_MAX_RANK];
    for (int i = 0; i < rank; i++) extent[i] = chunk[i] = shape[i];
    if (chunk_rows < chunk[0]) chunk[0] = chunk_rows;

    hid_t element = chdf5_datatype(type);
    hid_t space = H5Screate_simple(rank, extent, NULL);
    hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
    hid_t access = access_without_cache();
    hid_t dataset = -1;
    herr_t status = -1;
    // The fill value is written so that the padding of a last chunk is zero, never stale memory.
    if (element >= 0 && space >= 0 && H5Pset_chunk(creation, rank, chunk) >= 0 &&
        H5Pset_fletcher32(creation) >= 0 && H5Pset_obj_track_times(creation, 0) >= 0 &&
        H5Pset_fill_time(creation, H5D_FILL_TIME_ALLOC) >= 0) {
        dataset = H5Dcreate2(file->id, name, element, space, H5P_DEFAULT, creation, access);
    }
    if (dataset >= 0) {
        status = H5Dwrite(dataset, element, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
    }
    int32_t result = status < 0 ? chdf5_fail(error, "cannot write dataset '%s'", name) : 0;
    if (dataset >= 0 && H5Dclose(dataset) < 0 && result == 0) {
        result = chdf5_fail(error, "cannot finish dataset '%s'", name);
    }
    H5Pclose(access);
    H5Pclose(creation);
    if (space >= 0) H5Sclose(space);
    if (element >= 0) H5Tclose(element);
    return result;
}

/// Checks that an open dataset is what the caller allocated memory for, and is checksummed.
static int32_t check(hid_t dataset, const char *name, chdf5_type type, hid_t element, int32_t rank,
                     const uint64_t *shape, char **error) {
    hid_t stored = H5Dget_type(dataset);
    htri_t same = stored < 0 ? -1 : H5Tequal(stored, element);
    if (same < 0) chdf5_fail(error, "cannot read the type of dataset '%s'", name);
    if (stored >= 0) H5Tclose(stored);
    if (same < 0) return -1;
    if (same == 0) return chdf5_refuse(error, "dataset '%s' is not %s", name, type_name(type));

    hid_t space = H5Dget_space(dataset);
    hsize_t found[H5S_MAX_RANK];
    int dimensions = space < 0 ? -1 : H5Sget_simple_extent_dims(space, found, NULL);
    if (dimensions < 0) chdf5_fail(error, "cannot read the shape of dataset '%s'", name);
    if (space >= 0) H5Sclose(space);
    if (dimensions < 0) return -1;
    hsize_t expected[CHDF5_MAX_RANK];
    int fits = dimensions == rank;
    for (int i = 0; i < rank; i++) {
        expected[i] = shape[i];
        fits = fits && found[i] == shape[i];
    }
    if (!fits) {
        char have[256], want[256];
        describe(have, sizeof have, dimensions, found);
        describe(want, sizeof want, rank, expected);
        return chdf5_refuse(error, "dataset '%s' has shape %s, not %s", name, have, want);
    }

    hid_t creation = H5Dget_create_plist(dataset);
    hsize_t chunk[CHDF5_MAX_RANK];
    unsigned flags = 0;
    size_t values = 0;
    int summed = creation >= 0 && H5Pget_nfilters(creation) == 1 &&
                 H5Pget_filter_by_id2(creation, H5Z_FILTER_FLETCHER32, &flags, &values, NULL, 0,
                                      NULL, NULL) >= 0 &&
                 H5Pget_layout(creation) == H5D_CHUNKED &&
                 H5Pget_chunk(creation, CHDF5_MAX_RANK, chunk) == rank;
    if (creation >= 0) H5Pclose(creation);
    if (!summed) {
        H5Eclear2(H5E_DEFAULT);
        return chdf5_refuse(error, "dataset '%s' carries no Fletcher-32 checksum", name);
    }
    // HDF5 reads a chunk that is not there as zeros, and one that was stored without its sum without
    // a check. With this filter alone, bytes tell.
    uint64_t chunks = 1, bytes = H5Tget_size(element);
    for (int i = 0; i < rank; i++) {
        chunks *= (shape[i] + chunk[i] - 1) / chunk[i];
        bytes *= chunk[i];
    }
    hsize_t stored_bytes = H5Dget_storage_size(dataset);
    if (stored_bytes != chunks * (bytes + 4)) {
        return chdf5_refuse(error, "dataset '%s' was not written as a whole: %llu of %llu bytes",
                            name, (unsigned long long)stored_bytes,
                            (unsigned long long)(chunks * (bytes + 4)));
    }
    return 0;
}

int32_t chdf5_read_dataset(chdf5_file *file, const char *name, chdf5_type type, int32_t rank,
                           const uint64_t *shape, void *values, char **error) {
    chdf5_begin();
    if (rank < 1 || rank > CHDF5_MAX_RANK) {
        return chdf5_refuse(error, "dataset '%s' cannot have %d dimensions", name, rank);
    }
    htri_t exists = H5Lexists(file->id, name, H5P_DEFAULT);
    if (exists < 0) return chdf5_fail(error, "cannot read dataset '%s'", name);
    if (exists == 0) return chdf5_refuse(error, "has no dataset '%s'", name);
    if (chdf5_is_link(file->id, name)) {
        return chdf5_refuse(error, "dataset '%s' is a link, and not stored here", name);
    }
    hid_t access = access_without_cache();
    hid_t dataset = H5Dopen2(file->id, name, access);
    if (dataset < 0) chdf5_fail(error, "cannot read dataset '%s'", name);
    H5Pclose(access);
    if (dataset < 0) return -1;
    hid_t element = chdf5_datatype(type);
    int32_t result = check(dataset, name, type, element, rank, shape, error);
    if (result == 0 &&
        H5Dread(dataset, element, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) < 0) {
        result = chdf5_fail(error, "cannot read dataset '%s'", name);
    }
    if (element >= 0) H5Tclose(element);
    H5Dclose(dataset);
    return result;
}
