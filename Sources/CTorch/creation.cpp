// Handles, their properties, new tensors, and bytes in and out.
#include "internal.h"

#include <atomic>
#include <cstdlib>

using namespace ct;

namespace {
std::atomic<int64_t> live{0};
}

ct_tensor *ct::wrap(at::Tensor tensor) {
    TORCH_CHECK(tensor.defined(), "the operation returned no tensor");
    TORCH_CHECK(dtype_code(tensor.scalar_type()) >= 0, "unsupported dtype ", tensor.scalar_type());
    auto *handle = new ct_tensor{std::move(tensor)};
    live.fetch_add(1, std::memory_order_relaxed);
    return handle;
}

void ct::wrap_all(const std::vector<at::Tensor> &tensors, ct_tensor **out) {
    size_t made = 0;
    try {
        for (; made < tensors.size(); ++made) { out[made] = wrap(tensors[made]); }
    } catch (...) {
        while (made > 0) {
            ct_tensor_free(out[--made]);
            out[made] = nullptr;
        }
        throw;
    }
}

at::ScalarType ct::scalar_type(int32_t dtype) {
    switch (dtype) {
    case CT_FLOAT32: return at::kFloat;
    case CT_BFLOAT16: return at::kBFloat16;
    case CT_FLOAT16: return at::kHalf;
    case CT_FLOAT64: return at::kDouble;
    case CT_INT64: return at::kLong;
    case CT_UINT8: return at::kByte;
    case CT_BOOL: return at::kBool;
    default: TORCH_CHECK(false, "unknown dtype code ", dtype);
    }
}

int32_t ct::dtype_code(at::ScalarType type) {
    switch (type) {
    case at::kFloat: return CT_FLOAT32;
    case at::kBFloat16: return CT_BFLOAT16;
    case at::kHalf: return CT_FLOAT16;
    case at::kDouble: return CT_FLOAT64;
    case at::kLong: return CT_INT64;
    case at::kByte: return CT_UINT8;
    case at::kBool: return CT_BOOL;
    default: return -1;
    }
}

at::MemoryFormat ct::memory_format(int32_t format) {
    return format == CT_CHANNELS_LAST ? at::MemoryFormat::ChannelsLast
                                      : at::MemoryFormat::Contiguous;
}

void ct_tensor_free(ct_tensor *tensor) {
    if (tensor == nullptr) { return; }
    delete tensor;
    live.fetch_sub(1, std::memory_order_relaxed);
}

void ct_string_free(char *string) { std::free(string); }

int64_t ct_live_tensors(void) { return live.load(std::memory_order_relaxed); }

int32_t ct_rank(const ct_tensor *x) { return static_cast<int32_t>(get(x).dim()); }

void ct_shape(const ct_tensor *x, int64_t *out) {
    const auto sizes = get(x).sizes();
    std::copy(sizes.begin(), sizes.end(), out);
}

int32_t ct_dtype(const ct_tensor *x) { return dtype_code(get(x).scalar_type()); }

int32_t ct_device_kind(const ct_tensor *x) { return get(x).is_cuda() ? CT_CUDA : CT_CPU; }

int32_t ct_device_index(const ct_tensor *x) { return get(x).is_cuda() ? get(x).get_device() : 0; }

bool ct_requires_grad(const ct_tensor *x) { return get(x).requires_grad(); }

bool ct_is_contiguous(const ct_tensor *x, int32_t format) {
    return get(x).is_contiguous(memory_format(format));
}

int32_t ct_empty(const int64_t *shape, int32_t rank, int32_t dtype, int32_t kind, int32_t index,
                 ct_tensor **out, char **error) {
    return guarded(error, [&] {
        const auto options = at::dtype(scalar_type(dtype)).device(device(kind, index));
        *out = wrap(at::empty(ints(shape, rank), options));
    });
}

int32_t ct_full(const int64_t *shape, int32_t rank, double value, int32_t dtype, int32_t kind,
                int32_t index, ct_tensor **out, char **error) {
    return guarded(error, [&] {
        const auto options = at::dtype(scalar_type(dtype)).device(device(kind, index));
        *out = wrap(at::full(ints(shape, rank), value, options));
    });
}

int32_t ct_from_bytes(const void *bytes, int64_t count, const int64_t *shape, int32_t rank,
                      int32_t dtype, ct_tensor **out, char **error) {
    return guarded(error, [&] {
        auto tensor = at::empty(ints(shape, rank), at::dtype(scalar_type(dtype)));
        TORCH_CHECK(static_cast<int64_t>(tensor.nbytes()) == count, "expected ", tensor.nbytes(),
                    " bytes, found ", count);
        if (dtype == CT_BOOL) {
            // A bool that is neither 0 nor 1 is undefined behavior inside libtorch's kernels.
            const auto *values = static_cast<const uint8_t *>(bytes);
            for (int64_t i = 0; i < count; ++i) {
                TORCH_CHECK(values[i] <= 1, "expected bool bytes 0 or 1, found ", int(values[i]));
            }
        }
        if (count > 0) { std::memcpy(tensor.mutable_data_ptr(), bytes, count); }
        *out = wrap(tensor);
    });
}

int32_t ct_copy_bytes(const ct_tensor *x, void *bytes, int64_t count, char **error) {
    return guarded(error, [&] {
        const auto source = get(x).detach().to(at::kCPU).contiguous();
        TORCH_CHECK(static_cast<int64_t>(source.nbytes()) == count, "expected room for ",
                    source.nbytes(), " bytes, found ", count);
        if (count > 0) { std::memcpy(bytes, source.const_data_ptr(), count); }
    });
}

int32_t ct_item(const ct_tensor *x, double *out, char **error) {
    return guarded(error, [&] {
        TORCH_CHECK(get(x).numel() == 1, "expected one element, found ", get(x).numel());
        *out = get(x).item().toDouble();
    });
}

int32_t ct_to_dtype(const ct_tensor *x, int32_t dtype, ct_tensor **out, char **error) {
    return guarded(error, [&] { *out = wrap(get(x).to(scalar_type(dtype))); });
}

int32_t ct_to_device(const ct_tensor *x, int32_t kind, int32_t index, ct_tensor **out,
                     char **error) {
    return guarded(error, [&] {
        // Blocking, from page-locked memory too: who fills a buffer may fill it again at once.
        *out = wrap(get(x).to(device(kind, index), /*non_blocking=*/false));
    });
}

int32_t ct_clone(const ct_tensor *x, ct_tensor **out, char **error) {
    return guarded(error, [&] { *out = wrap(get(x).clone()); });
}
