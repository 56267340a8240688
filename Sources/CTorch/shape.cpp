// Views and rearrangements.
#include "internal.h"

using namespace ct;

int32_t ct_reshape(const ct_tensor *x, const int64_t *shape, int32_t rank, ct_tensor **out,
                   char **error) {
    return guarded(error, [&] { *out = wrap(get(x).reshape(ints(shape, rank))); });
}

int32_t ct_transpose(const ct_tensor *x, int64_t a, int64_t b, ct_tensor **out, char **error) {
    return guarded(error, [&] { *out = wrap(get(x).transpose(a, b)); });
}

int32_t ct_permute(const ct_tensor *x, const int64_t *order, int32_t rank, ct_tensor **out,
                   char **error) {
    return guarded(error, [&] { *out = wrap(get(x).permute(ints(order, rank))); });
}

int32_t ct_narrow(const ct_tensor *x, int64_t dimension, int64_t start, int64_t count,
                  ct_tensor **out, char **error) {
    return guarded(error, [&] { *out = wrap(get(x).narrow(dimension, start, count)); });
}

int32_t ct_select(const ct_tensor *x, int64_t dimension, int64_t index, ct_tensor **out,
                  char **error) {
    return guarded(error, [&] { *out = wrap(get(x).select(dimension, index)); });
}

int32_t ct_flatten(const ct_tensor *x, int64_t from, ct_tensor **out, char **error) {
    return guarded(error, [&] { *out = wrap(get(x).flatten(from)); });
}

int32_t ct_expand(const ct_tensor *x, const int64_t *shape, int32_t rank, ct_tensor **out,
                  char **error) {
    return guarded(error, [&] { *out = wrap(get(x).expand(ints(shape, rank))); });
}

int32_t ct_flip(const ct_tensor *x, const int64_t *dimensions, int32_t count, ct_tensor **out,
                char **error) {
    return guarded(error, [&] { *out = wrap(get(x).flip(ints(dimensions, count))); });
}

int32_t ct_contiguous(const ct_tensor *x, int32_t format, ct_tensor **out, char **error) {
    return guarded(error, [&] { *out = wrap(get(x).contiguous(memory_format(format))); });
}

int32_t ct_concatenate(ct_tensor *const *handles, int32_t count, int64_t dimension,
                       ct_tensor **out, char **error) {
    return guarded(error, [&] { *out = wrap(at::cat(list(handles, count), dimension)); });
}

int32_t ct_stack(ct_tensor *const *handles, int32_t count, int64_t dimension, ct_tensor **out,
                 char **error) {
    return guarded(error, [&] { *out = wrap(at::stack(list(handles, count), dimension)); });
}

int32_t ct_index_select(const ct_tensor *x, int64_t dimension, const ct_tensor *index,
                        ct_tensor **out, char **error) {
    return guarded(error, [&] { *out = wrap(get(x).index_select(dimension, get(index))); });
}

int32_t ct_one_hot(const ct_tensor *x, int64_t classes, ct_tensor **out, char **error) {
    return guarded(error, [&] { *out = wrap(at::one_hot(get(x), classes)); });
}
