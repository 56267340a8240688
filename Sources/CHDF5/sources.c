// What a dataset of another program rests on.
//
// HDF5 reads as zeros (or another fill value) what nobody wrote: chunks that are not there, and the
// sources of a virtual dataset that cannot be opened. So it is looked for before anything is read.
#include "chdf5_foreign.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    /// Virtual datasets of virtual datasets: more are somebody's joke.
    DEPTH_LIMIT = 8,
    PATH_LIMIT = 4096,
};

/// What one dataset in the chain is looked at with.
typedef struct {
    chdf5_dataset *root;
    /// Path of the file that the caller opened.
    const char *path;
    int depth;
} search;

static int32_t look(search *at, hid_t dataset, const char *name, char **error);

size_t chdf5_chunk_bytes(hid_t dataset) {
    hid_t creation = H5Dget_create_plist(dataset), type = H5Dget_type(dataset);
    hsize_t chunk[H5S_MAX_RANK];
    size_t bytes = 0;
    if (creation >= 0 && type >= 0 && H5Pget_layout(creation) == H5D_CHUNKED) {
        int rank = H5Pget_chunk(creation, H5S_MAX_RANK, chunk);
        bytes = H5Tget_size(type);
        // HDF5 keeps a chunk below 4 GiB, so this cannot overflow.
        for (int i = 0; i < rank; i++) bytes *= (size_t)chunk[i];
    }
    if (type >= 0) H5Tclose(type);
    if (creation >= 0) H5Pclose(creation);
    return bytes;
}

// Filters.

static void note_filters(chdf5_dataset *root, hid_t creation) {
    static const struct {
        int id;
        const char *name;
    } known[] = {
        {1, "gzip"},       {4, "szip"},      {307, "bzip2"},  {32000, "lzf"},   {32001, "blosc"},
        {32004, "lz4"},    {32008, "bitshuffle"}, {32013, "zfp"},  {32015, "zstd"},
        {32017, "sz"},     {32024, "sz3"},   {32026, "blosc2"},
    };
    int count = H5Pget_nfilters(creation);
    for (int i = 0; i < count && root->lacking == NULL; i++) {
        unsigned flags = 0;
        size_t values = 0;
        char own[64] = "";
        H5Z_filter_t id =
            H5Pget_filter2(creation, (unsigned)i, &flags, &values, NULL, sizeof own, own, NULL);
        if (id < 0 || H5Zfilter_avail(id) > 0) continue;
        const char *name = own[0] != '\0' ? own : "a filter of its own";
        for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
            if (known[k].id == id) name = known[k].name;
        }
        char text[128];
        snprintf(text, sizeof text, "%s (filter %d)", name, (int)id);
        root->lacking = strdup(text);
    }
    H5Eclear2(H5E_DEFAULT);
}

// Gaps.

/// The first chunk, in the order of rows, that was never written; 0 if there is none.
static int find_gap(hid_t dataset, const hsize_t *extent, const hsize_t *chunk, int rank,
                    hsize_t *gap) {
    double chunks = 1;
    for (int i = 0; i < rank; i++) {
        if (extent[i] == 0 || chunk[i] == 0) return 0;
        chunks *= (double)((extent[i] - 1) / chunk[i] + 1);
        gap[i] = 0;
    }
    hsize_t written = 0;
    if (H5Dget_num_chunks(dataset, H5S_ALL, &written) >= 0 && (double)written >= chunks) return 0;
    for (;;) {
        // It looks one chunk up; H5Dget_chunk_info_by_coord walks the whole index for each.
        hsize_t size = 0;
        if (H5Dget_chunk_storage_size(dataset, gap, &size) < 0 || size == 0) return 1;
        int axis = rank - 1;
        while (axis >= 0 && (gap[axis] += chunk[axis]) >= extent[axis]) gap[axis--] = 0;
        if (axis < 0) return 0;
    }
}

/// Notes the gap of the dataset that the caller opened; refuses that of a source.
static int32_t note_gap(search *at, const char *name, int rank, const hsize_t *gap, char **error) {
    if (at->depth > 0) {
        return chdf5_refuse(error,
                            "dataset '%s' has a source, dataset '%s' in %s, of which a part was "
                            "never written",
                            at->root->name, name, at->path);
    }
    at->root->has_gap = 1;
    for (int i = 0; i < rank && i < CHDF5_FOREIGN_RANK; i++) at->root->gap[i] = gap[i];
    return 0;
}

// Other files.

static int32_t note_source(chdf5_dataset *root, const char *path, char **error) {
    size_t length = strlen(path) + 1;
    for (size_t i = 0; i < root->sources_bytes; i += strlen(root->sources + i) + 1) {
        if (strcmp(root->sources + i, path) == 0) return 0;
    }
    char *grown = realloc(root->sources, root->sources_bytes + length);
    if (grown == NULL) return chdf5_refuse(error, "out of memory");
    memcpy(grown + root->sources_bytes, path, length);
    root->sources = grown;
    root->sources_bytes += length;
    return 0;
}

static hid_t open_at(const char *folder, size_t length, const char *name, char *path) {
    int written = length > 0 ? snprintf(path, PATH_LIMIT, "%.*s/%s", (int)length, folder, name)
                             : snprintf(path, PATH_LIMIT, "%s", name);
    if (written < 0 || written >= PATH_LIMIT) return -1;
    hid_t access = H5Pcreate(H5P_FILE_ACCESS), file = -1;
    // HDF5 keeps a source open once it has read from it, and opens what is open only alike: with
    // this degree, and with locks.
    H5Pset_fclose_degree(access, H5F_CLOSE_WEAK);
    for (int locks = 0; locks < 2 && file < 0; locks++) {
        H5Pset_file_locking(access, locks != 0, 1);
        file = H5Fopen(path, H5F_ACC_RDONLY, access);
    }
    H5Pclose(access);
    H5Eclear2(H5E_DEFAULT);
    return file;
}

/// Opens the file of a source where HDF5 looks for it: at its absolute path; else, of that the last
/// name, below HDF5_VDS_PREFIX, beside the file that names it, in the working directory.
static hid_t open_source(const char *beside, const char *name, char *path) {
    hid_t file = -1;
    const char *last = name;
    if (name[0] == '/') {
        file = open_at("", 0, name, path);
        if (file >= 0) return file;
        last = strrchr(name, '/') + 1;
    }
    const char *prefix = getenv("HDF5_VDS_PREFIX"), *slash = strrchr(beside, '/');
    size_t folder = slash == NULL ? 0 : (size_t)(slash - beside);
    if (prefix != NULL && prefix[0] != '\0') {
        if (strncmp(prefix, "${ORIGIN}", 9) != 0) {
            file = open_at(prefix, strlen(prefix), last, path);
        } else {
            char origin[PATH_LIMIT];
            int length = snprintf(origin, sizeof origin, "%.*s%s", slash == NULL ? 1 : (int)folder,
                                  slash == NULL ? "." : beside, prefix + 9);
            if (length > 0 && (size_t)length < sizeof origin) {
                file = open_at(origin, (size_t)length, last, path);
            }
        }
    }
    if (file < 0 && slash != NULL) file = open_at(beside, folder > 0 ? folder : 1, last, path);
    return file >= 0 ? file : open_at("", 0, last, path);
}

// Virtual datasets.

/// A text of a virtual mapping; freed by the caller.
static char *mapping_text(ssize_t (*get)(hid_t, size_t, char *, size_t), hid_t creation,
                          size_t index) {
    ssize_t length = get(creation, index, NULL, 0);
    char *text = length < 0 ? NULL : calloc((size_t)length + 1, 1);
    if (text != NULL) get(creation, index, text, (size_t)length + 1);
    return text;
}

/// Whether an open source holds what is taken from it, `wanted` elements, negative for any number.
static int holds(hid_t dataset, hid_t selection, hssize_t wanted) {
    hid_t space = H5Dget_space(dataset);
    hsize_t extent[H5S_MAX_RANK], low[H5S_MAX_RANK], high[H5S_MAX_RANK];
    int rank = space < 0 ? -1 : H5Sget_simple_extent_dims(space, extent, NULL);
    int fits = rank > 0;
    if (fits && H5Sget_select_type(selection) == H5S_SEL_ALL) {
        // A selection of everything is stored without a shape.
        fits = H5Sget_simple_extent_npoints(space) >= wanted;
    } else if (fits && wanted >= 0) {
        fits = rank == H5Sget_simple_extent_ndims(selection) &&
               H5Sget_select_bounds(selection, low, high) >= 0;
        for (int i = 0; fits && i < rank; i++) fits = high[i] < extent[i];
    }
    if (space >= 0) H5Sclose(space);
    return fits;
}

static int32_t look_at_source(search *at, hid_t owner, hid_t selection, hssize_t wanted,
                              const char *file_name, const char *name, char **error) {
    const char *root = at->root->name;
    char path[PATH_LIMIT];
    hid_t file = -1;
    if (strcmp(file_name, ".") == 0) {
        file = H5Iget_file_id(owner);
        snprintf(path, sizeof path, "%s", at->path);
    } else {
        file = open_source(at->path, file_name, path);
    }
    if (file < 0) {
        return chdf5_refuse(error,
                            "dataset '%s' is virtual, and its source %s cannot be opened: bring "
                            "that file back",
                            root, file_name);
    }
    hid_t dataset = H5Oexists_by_name(file, name, H5P_DEFAULT) > 0
                        ? H5Dopen2(file, name, H5P_DEFAULT)
                        : -1;
    int32_t result = 0;
    if (dataset < 0) {
        result = chdf5_refuse(error,
                              "dataset '%s' is virtual, and its source %s has no dataset '%s'", root,
                              path, name);
    } else if (!holds(dataset, selection, wanted)) {
        result = chdf5_refuse(error,
                              "dataset '%s' is virtual, and its source, dataset '%s' in %s, holds "
                              "less than is taken from it",
                              root, name, path);
    } else {
        search below = {at->root, path, at->depth + 1};
        result = look(&below, dataset, name, error);
    }
    if (result == 0 && strcmp(file_name, ".") != 0) result = note_source(at->root, path, error);
    H5Eclear2(H5E_DEFAULT);
    if (dataset >= 0) H5Dclose(dataset);
    H5Fclose(file);
    return result;
}

static int32_t look_at_sources(search *at, hid_t dataset, hid_t creation, char **error) {
    const char *root = at->root->name;
    size_t count = 0;
    hid_t space = H5Dget_space(dataset);
    double wanted = space < 0 ? 0 : (double)H5Sget_simple_extent_npoints(space), given = 0;
    if (space >= 0) H5Sclose(space);
    if (at->depth >= DEPTH_LIMIT || H5Pget_virtual_count(creation, &count) < 0) {
        return chdf5_refuse(error, "dataset '%s' is virtual in a way that is not read here", root);
    }
    int32_t result = 0;
    int grows = 0;
    for (size_t i = 0; i < count && result == 0; i++) {
        char *file = mapping_text(H5Pget_virtual_filename, creation, i);
        char *name = mapping_text(H5Pget_virtual_dsetname, creation, i);
        hid_t source = H5Pget_virtual_srcspace(creation, i);
        hid_t target = H5Pget_virtual_vspace(creation, i);
        if (file == NULL || name == NULL || source < 0 || target < 0) {
            result = chdf5_fail(error, "cannot read the sources of dataset '%s'", root);
        } else if (strchr(file, '%') != NULL || strchr(name, '%') != NULL) {
            // "%b" stands for the number of a source, and "%%" for "%".
            result = chdf5_refuse(error,
                                  "dataset '%s' is virtual with numbered sources (%s), which are "
                                  "not read here: h5repack -l CONTI FILE COPY",
                                  root, file);
        } else {
            hssize_t points = H5Sget_select_npoints(target);
            if (points < 0) grows = 1;
            given += (double)points;
            result = look_at_source(at, dataset, source, points, file, name, error);
        }
        if (source >= 0) H5Sclose(source);
        if (target >= 0) H5Sclose(target);
        free(file);
        free(name);
    }
    if (result == 0 && !grows && given < wanted) {
        result = chdf5_refuse(error,
                              "dataset '%s' is virtual, and its sources give %.0f of its %.0f "
                              "numbers",
                              root, given, wanted);
    }
    return result;
}

static int32_t look(search *at, hid_t dataset, const char *name, char **error) {
    hid_t creation = H5Dget_create_plist(dataset);
    hid_t space = H5Dget_space(dataset);
    hsize_t extent[H5S_MAX_RANK], chunk[H5S_MAX_RANK], gap[H5S_MAX_RANK] = {0};
    int rank = space < 0 ? -1 : H5Sget_simple_extent_dims(space, extent, NULL);
    int32_t result = 0;
    if (creation < 0 || rank < 0) {
        result = chdf5_fail(error, "cannot read dataset '%s'", name);
    } else {
        note_filters(at->root, creation);
        H5D_space_status_t status = H5D_SPACE_STATUS_ALLOCATED;
        switch (H5Pget_layout(creation)) {
        case H5D_VIRTUAL: result = look_at_sources(at, dataset, creation, error); break;
        case H5D_CONTIGUOUS:
            if (H5Pget_external_count(creation) > 0) {
                char file[256] = "";
                H5Pget_external(creation, 0, sizeof file - 1, file, NULL, NULL);
                result = chdf5_refuse(error,
                                      "dataset '%s' keeps its numbers in another file, %s, which "
                                      "is not read here: h5repack FILE COPY brings them in",
                                      name, file);
            } else if (H5Dget_space_status(dataset, &status) >= 0 &&
                       status == H5D_SPACE_STATUS_NOT_ALLOCATED &&
                       H5Sget_simple_extent_npoints(space) > 0) {
                result = note_gap(at, name, rank, gap, error);
            }
            break;
        case H5D_CHUNKED:
            if (H5Pget_chunk(creation, H5S_MAX_RANK, chunk) == rank &&
                find_gap(dataset, extent, chunk, rank, gap)) {
                result = note_gap(at, name, rank, gap, error);
            }
            break;
        default: break;
        }
    }
    H5Eclear2(H5E_DEFAULT);
    if (space >= 0) H5Sclose(space);
    if (creation >= 0) H5Pclose(creation);
    return result;
}

static int32_t file_path(hid_t object, char *path, char **error) {
    ssize_t length = H5Fget_name(object, path, PATH_LIMIT);
    if (length >= 0 && length < PATH_LIMIT) return 0;
    return chdf5_fail(error, "cannot tell which file a dataset lies in");
}

int32_t chdf5_look_for_sources(chdf5_dataset *dataset, chdf5_file *file, char **error) {
    char opened[PATH_LIMIT], path[PATH_LIMIT];
    if (file_path(file->id, opened, error) != 0 || file_path(dataset->id, path, error) != 0) {
        return -1;
    }
    // Where an external link led.
    if (strcmp(opened, path) != 0 && note_source(dataset, path, error) != 0) return -1;
    search at = {dataset, path, 0};
    return look(&at, dataset->id, dataset->name, error);
}

int32_t chdf5_gap(chdf5_dataset *dataset, uint64_t *gap) {
    for (int i = 0; i < CHDF5_FOREIGN_RANK; i++) gap[i] = dataset->gap[i];
    return dataset->has_gap;
}

const char *chdf5_sources(chdf5_dataset *dataset, size_t *bytes) {
    *bytes = dataset->sources_bytes;
    return dataset->sources;
}
