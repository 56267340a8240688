// Operations that write into their first argument.
#include "internal.h"

using namespace ct;

int32_t ct_copy_(const ct_tensor *x, const ct_tensor *source, char **error) {
    return guarded(error, [&] { get(x).copy_(get(source)); });
}

int32_t ct_add_(const ct_tensor *x, const ct_tensor *other, double scale, char **error) {
    return guarded(error, [&] {
        // libtorch refuses a floating-point factor for integers.
        bool whole = at::isIntegralType(get(x).scalar_type(), false);
        get(x).add_(get(other), whole ? at::Scalar(static_cast<int64_t>(scale)) : at::Scalar(scale));
    });
}

int32_t ct_multiply_(const ct_tensor *x, double factor, char **error) {
    return guarded(error, [&] { get(x).mul_(factor); });
}

int32_t ct_fill_(const ct_tensor *x, double value, char **error) {
    return guarded(error, [&] { get(x).fill_(value); });
}
