// What every .cpp of the shim shares: handles, the guard, and the translation of enums.
#pragma once

#include "ctorch.h"

#include <ATen/ATen.h>

#include <cstring>
#include <optional>
#include <string>
#include <vector>

struct ct_tensor {
    at::Tensor value;
};

struct ct_generator {
    at::Generator value;
};

namespace ct {

// strdup that survives a failed allocation: the caller then sees a null message.
inline void report(char **error, const char *message) {
    if (error != nullptr) { *error = ::strdup(message); }
}

// Reports the exception that is being handled, and says which failure it is.
int32_t report_exception(char **error) noexcept;

// Throws std::bad_alloc where a limit of the process leaves too little for an operation's own needs.
void require_room();

// The one place where C++ exceptions end.
template <class Body> int32_t guarded(char **error, Body &&body) noexcept {
    try {
        require_room();
        body();
        return CT_OK;
    } catch (...) { return report_exception(error); }
}

inline const at::Tensor &get(const ct_tensor *x) { return x->value; }

inline std::optional<at::Tensor> maybe(const ct_tensor *x) {
    return x == nullptr ? std::optional<at::Tensor>() : std::optional<at::Tensor>(x->value);
}

inline std::vector<at::Tensor> list(ct_tensor *const *handles, int32_t count) {
    std::vector<at::Tensor> tensors;
    tensors.reserve(count);
    for (int32_t i = 0; i < count; ++i) { tensors.push_back(handles[i]->value); }
    return tensors;
}

inline at::IntArrayRef ints(const int64_t *values, int32_t count) {
    return at::IntArrayRef(values, static_cast<size_t>(count));
}

// Throws for a dtype that this header does not name, so that none ever reaches Swift.
ct_tensor *wrap(at::Tensor tensor);
void wrap_all(const std::vector<at::Tensor> &tensors, ct_tensor **out);

at::ScalarType scalar_type(int32_t dtype);
int32_t dtype_code(at::ScalarType type);  // -1: not in this header
at::MemoryFormat memory_format(int32_t format);

// Loads the CUDA half of libtorch when the kind asks for it.
at::Device device(int32_t kind, int32_t index);
// The folder of libtorch_cpu, with a slash at its end: its other libraries lie beside it, whatever the
// run path of this binary.
std::string library_folder();
// A backward pass fixes autograd's list of devices, so CUDA cannot be loaded after it.
void note_backward();

}  // namespace ct
