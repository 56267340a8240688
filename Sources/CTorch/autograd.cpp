// Gradients and the thread-local modes around them.
#include "internal.h"

#include <ATen/autocast_mode.h>
#include <c10/core/GradMode.h>

using namespace ct;

int32_t ct_backward(const ct_tensor *x, char **error) {
    return guarded(error, [&] {
        note_backward();
        get(x).backward();
    });
}

int32_t ct_grad(const ct_tensor *x, ct_tensor **out, char **error) {
    return guarded(error, [&] {
        const auto &grad = get(x).grad();
        *out = grad.defined() ? wrap(grad) : nullptr;
    });
}

int32_t ct_set_grad(const ct_tensor *x, const ct_tensor *grad, char **error) {
    return guarded(error, [&] {
        if (grad == nullptr) {
            get(x).mutable_grad().reset();
            return;
        }
        // mutable_grad() checks nothing, and autograd would fail far from here.
        TORCH_CHECK(get(grad).sizes() == get(x).sizes() && get(grad).dtype() == get(x).dtype() &&
                        get(grad).device() == get(x).device(),
                    "the gradient's shape, dtype and device must be the tensor's");
        get(x).mutable_grad() = get(grad).detach();
    });
}

int32_t ct_set_requires_grad(const ct_tensor *x, bool value, char **error) {
    return guarded(error, [&] {
        TORCH_CHECK(value || get(x).is_leaf(), "expected a leaf: detach a computed tensor instead");
        get(x).requires_grad_(value);
    });
}

int32_t ct_detach(const ct_tensor *x, ct_tensor **out, char **error) {
    return guarded(error, [&] { *out = wrap(get(x).detach()); });
}

bool ct_set_grad_mode(bool enabled) {
    const bool previous = c10::GradMode::is_enabled();
    c10::GradMode::set_enabled(enabled);
    return previous;
}

static at::DeviceType autocast_device(int32_t kind) { return kind == CT_CUDA ? at::kCUDA : at::kCPU; }

ct_autocast_state ct_autocast_enter(int32_t kind, bool enabled, int32_t dtype) {
    const auto type = autocast_device(kind);
    const ct_autocast_state previous{kind, dtype_code(at::autocast::get_autocast_dtype(type)),
                                     at::autocast::is_autocast_enabled(type)};
    at::autocast::set_autocast_enabled(type, enabled);
    if (enabled) {
        at::autocast::set_autocast_dtype(type,
                                         dtype == CT_FLOAT16 ? at::kHalf : at::kBFloat16);
    }
    at::autocast::increment_nesting();
    return previous;
}

void ct_autocast_leave(ct_autocast_state previous) {
    const auto type = autocast_device(previous.device);
    if (at::autocast::decrement_nesting() == 0) { at::autocast::clear_cache(); }
    at::autocast::set_autocast_enabled(type, previous.enabled);
    at::autocast::set_autocast_dtype(type,
                                     previous.dtype == CT_FLOAT16 ? at::kHalf : at::kBFloat16);
}
