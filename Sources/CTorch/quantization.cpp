// What 8-bit numbers would make of a tensor, and what decides how they are spread.
#include "internal.h"

using namespace ct;

int32_t ct_fake_quantize(const ct_tensor *x, double scale, int64_t zero, int64_t low, int64_t high,
                         ct_tensor **out, char **error) {
    return guarded(error, [&] {
        *out = wrap(at::fake_quantize_per_tensor_affine(get(x), scale, zero, low, high));
    });
}

int32_t ct_fake_quantize_channels(const ct_tensor *x, const ct_tensor *scales, int64_t dimension,
                                  int64_t low, int64_t high, ct_tensor **out, char **error) {
    return guarded(error, [&] {
        const at::Tensor zeros = at::zeros_like(get(scales), at::kInt);
        *out = wrap(at::fake_quantize_per_channel_affine(get(x), get(scales), zeros, dimension, low,
                                                         high));
    });
}

int32_t ct_extremes(const ct_tensor *x, ct_tensor **least, ct_tensor **greatest, char **error) {
    return guarded(error, [&] {
        const auto [low, high] = at::aminmax(get(x));
        ct_tensor *pair[2];
        wrap_all({low, high}, pair);
        *least = pair[0];
        *greatest = pair[1];
    });
}

int32_t ct_histogram(const ct_tensor *x, int64_t bins, double low, double high, ct_tensor **out,
                     char **error) {
    return guarded(error, [&] { *out = wrap(at::histc(get(x), bins, low, high)); });
}
