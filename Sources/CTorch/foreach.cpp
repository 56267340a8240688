// One call for a whole list of tensors: what optimizers are made of.
#include "internal.h"

using namespace ct;

int32_t ct_foreach_norm(ct_tensor *const *a, int32_t count, ct_tensor **out, char **error) {
    return guarded(error, [&] { wrap_all(at::_foreach_norm(list(a, count), 2), out); });
}

int32_t ct_foreach_sqrt(ct_tensor *const *a, int32_t count, ct_tensor **out, char **error) {
    return guarded(error, [&] { wrap_all(at::_foreach_sqrt(list(a, count)), out); });
}

int32_t ct_foreach_multiply_scalar(ct_tensor *const *a, int32_t count, double factor,
                                   ct_tensor **out, char **error) {
    return guarded(error, [&] { wrap_all(at::_foreach_mul(list(a, count), factor), out); });
}

int32_t ct_foreach_add_(ct_tensor *const *a, ct_tensor *const *b, int32_t count, double scale,
                        char **error) {
    return guarded(error, [&] { at::_foreach_add_(list(a, count), list(b, count), scale); });
}

int32_t ct_foreach_add_scalar_(ct_tensor *const *a, int32_t count, double value, char **error) {
    return guarded(error, [&] { at::_foreach_add_(list(a, count), value); });
}

int32_t ct_foreach_multiply_(ct_tensor *const *a, ct_tensor *const *b, int32_t count,
                             char **error) {
    return guarded(error, [&] { at::_foreach_mul_(list(a, count), list(b, count)); });
}

int32_t ct_foreach_multiply_scalar_(ct_tensor *const *a, int32_t count, double factor,
                                    char **error) {
    return guarded(error, [&] { at::_foreach_mul_(list(a, count), factor); });
}

int32_t ct_foreach_divide_(ct_tensor *const *a, ct_tensor *const *b, int32_t count, char **error) {
    return guarded(error, [&] { at::_foreach_div_(list(a, count), list(b, count)); });
}

int32_t ct_foreach_divide_scalar_(ct_tensor *const *a, int32_t count, double divisor,
                                  char **error) {
    return guarded(error, [&] { at::_foreach_div_(list(a, count), divisor); });
}

int32_t ct_foreach_add_products_(ct_tensor *const *a, ct_tensor *const *b, ct_tensor *const *c,
                                 int32_t count, double scale, char **error) {
    return guarded(error, [&] {
        at::_foreach_addcmul_(list(a, count), list(b, count), list(c, count), scale);
    });
}

int32_t ct_foreach_add_quotients_(ct_tensor *const *a, ct_tensor *const *b, ct_tensor *const *c,
                                  int32_t count, double scale, char **error) {
    return guarded(error, [&] {
        at::_foreach_addcdiv_(list(a, count), list(b, count), list(c, count), scale);
    });
}

int32_t ct_foreach_lerp_(ct_tensor *const *a, ct_tensor *const *b, int32_t count, double weight,
                         char **error) {
    return guarded(error, [&] { at::_foreach_lerp_(list(a, count), list(b, count), weight); });
}

int32_t ct_foreach_copy_(ct_tensor *const *a, ct_tensor *const *b, int32_t count, char **error) {
    return guarded(error, [&] { at::_foreach_copy_(list(a, count), list(b, count)); });
}
