// Random numbers from an explicit generator: no global state.
#include "internal.h"

#include <ATen/CPUGeneratorImpl.h>

#include <cmath>

using namespace ct;

int32_t ct_generator_new(uint64_t seed, ct_generator **out, char **error) {
    return guarded(error, [&] { *out = new ct_generator{at::detail::createCPUGenerator(seed)}; });
}

void ct_generator_free(ct_generator *generator) { delete generator; }

int32_t ct_uniform_(const ct_tensor *x, double from, double to, const ct_generator *generator,
                    char **error) {
    return guarded(error, [&] { get(x).uniform_(from, to, generator->value); });
}

int32_t ct_normal_(const ct_tensor *x, double mean, double deviation,
                   const ct_generator *generator, char **error) {
    return guarded(error, [&] { get(x).normal_(mean, deviation, generator->value); });
}

int32_t ct_truncated_normal_(const ct_tensor *x, double deviation, double low, double high,
                             const ct_generator *generator, char **error) {
    return guarded(error, [&] {
        // A uniform draw between the bounds' quantiles, through the inverse of the normal
        // distribution function. P(X < b) = (1 + erf(b / (deviation·sqrt 2))) / 2, and the factor
        // 2P - 1 that erfinv wants is then just the erf.
        const double root = deviation * std::sqrt(2.0);
        get(x).uniform_(std::erf(low / root), std::erf(high / root), generator->value);
        get(x).erfinv_().mul_(root).clamp_(low, high);
    });
}
