// Elementwise arithmetic, products and reductions.
#include "internal.h"

using namespace ct;

int32_t ct_add(const ct_tensor *a, const ct_tensor *b, ct_tensor **out, char **error) {
    return guarded(error, [&] { *out = wrap(get(a).add(get(b))); });
}

int32_t ct_subtract(const ct_tensor *a, const ct_tensor *b, ct_tensor **out, char **error) {
    return guarded(error, [&] { *out = wrap(get(a).sub(get(b))); });
}

int32_t ct_multiply(const ct_tensor *a, const ct_tensor *b, ct_tensor **out, char **error) {
    return guarded(error, [&] { *out = wrap(get(a).mul(get(b))); });
}

int32_t ct_divide(const ct_tensor *a, const ct_tensor *b, ct_tensor **out, char **error) {
    return guarded(error, [&] { *out = wrap(get(a).div(get(b))); });
}

int32_t ct_add_scalar(const ct_tensor *a, double b, ct_tensor **out, char **error) {
    return guarded(error, [&] { *out = wrap(get(a).add(b)); });
}

int32_t ct_multiply_scalar(const ct_tensor *a, double b, ct_tensor **out, char **error) {
    return guarded(error, [&] { *out = wrap(get(a).mul(b)); });
}

int32_t ct_divide_scalar(const ct_tensor *a, double b, ct_tensor **out, char **error) {
    return guarded(error, [&] { *out = wrap(get(a).div(b)); });
}

int32_t ct_scalar_subtract(double a, const ct_tensor *b, ct_tensor **out, char **error) {
    return guarded(error, [&] { *out = wrap(at::rsub(get(b), a)); });
}

int32_t ct_scalar_divide(double a, const ct_tensor *b, ct_tensor **out, char **error) {
    return guarded(error, [&] { *out = wrap(get(b).reciprocal().mul(a)); });
}

int32_t ct_negative(const ct_tensor *x, ct_tensor **out, char **error) {
    return guarded(error, [&] { *out = wrap(get(x).neg()); });
}

int32_t ct_log(const ct_tensor *x, ct_tensor **out, char **error) {
    return guarded(error, [&] { *out = wrap(get(x).log()); });
}

int32_t ct_sqrt(const ct_tensor *x, ct_tensor **out, char **error) {
    return guarded(error, [&] { *out = wrap(get(x).sqrt()); });
}

int32_t ct_square(const ct_tensor *x, ct_tensor **out, char **error) {
    return guarded(error, [&] { *out = wrap(get(x).square()); });
}

int32_t ct_clamp(const ct_tensor *x, bool has_min, double min, bool has_max, double max,
                 ct_tensor **out, char **error) {
    return guarded(error, [&] {
        std::optional<at::Scalar> low, high;
        if (has_min) { low = min; }
        if (has_max) { high = max; }
        *out = wrap(get(x).clamp(low, high));
    });
}

int32_t ct_where(const ct_tensor *condition, const ct_tensor *yes, const ct_tensor *no,
                 ct_tensor **out, char **error) {
    return guarded(error, [&] { *out = wrap(at::where(get(condition), get(yes), get(no))); });
}

int32_t ct_greater_scalar(const ct_tensor *x, double bound, ct_tensor **out, char **error) {
    return guarded(error, [&] { *out = wrap(get(x).gt(bound)); });
}

int32_t ct_equal(const ct_tensor *a, const ct_tensor *b, ct_tensor **out, char **error) {
    return guarded(error, [&] { *out = wrap(get(a).eq(get(b))); });
}

int32_t ct_is_finite(const ct_tensor *x, ct_tensor **out, char **error) {
    return guarded(error, [&] { *out = wrap(get(x).isfinite()); });
}

int32_t ct_sum(const ct_tensor *x, const int64_t *dimensions, int32_t count, bool keep,
               ct_tensor **out, char **error) {
    return guarded(error, [&] {
        // libtorch reads an absent list as "all"; an empty one means the same to it.
        at::OptionalIntArrayRef axes;
        if (dimensions != nullptr) { axes = ints(dimensions, count); }
        *out = wrap(get(x).sum(axes, keep));
    });
}

int32_t ct_mean(const ct_tensor *x, const int64_t *dimensions, int32_t count, bool keep,
                ct_tensor **out, char **error) {
    return guarded(error, [&] {
        at::OptionalIntArrayRef axes;
        if (dimensions != nullptr) { axes = ints(dimensions, count); }
        *out = wrap(get(x).mean(axes, keep));
    });
}

int32_t ct_matmul(const ct_tensor *a, const ct_tensor *b, ct_tensor **out, char **error) {
    return guarded(error, [&] { *out = wrap(at::matmul(get(a), get(b))); });
}

int32_t ct_top_k(const ct_tensor *x, int64_t k, int64_t dimension, ct_tensor **values,
                 ct_tensor **indices, char **error) {
    return guarded(error, [&] {
        const auto [value, index] = get(x).topk(k, dimension);
        ct_tensor *pair[2];
        wrap_all({value, index}, pair);
        *values = pair[0];
        *indices = pair[1];
    });
}

int32_t ct_softmax(const ct_tensor *x, int64_t dimension, ct_tensor **out, char **error) {
    return guarded(error, [&] { *out = wrap(get(x).softmax(dimension)); });
}

int32_t ct_log_softmax(const ct_tensor *x, int64_t dimension, ct_tensor **out, char **error) {
    return guarded(error, [&] { *out = wrap(get(x).log_softmax(dimension)); });
}
