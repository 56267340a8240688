// Datasets of files that other programs wrote: any floating-point type, converted by HDF5.
#include "chdf5_foreign.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    /// A key is a file name; PATH_MAX is 4096 on Linux.
    KEY_LIMIT = 4096,
    /// Blocks of one selection: HDF5 copies it for each block that is added.
    SELECTION_LIMIT = 512,
    /// How many names a message lists.
    LISTED = 5,
};

/// Bytes of chunks that are kept in memory for each open dataset: what h5py's users are told to set.
static const size_t CACHE_BYTES = (size_t)64 << 20;
/// The most, where a single chunk is larger.
static const size_t CACHE_LIMIT = (size_t)1 << 30;

int32_t chdf5_open_foreign(const char *path, chdf5_file **out, char **error) {
    chdf5_begin();
    // Where a virtual dataset's sources are opened by HDF5, this is how large their caches are.
    if (chdf5_open_with_cache(path, 12421, CACHE_BYTES, out, error) == 0) return 0;
    return chdf5_refuse_known(error, "");
}

typedef struct {
    char text[512];
    int listed;
    int is_whole;
} listing;

static herr_t list_member(hid_t group, const char *name, const H5L_info_t *info, void *context) {
    (void)group;
    (void)info;
    listing *found = context;
    size_t used = strlen(found->text);
    if (found->listed == LISTED || strlen(name) >= 64) {
        found->is_whole = 0;
        return 0;
    }
    snprintf(found->text + used, sizeof found->text - used, "%s%s",
             found->listed > 0 ? ", " : "", name);
    found->listed++;
    return 0;
}

/// Says that there is no such dataset, and what there is.
static int32_t refuse_missing(hid_t file, const char *name, char **error) {
    H5Eclear2(H5E_DEFAULT);
    listing found = {"", 0, 1};
    if (H5Literate(file, H5_INDEX_NAME, H5_ITER_INC, NULL, list_member, &found) < 0 ||
        found.text[0] == '\0') {
        H5Eclear2(H5E_DEFAULT);
        return chdf5_refuse(error, "has no dataset '%s'", name);
    }
    return chdf5_refuse(error, "has no dataset '%s'; it has %s%s", name, found.text,
                        found.is_whole ? "" : " and more");
}

/// Follows a path link by link, so that one which leads nowhere is named.
static int32_t follow(hid_t file, const char *name, char **error) {
    char *path = strdup(name);
    if (path == NULL) return chdf5_refuse(error, "out of memory");
    int32_t result = 0;
    for (char *end = path; result == 0 && end != NULL;) {
        while (*end == '/') end++;
        if (*end == '\0') break;
        end = strchr(end, '/');
        if (end != NULL) *end = '\0';
        H5L_info_t link;
        if (H5Lexists(file, path, H5P_DEFAULT) <= 0 ||
            H5Lget_info(file, path, &link, H5P_DEFAULT) < 0) {
            result = refuse_missing(file, name, error);
        } else if (link.type != H5L_TYPE_HARD && H5Oexists_by_name(file, path, H5P_DEFAULT) <= 0) {
            H5Eclear2(H5E_DEFAULT);
            char *value = calloc(link.u.val_size + 1, 1);
            const char *target_file = "", *target = value;
            unsigned flags = 0;
            if (value == NULL ||
                H5Lget_val(file, path, value, link.u.val_size, H5P_DEFAULT) < 0 ||
                (link.type == H5L_TYPE_EXTERNAL &&
                 H5Lunpack_elink_val(value, link.u.val_size, &flags, &target_file, &target) < 0)) {
                result = chdf5_fail(error, "cannot read the link '%s'", path);
            } else if (link.type == H5L_TYPE_EXTERNAL) {
                result = chdf5_refuse(error,
                                      "'%s' is a link to '%s' in %s, which cannot be opened: bring "
                                      "that file back",
                                      path, target, target_file);
            } else {
                result = chdf5_refuse(error, "'%s' is a link to '%s', which is not there", path,
                                      target);
            }
            free(value);
        }
        if (end != NULL) *end = '/';
    }
    free(path);
    H5Eclear2(H5E_DEFAULT);
    return result;
}

/// Opens a dataset with a cache that holds its chunks, at least one of them.
static hid_t open_with_cache(hid_t file, const char *name) {
    hid_t dataset = H5Dopen2(file, name, H5P_DEFAULT);
    size_t bytes = dataset < 0 ? 0 : chdf5_chunk_bytes(dataset);
    if (bytes == 0) return dataset;
    // Opened anew, since a dataset that is open keeps the cache that it has.
    H5Dclose(dataset);
    size_t budget = bytes < CACHE_BYTES ? CACHE_BYTES : bytes < CACHE_LIMIT ? bytes : CACHE_LIMIT;
    size_t slots = 10 * (budget / bytes) + 1;
    hid_t access = H5Pcreate(H5P_DATASET_ACCESS);
    H5Pset_chunk_cache(access, slots < 400009 ? slots | 1 : 400009, budget, H5D_CHUNK_CACHE_W0_DEFAULT);
    dataset = H5Dopen2(file, name, access);
    H5Pclose(access);
    return dataset;
}

int32_t chdf5_open_dataset(chdf5_file *file, const char *name, chdf5_dataset **out, char **error) {
    chdf5_begin();
    if (follow(file->id, name, error) != 0) return -1;
    H5O_info_t info;
    if (H5Oget_info_by_name(file->id, name, &info, H5P_DEFAULT) < 0) {
        return chdf5_fail(error, "cannot read dataset '%s'", name);
    }
    if (info.type != H5O_TYPE_DATASET) {
        return chdf5_refuse(error, "'%s' is a group or a type, not a dataset", name);
    }
    chdf5_dataset *dataset = calloc(1, sizeof *dataset);
    if (dataset == NULL) return chdf5_refuse(error, "out of memory");
    dataset->id = open_with_cache(file->id, name);
    dataset->name = strdup(name);
    int32_t result = 0;
    if (dataset->id < 0) {
        result = chdf5_fail(error, "cannot read dataset '%s'", name);
    } else if (dataset->name == NULL) {
        result = chdf5_refuse(error, "out of memory");
    } else {
        result = chdf5_look_for_sources(dataset, file, error);
    }
    if (result == 0) {
        *out = dataset;
    } else {
        chdf5_close_dataset(dataset);
    }
    return result;
}

void chdf5_close_dataset(chdf5_dataset *dataset) {
    if (dataset == NULL) return;
    chdf5_begin();
    if (dataset->id >= 0) H5Dclose(dataset->id);
    free(dataset->name);
    free(dataset->sources);
    free(dataset->lacking);
    free(dataset);
}

int32_t chdf5_describe(chdf5_dataset *dataset, chdf5_kind *kind, int32_t *bits, int32_t *rank,
                       uint64_t *shape, char **error) {
    chdf5_begin();
    hid_t type = H5Dget_type(dataset->id);
    hid_t space = H5Dget_space(dataset->id);
    hsize_t extent[H5S_MAX_RANK];
    int dimensions = -1;
    if (type >= 0 && space >= 0) dimensions = H5Sget_simple_extent_dims(space, extent, NULL);
    int32_t result = 0;
    if (dimensions < 0) {
        result = chdf5_fail(error, "cannot read the shape of dataset '%s'", dataset->name);
    } else if (dimensions > CHDF5_FOREIGN_RANK) {
        result = chdf5_refuse(error, "dataset '%s' has %d dimensions", dataset->name, dimensions);
    } else {
        switch (H5Tget_class(type)) {
        case H5T_FLOAT: *kind = CHDF5_FLOAT; break;
        case H5T_STRING: *kind = CHDF5_STRING; break;
        case H5T_INTEGER: *kind = CHDF5_INTEGER; break;
        default: *kind = CHDF5_OTHER; break;
        }
        *bits = (int32_t)(8 * H5Tget_size(type));
        *rank = dimensions;
        for (int i = 0; i < dimensions; i++) shape[i] = extent[i];
    }
    if (space >= 0) H5Sclose(space);
    if (type >= 0) H5Tclose(type);
    return result;
}

/// Sets `*error` to what is known of a reading that failed: a filter that this HDF5 lacks, or HDF5's
/// own words.
static int32_t reading_failed(chdf5_dataset *dataset, char **error) {
    chdf5_fail(error, "cannot read dataset '%s'", dataset->name);
    if (dataset->lacking == NULL) return -1;
    free(*error);
    return chdf5_refuse(error,
                        "dataset '%s' is compressed with %s, which this HDF5 lacks: h5repack -f "
                        "GZIP=4 FILE COPY where there is one that has it, or set HDF5_PLUGIN_PATH",
                        dataset->name, dataset->lacking);
}

int32_t chdf5_read_rows(chdf5_dataset *dataset, uint64_t view, const uint64_t *rows, uint64_t count,
                        double *values, char **error) {
    chdf5_begin();
    hid_t space = H5Dget_space(dataset->id);
    hsize_t extent[H5S_MAX_RANK];
    int rank = space < 0 ? -1 : H5Sget_simple_extent_dims(space, extent, NULL);
    if (rank < 2 || rank > CHDF5_FOREIGN_RANK) {
        if (space >= 0) H5Sclose(space);
        return chdf5_refuse(error, "dataset '%s' has no rows", dataset->name);
    }
    uint64_t classes = extent[rank - 1];
    int32_t result = 0;
    for (uint64_t done = 0; result == 0 && done < count;) {
        uint64_t first = done;
        herr_t status = 0;
        // HDF5 decodes a chunk once for all rows of a selection that lie in it.
        for (int blocks = 0; status >= 0 && done < count && blocks < SELECTION_LIMIT; blocks++) {
            uint64_t start = done++;
            while (done < count && rows[done] == rows[done - 1] + 1) done++;
            hsize_t from[] = {view, rows[start], 0}, size[] = {1, done - start, classes};
            // A selection beyond the extent makes HDF5 fail, not read elsewhere.
            status = H5Sselect_hyperslab(space, blocks == 0 ? H5S_SELECT_SET : H5S_SELECT_OR,
                                         from + 3 - rank, NULL, size + 3 - rank, NULL);
        }
        hsize_t total = (done - first) * classes;
        hid_t memory = H5Screate_simple(1, &total, NULL);
        if (status >= 0 && memory >= 0) {
            status = H5Dread(dataset->id, H5T_NATIVE_DOUBLE, memory, space, H5P_DEFAULT,
                             values + first * classes);
        } else {
            status = -1;
        }
        if (status < 0) result = reading_failed(dataset, error);
        if (memory >= 0) H5Sclose(memory);
    }
    H5Sclose(space);
    return result;
}

/// Copies `length` bytes at most, up to a NUL, and ends them with one.
static char *put(char *out, const char *text, size_t length) {
    size_t used = text == NULL ? 0 : strnlen(text, length);
    if (used > 0) memcpy(out, text, used);
    out[used] = '\0';
    return out + used + 1;
}

static int32_t read_fixed(chdf5_dataset *dataset, hid_t type, uint64_t count, char **out,
                          size_t *bytes, char **error) {
    size_t size = H5Tget_size(type);
    if (size == 0 || size > KEY_LIMIT) {
        return chdf5_refuse(error, "dataset '%s' has texts of %zu bytes", dataset->name, size);
    }
    char *raw = malloc(count * size + 1);
    char *texts = malloc(count * (size + 1) + 1);
    int32_t result = 0;
    if (raw == NULL || texts == NULL) {
        result = chdf5_refuse(error, "out of memory for dataset '%s'", dataset->name);
    } else if (H5Dread(dataset->id, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, raw) < 0) {
        result = reading_failed(dataset, error);
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

int32_t chdf5_read_strings(chdf5_dataset *dataset, uint64_t count, char **out, size_t *bytes,
                           char **error) {
    chdf5_begin();
    hid_t type = H5Dget_type(dataset->id);
    hid_t space = H5Dget_space(dataset->id);
    int32_t result = -1;
    if (type < 0 || space < 0 || H5Tget_class(type) != H5T_STRING ||
        H5Sget_simple_extent_npoints(space) != (hssize_t)count) {
        chdf5_refuse(error, "dataset '%s' is not %llu texts", dataset->name,
                     (unsigned long long)count);
    } else if (H5Tis_variable_str(type) > 0) {
        result = chdf5_read_heap_texts(dataset, count, KEY_LIMIT, out, bytes, error);
    } else {
        result = read_fixed(dataset, type, count, out, bytes, error);
    }
    if (space >= 0) H5Sclose(space);
    if (type >= 0) H5Tclose(type);
    return result;
}
