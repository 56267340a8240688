// Files, groups, attributes and the list of members.
#include "chdf5_foreign.h"

#include <stdlib.h>
#include <string.h>

enum { STRING_LIMIT = 1 << 16 };

void chdf5_version(uint32_t *major, uint32_t *minor, uint32_t *release) {
    unsigned a = 0, b = 0, c = 0;
    H5get_libversion(&a, &b, &c);
    *major = a;
    *minor = b;
    *release = c;
}

void chdf5_free(void *memory) { free(memory); }

static chdf5_file *allocate(char **error) {
    chdf5_file *file = calloc(1, sizeof *file);
    if (file == NULL) {
        chdf5_refuse(error, "out of memory");
        return NULL;
    }
    file->id = -1;
    return file;
}

// The memory of a file that is being written. HDF5's own copy of it, H5Fget_file_image, is taken
// before the file is closed: HDF5 1.10 then clears the "open for writing" flag in the superblock
// but not in the superblock's checksum, and nobody can open the result. So these callbacks keep the
// memory itself, which is complete once the file is closed.

static void *grow_image(void *memory, size_t size, H5FD_file_image_op_t op, void *owner) {
    (void)memory;
    (void)op;
    chdf5_file *file = owner;
    if (size > file->capacity) {
        size_t capacity = file->capacity + file->capacity / 2;
        if (capacity < size) capacity = size;
        unsigned char *grown = realloc(file->image, capacity);
        if (grown == NULL) return NULL;
        file->image = grown;
        file->capacity = capacity;
    }
    // What HDF5 skips over is zero, never stale memory.
    if (size > file->size) memset(file->image + file->size, 0, size - file->size);
    file->size = size;
    return file->image;
}

static void *begin_image(size_t size, H5FD_file_image_op_t op, void *owner) {
    return grow_image(NULL, size, op, owner);
}

static herr_t keep_image(void *memory, H5FD_file_image_op_t op, void *owner) {
    (void)memory;
    (void)op;
    (void)owner;
    return 0;
}

static void *same_owner(void *owner) { return owner; }

static herr_t keep_owner(void *owner) {
    (void)owner;
    return 0;
}

int32_t chdf5_create(size_t expected_bytes, chdf5_file **out, char **error) {
    chdf5_begin();
    chdf5_file *file = allocate(error);
    if (file == NULL) return -1;
    H5FD_file_image_callbacks_t callbacks = {
        .image_malloc = begin_image,
        .image_realloc = grow_image,
        .image_free = keep_image,
        .udata_copy = same_owner,
        .udata_free = keep_owner,
        .udata = file,
    };
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    hid_t creation = H5Pcreate(H5P_FILE_CREATE);
    // Room for everything at once.
    file->capacity = expected_bytes + (1 << 14);
    file->image = malloc(file->capacity);
    if (file->image == NULL) file->capacity = 0;
    // V110: superblock, object headers and chunk index all carry checksums, so a flipped byte is
    // found wherever it falls; and one bound at both ends keeps the bytes the same everywhere.
    // No times, and all attributes inside the object header, for the same reasons.
    // HDF5's increment of 1 keeps the file's size exact; `grow_image` sees to larger steps.
    if (H5Pset_fapl_core(access, 1, 0) >= 0 &&
        H5Pset_file_image_callbacks(access, &callbacks) >= 0 &&
        H5Pset_libver_bounds(access, H5F_LIBVER_V110, H5F_LIBVER_V110) >= 0 &&
        H5Pset_obj_track_times(creation, 0) >= 0 &&
        H5Pset_attr_phase_change(creation, 64, 32) >= 0) {
        file->id = H5Fcreate("part", H5F_ACC_TRUNC, creation, access);
    }
    int32_t result = file->id < 0 ? chdf5_fail(error, "cannot begin a file in memory") : 0;
    H5Pclose(creation);
    H5Pclose(access);
    if (result == 0) {
        *out = file;
    } else {
        chdf5_close(file);
    }
    return result;
}

int32_t chdf5_finish(chdf5_file *file, void **bytes, size_t *count, char **error) {
    chdf5_begin();
    hsize_t size = 0;
    if (H5Fflush(file->id, H5F_SCOPE_GLOBAL) < 0 || H5Fget_filesize(file->id, &size) < 0) {
        return chdf5_fail(error, "cannot finish the file in memory");
    }
    herr_t closed = H5Fclose(file->id);
    file->id = -1;
    if (closed < 0) return chdf5_fail(error, "cannot finish the file in memory");
    // HDF5 may have set space aside at the end that it never wrote to.
    if (size > file->size && grow_image(NULL, (size_t)size, 0, file) == NULL) {
        return chdf5_refuse(error, "out of memory for %llu bytes", (unsigned long long)size);
    }
    *bytes = file->image;
    *count = (size_t)size;
    file->image = NULL;
    return 0;
}

static int32_t open_file(const char *path, hid_t access, chdf5_file **out, char **error) {
    chdf5_file *file = allocate(error);
    if (file == NULL) {
        H5Pclose(access);
        return -1;
    }
    file->id = H5Fopen(path, H5F_ACC_RDONLY, access);
    int32_t result = file->id < 0 ? chdf5_fail(error, "cannot open") : 0;
    H5Pclose(access);
    if (result == 0) {
        *out = file;
    } else {
        chdf5_close(file);
    }
    return result;
}

int32_t chdf5_refuse_known(char **error, const char *begin) {
    static const struct {
        const char *theirs, *ours;
    } known[] = {
        {"file signature not found", "is not an HDF5 file"},
        {"truncated file", "is cut short, or somebody is still writing it"},
        {"already open for write",
         "is being written; if its writer was killed, h5clear -s FILE mends it"},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strstr(*error, known[i].theirs) == NULL) continue;
        free(*error);
        return chdf5_refuse(error, "%s%s", begin, known[i].ours);
    }
    return -1;
}

int32_t chdf5_open(const char *path, chdf5_file **out, char **error) {
    chdf5_begin();
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    // A published part never changes, and file locks fail on many cluster file systems.
    H5Pset_file_locking(access, 0, 1);
    if (open_file(path, access, out, error) == 0) return 0;
    return chdf5_refuse_known(error, "cannot open: it ");
}

int32_t chdf5_open_with_cache(const char *path, size_t slots, size_t bytes, chdf5_file **out,
                              char **error) {
    chdf5_begin();
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    // The first number means nothing to any HDF5 since 1.8.
    H5Pset_cache(access, 0, slots, bytes, 0.75);
    // Locked as HDF5 locks what a file leads to: it may itself be another's virtual source, and HDF5
    // refuses a file that is open with other locks.
    return open_file(path, access, out, error);
}

void chdf5_close(chdf5_file *file) {
    if (file == NULL) return;
    chdf5_begin();
    if (file->id >= 0) {
        if (H5Iget_type(file->id) == H5I_GROUP) {
            H5Gclose(file->id);
        } else {
            H5Fclose(file->id);
        }
    }
    free(file->image);
    free(file);
}

int chdf5_is_link(hid_t place, const char *name) {
    H5L_info_t link;
    return H5Lget_info(place, name, &link, H5P_DEFAULT) < 0 || link.type != H5L_TYPE_HARD;
}

int32_t chdf5_open_group(chdf5_file *file, const char *name, chdf5_file **out, char **error) {
    chdf5_begin();
    htri_t exists = H5Lexists(file->id, name, H5P_DEFAULT);
    if (exists < 0) return chdf5_fail(error, "cannot open group '%s'", name);
    if (exists == 0) return chdf5_refuse(error, "has no group '%s'", name);
    if (chdf5_is_link(file->id, name)) {
        return chdf5_refuse(error, "group '%s' is a link, and not stored here", name);
    }
    chdf5_file *group = allocate(error);
    if (group == NULL) return -1;
    group->id = H5Gopen2(file->id, name, H5P_DEFAULT);
    if (group->id < 0) {
        int32_t result = chdf5_fail(error, "cannot open group '%s'", name);
        chdf5_close(group);
        return result;
    }
    *out = group;
    return 0;
}

int32_t chdf5_copy_root(chdf5_file *source, chdf5_file *target, const char *name, char **error) {
    chdf5_begin();
    if (H5Ocopy(source->id, "/", target->id, name, H5P_DEFAULT, H5P_DEFAULT) < 0) {
        return chdf5_fail(error, "cannot copy to group '%s'", name);
    }
    return 0;
}

static int32_t write_attribute(chdf5_file *file, const char *name, hid_t type, const void *value,
                               char **error) {
    hid_t space = H5Screate(H5S_SCALAR);
    hid_t attribute = H5Acreate2(file->id, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    herr_t status = attribute < 0 ? -1 : H5Awrite(attribute, type, value);
    int32_t result = status < 0 ? chdf5_fail(error, "cannot write attribute '%s'", name) : 0;
    if (attribute >= 0) H5Aclose(attribute);
    H5Sclose(space);
    return result;
}

static hid_t string_type(size_t length) {
    hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, length);
    H5Tset_strpad(type, H5T_STR_NULLPAD);
    H5Tset_cset(type, H5T_CSET_UTF8);
    return type;
}

int32_t chdf5_write_string(chdf5_file *file, const char *name, const char *value, char **error) {
    chdf5_begin();
    // Fixed length: it lies in the checksummed object header, not in the unchecked global heap.
    size_t length = strlen(value);
    hid_t type = string_type(length > 0 ? length : 1);
    int32_t status = write_attribute(file, name, type, value, error);
    H5Tclose(type);
    return status;
}

int32_t chdf5_write_int(chdf5_file *file, const char *name, int64_t value, char **error) {
    chdf5_begin();
    return write_attribute(file, name, H5T_STD_I64LE, &value, error);
}

int32_t chdf5_write_double(chdf5_file *file, const char *name, double value, char **error) {
    chdf5_begin();
    return write_attribute(file, name, H5T_IEEE_F64LE, &value, error);
}

/// Opens an attribute that must be a scalar of the given class; its type goes to `type`.
static hid_t scalar_attribute(chdf5_file *file, const char *name, H5T_class_t kind, hid_t *type,
                              char **error) {
    htri_t exists = H5Aexists(file->id, name);
    if (exists < 0) {
        chdf5_fail(error, "cannot read attribute '%s'", name);
        return -1;
    }
    if (exists == 0) {
        chdf5_refuse(error, "has no attribute '%s'", name);
        return -1;
    }
    hid_t attribute = H5Aopen(file->id, name, H5P_DEFAULT);
    if (attribute < 0) {
        chdf5_fail(error, "cannot read attribute '%s'", name);
        return -1;
    }
    hid_t space = H5Aget_space(attribute);
    *type = H5Aget_type(attribute);
    int suits = *type >= 0 && H5Tget_class(*type) == kind &&
                H5Sget_simple_extent_npoints(space) == 1 &&
                (kind != H5T_STRING || H5Tis_variable_str(*type) == 0);
    if (space >= 0) H5Sclose(space);
    if (!suits) {
        if (*type >= 0) H5Tclose(*type);
        H5Aclose(attribute);
        chdf5_refuse(error, "attribute '%s' is not %s", name,
                     kind == H5T_STRING    ? "a fixed-length string"
                     : kind == H5T_INTEGER ? "an integer"
                                           : "a floating-point number");
        return -1;
    }
    return attribute;
}

int32_t chdf5_read_string(chdf5_file *file, const char *name, char **out, char **error) {
    chdf5_begin();
    hid_t type = -1;
    hid_t attribute = scalar_attribute(file, name, H5T_STRING, &type, error);
    if (attribute < 0) return -1;
    size_t size = H5Tget_size(type);
    char *text = size > 0 && size <= STRING_LIMIT ? calloc(size + 1, 1) : NULL;
    int32_t status = -1;
    if (text == NULL) {
        chdf5_refuse(error, "attribute '%s' is %zu bytes long", name, size);
    } else if (H5Aread(attribute, type, text) < 0) {
        chdf5_fail(error, "cannot read attribute '%s'", name);
    } else {
        *out = text;
        text = NULL;
        status = 0;
    }
    free(text);
    H5Tclose(type);
    H5Aclose(attribute);
    return status;
}

static int32_t read_number(chdf5_file *file, const char *name, H5T_class_t kind, hid_t native,
                           void *out, char **error) {
    chdf5_begin();
    hid_t type = -1;
    hid_t attribute = scalar_attribute(file, name, kind, &type, error);
    if (attribute < 0) return -1;
    int32_t status = H5Aread(attribute, native, out) < 0
                         ? chdf5_fail(error, "cannot read attribute '%s'", name)
                         : 0;
    H5Tclose(type);
    H5Aclose(attribute);
    return status;
}

int32_t chdf5_read_int(chdf5_file *file, const char *name, int64_t *out, char **error) {
    return read_number(file, name, H5T_INTEGER, H5T_NATIVE_INT64, out, error);
}

int32_t chdf5_read_double(chdf5_file *file, const char *name, double *out, char **error) {
    return read_number(file, name, H5T_FLOAT, H5T_NATIVE_DOUBLE, out, error);
}
