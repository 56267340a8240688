// Layers' operations. Their backward passes are libtorch's.
#include "internal.h"

#include <mutex>

#include <c10/core/GradMode.h>

using namespace ct;

int32_t ct_conv2d(const ct_tensor *x, const ct_tensor *weight, const ct_tensor *bias,
                  int64_t stride, int64_t padding, int64_t dilation, int64_t groups,
                  ct_tensor **out, char **error) {
    return guarded(error, [&] {
        const int64_t strides[] = {stride, stride}, paddings[] = {padding, padding},
                      dilations[] = {dilation, dilation};
        *out = wrap(at::conv2d(get(x), get(weight), maybe(bias), at::IntArrayRef(strides),
                               at::IntArrayRef(paddings), at::IntArrayRef(dilations), groups));
    });
}

int32_t ct_linear(const ct_tensor *x, const ct_tensor *weight, const ct_tensor *bias,
                  ct_tensor **out, char **error) {
    return guarded(error, [&] { *out = wrap(at::linear(get(x), get(weight), maybe(bias))); });
}

int32_t ct_batch_norm(const ct_tensor *x, const ct_tensor *weight, const ct_tensor *bias,
                      const ct_tensor *mean, const ct_tensor *variance, bool training,
                      double momentum, double epsilon, ct_tensor **out, char **error) {
    return guarded(error, [&] {
        *out = wrap(at::batch_norm(get(x), maybe(weight), maybe(bias), maybe(mean), maybe(variance),
                                   training, momentum, epsilon, /*cudnn_enabled=*/true));
    });
}

int32_t ct_layer_norm(const ct_tensor *x, const ct_tensor *weight, const ct_tensor *bias,
                      double epsilon, ct_tensor **out, char **error) {
    return guarded(error, [&] {
        *out = wrap(at::layer_norm(get(x), get(weight).sizes(), get(weight), maybe(bias), epsilon));
    });
}

int32_t ct_relu(const ct_tensor *x, ct_tensor **out, char **error) {
    return guarded(error, [&] { *out = wrap(at::relu(get(x))); });
}

int32_t ct_gelu(const ct_tensor *x, ct_tensor **out, char **error) {
    return guarded(error, [&] { *out = wrap(at::gelu(get(x))); });
}

int32_t ct_relu6(const ct_tensor *x, ct_tensor **out, char **error) {
    return guarded(error, [&] { *out = wrap(at::relu6(get(x))); });
}

int32_t ct_hard_swish(const ct_tensor *x, ct_tensor **out, char **error) {
    return guarded(error, [&] { *out = wrap(at::hardswish(get(x))); });
}

int32_t ct_hard_sigmoid(const ct_tensor *x, ct_tensor **out, char **error) {
    return guarded(error, [&] { *out = wrap(at::hardsigmoid(get(x))); });
}

int32_t ct_pad(const ct_tensor *x, const int64_t amounts[4], double value, ct_tensor **out,
               char **error) {
    return guarded(error,
                   [&] { *out = wrap(at::constant_pad_nd(get(x), ints(amounts, 4), value)); });
}

int32_t ct_max_pool2d(const ct_tensor *x, int64_t size, int64_t stride, int64_t padding,
                      ct_tensor **out, char **error) {
    return guarded(error, [&] {
        *out = wrap(at::max_pool2d(get(x), {size, size}, {stride, stride}, {padding, padding}));
    });
}

int32_t ct_average_pool2d(const ct_tensor *x, int64_t size, int64_t stride, int64_t padding,
                          bool ceil, bool counts_padding, ct_tensor **out, char **error) {
    return guarded(error, [&] {
        *out = wrap(at::avg_pool2d(get(x), {size, size}, {stride, stride}, {padding, padding}, ceil,
                                   counts_padding));
    });
}

int32_t ct_resize_bicubic(const ct_tensor *x, int64_t height, int64_t width, bool antialias,
                          ct_tensor **out, char **error) {
    return guarded(error, [&] {
        const int64_t size[] = {height, width};
        const at::IntArrayRef sides(size);
        *out = wrap(antialias ? at::_upsample_bicubic2d_aa(get(x), sides, /*align_corners=*/false)
                              : at::upsample_bicubic2d(get(x), sides, /*align_corners=*/false));
    });
}

int32_t ct_adaptive_average_pool2d(const ct_tensor *x, int64_t height, int64_t width,
                                   ct_tensor **out, char **error) {
    return guarded(error, [&] { *out = wrap(at::adaptive_avg_pool2d(get(x), {height, width})); });
}

// Leaves cuDNN's attention to what is not differentiated, for as long as the lock is held.
//
// libtorch prefers it on Hopper, and its backward pass has had NaN: with a bias, in the gradient of the
// query where S % 128 is 64 and a row's logarithm of the sum of exponentials is below -88.7
// (pytorch#196678), and at other lengths without a padding mask (cudnn-frontend#160); in bfloat16
// without a bias, too (kyutai-labs/pocket-tts#264). The setting is the process's, and read when the
// kernel is chosen.
static std::unique_lock<std::mutex> choose_attention(bool is_differentiated) {
    static std::mutex choosing;
    std::unique_lock<std::mutex> lock(choosing);
    at::globalContext().setSDPUseCuDNN(!is_differentiated);
    return lock;
}

int32_t ct_attention(const ct_tensor *query, const ct_tensor *key, const ct_tensor *value,
                     const ct_tensor *bias, bool has_scale, double scale, bool fused,
                     ct_tensor **out, char **error) {
    return guarded(error, [&] {
        std::optional<double> factor;
        if (has_scale) { factor = scale; }
        auto added = maybe(bias);
        if (!fused) {
            *out = wrap(std::get<0>(at::_scaled_dot_product_attention_math(
                get(query), get(key), get(value), added, /*dropout_p=*/0.0, /*is_causal=*/false,
                /*dropout_mask=*/{}, factor)));
            return;
        }
        // CUDA's kernels want the last dimension without gaps, and not all of them see to it.
        if (added && added->is_cuda()) { added = added->contiguous(); }
        std::unique_lock<std::mutex> choice;
        if (get(query).is_cuda()) {
            const bool is_differentiated = c10::GradMode::is_enabled() &&
                (get(query).requires_grad() || get(key).requires_grad() || get(value).requires_grad() ||
                 (added && added->requires_grad()));
            choice = choose_attention(is_differentiated);
        }
        *out = wrap(at::scaled_dot_product_attention(get(query), get(key), get(value), added,
                                                     /*dropout_p=*/0.0, /*is_causal=*/false,
                                                     factor));
    });
}
