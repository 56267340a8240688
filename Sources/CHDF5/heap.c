// Texts of variable length, which lie in HDF5's global heap.
//
// HDF5 1.10 takes a heap reference's index on trust and reads outside of its memory for a damaged
// one, which ends the process. So the references and the heap are read here, with every number
// checked. Source: the HDF5 file format specification 3.0, III.E "Global Heap".
#include "chdf5_foreign.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    REFERENCE_BYTES = 16,
    HEADER_BYTES = 16,
    INDICES = 1 << 16,
    COLLECTION_LIMIT = 1 << 26,
};

typedef struct {
    int descriptor;
    uint64_t file_bytes;
    uint64_t address;
    unsigned char *bytes;
    /// Where the text of each index begins, 0 if there is none, and its length.
    uint32_t *start;
    uint32_t *length;
} collection;

static uint64_t number(const unsigned char *bytes, int count) {
    uint64_t value = 0;
    for (int i = count - 1; i >= 0; i--) value = value << 8 | bytes[i];
    return value;
}

static int read_exactly(int descriptor, void *out, size_t count, uint64_t offset) {
    size_t done = 0;
    while (done < count) {
        ssize_t read = pread(descriptor, (char *)out + done, count - done, (off_t)(offset + done));
        if (read <= 0) return 0;
        done += (size_t)read;
    }
    return 1;
}

/// Reads the collection at an address and notes its objects; 0 if it is damaged.
static int load(collection *heap, uint64_t address) {
    if (heap->bytes != NULL && heap->address == address) return 1;
    free(heap->bytes);
    heap->bytes = NULL;
    unsigned char header[HEADER_BYTES];
    if (address > heap->file_bytes || heap->file_bytes - address < HEADER_BYTES ||
        !read_exactly(heap->descriptor, header, HEADER_BYTES, address) ||
        memcmp(header, "GCOL\1", 5) != 0) {
        return 0;
    }
    uint64_t size = number(header + 8, 8);
    if (size < HEADER_BYTES || size > COLLECTION_LIMIT || size > heap->file_bytes - address) return 0;
    heap->bytes = malloc(size);
    if (heap->bytes == NULL || !read_exactly(heap->descriptor, heap->bytes, size, address)) return 0;
    heap->address = address;
    memset(heap->start, 0, INDICES * sizeof *heap->start);
    uint64_t place = HEADER_BYTES;
    while (size - place >= HEADER_BYTES) {
        uint64_t index = number(heap->bytes + place, 2);
        uint64_t length = number(heap->bytes + place + 8, 8);
        // Index 0 is the free space at the end.
        if (index == 0) break;
        place += HEADER_BYTES;
        if (length > size - place) return 0;
        heap->start[index] = (uint32_t)place;
        heap->length[index] = (uint32_t)length;
        uint64_t padded = (length + 7) / 8 * 8;
        if (padded > size - place) break;
        place += padded;
    }
    return 1;
}

static int32_t read_texts(collection *heap, const char *name, uint64_t count,
                          uint64_t offset, size_t limit, char **out, size_t *bytes,
                          char **error) {
    unsigned char *references = malloc(count * REFERENCE_BYTES + 1);
    size_t capacity = 64 * count + 1, used = 0;
    char *texts = malloc(capacity);
    int32_t result = 0;
    if (references == NULL || texts == NULL) {
        result = chdf5_refuse(error, "out of memory for dataset '%s'", name);
    } else if (!read_exactly(heap->descriptor, references, count * REFERENCE_BYTES, offset)) {
        result = chdf5_refuse(error, "dataset '%s' ends beyond the file", name);
    }
    for (uint64_t i = 0; result == 0 && i < count; i++) {
        const unsigned char *reference = references + i * REFERENCE_BYTES;
        uint64_t length = number(reference, 4), address = number(reference + 4, 8);
        uint64_t index = number(reference + 12, 4);
        const char *text = "";
        if (length > limit) {
            result = chdf5_refuse(error, "dataset '%s' has a text of %llu bytes", name,
                                  (unsigned long long)length);
            break;
        }
        if (length > 0) {
            if (!load(heap, address) || index == 0 || index >= INDICES ||
                heap->start[index] == 0 || length > heap->length[index]) {
                result = chdf5_refuse(error, "dataset '%s' is damaged: text %llu is not in the heap",
                                      name, (unsigned long long)i);
                break;
            }
            text = (const char *)heap->bytes + heap->start[index];
            length = strnlen(text, length);
        }
        if (capacity - used < length + 1) {
            capacity = 2 * capacity + length + 1;
            char *grown = realloc(texts, capacity);
            if (grown == NULL) {
                result = chdf5_refuse(error, "out of memory for dataset '%s'", name);
                break;
            }
            texts = grown;
        }
        memcpy(texts + used, text, length);
        texts[used + length] = '\0';
        used += length + 1;
    }
    free(references);
    if (result == 0) {
        *out = texts;
        *bytes = used;
    } else {
        free(texts);
    }
    return result;
}

int32_t chdf5_read_heap_texts(chdf5_dataset *dataset, uint64_t count, size_t limit, char **out,
                              size_t *bytes, char **error) {
    const char *name = dataset->name;
    // Not the file that was opened: a link may have led to another.
    hid_t file = H5Iget_file_id(dataset->id);
    hid_t creation = H5Fget_create_plist(file);
    hsize_t userblock = 1;
    size_t address_bytes = 0, size_bytes = 0;
    if (creation >= 0) {
        H5Pget_userblock(creation, &userblock);
        H5Pget_sizes(creation, &address_bytes, &size_bytes);
        H5Pclose(creation);
    }
    haddr_t offset = H5Dget_offset(dataset->id);
    void *handle = NULL;
    struct stat status;
    if (userblock != 0 || address_bytes != 8 || size_bytes != 8 || offset == HADDR_UNDEF ||
        H5Dget_storage_size(dataset->id) != count * REFERENCE_BYTES ||
        H5Fget_vfd_handle(file, H5P_DEFAULT, &handle) < 0 || handle == NULL ||
        fstat(*(int *)handle, &status) != 0) {
        H5Eclear2(H5E_DEFAULT);
        if (file >= 0) H5Fclose(file);
        return chdf5_refuse(error,
                            "dataset '%s' has texts of variable length in a layout that is not "
                            "read here; store them with a fixed length",
                            name);
    }
    collection heap = {
        .descriptor = *(int *)handle,
        .file_bytes = (uint64_t)status.st_size,
        .start = calloc(INDICES, sizeof *heap.start),
        .length = calloc(INDICES, sizeof *heap.length),
    };
    int32_t result =
        heap.start == NULL || heap.length == NULL
            ? chdf5_refuse(error, "out of memory for dataset '%s'", name)
            : read_texts(&heap, name, count, offset, limit, out, bytes, error);
    H5Fclose(file);
    free(heap.bytes);
    free(heap.start);
    free(heap.length);
    return result;
}
