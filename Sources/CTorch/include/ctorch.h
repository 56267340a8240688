// ctorch: the part of libtorch that Understudy calls, as flat C.
//
// Why it exists: Swift cannot import ATen (templates, exceptions), so every operation is one guarded
// line of C++ behind a C name. Nothing here decides anything; policy lives in the Swift module Torch.
//
// Rules that hold for every function:
// - A function that can fail returns CT_OK or one of the failures. It has then stored nothing in its
//   out-parameters except *error: a NUL-terminated message the caller frees with ct_string_free.
// - Every ct_tensor * stored through an out-parameter is owned by the caller (ct_tensor_free).
// - Inputs are borrowed for the length of the call. A "may be null" input is an absent optional.
// - No C++ exception leaves these functions.
#ifndef CTORCH_H
#define CTORCH_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// CT_NO_MEMORY is a failure, too: memory of the host or of a device could not be had. CT_INDETERMINATE
// is one of an operation that has no deterministic algorithm, where only those may run.
enum { CT_OK = 0, CT_FAILED = 1, CT_NO_MEMORY = 2, CT_INDETERMINATE = 3 };

// Element types. The numbers are this header's own, not libtorch's.
enum {
    CT_FLOAT32 = 0,
    CT_BFLOAT16 = 1,
    CT_FLOAT16 = 2,
    CT_INT64 = 3,
    CT_UINT8 = 4,
    CT_BOOL = 5,
    CT_FLOAT64 = 6
};

// Device kinds. The index of the CPU is 0.
enum { CT_CPU = 0, CT_CUDA = 1 };

// Memory formats.
enum { CT_CONTIGUOUS = 0, CT_CHANNELS_LAST = 1 };

typedef struct ct_tensor ct_tensor;
typedef struct ct_generator ct_generator;

// -- Lifetime (creation.cpp)
void ct_tensor_free(ct_tensor *tensor);
void ct_string_free(char *string);
// Handles made and not yet freed, over all threads: tests prove with it that nothing leaks.
int64_t ct_live_tensors(void);

// -- Properties: cannot fail (creation.cpp)
int32_t ct_rank(const ct_tensor *x);
void ct_shape(const ct_tensor *x, int64_t *out);  // room for ct_rank(x) numbers
int32_t ct_dtype(const ct_tensor *x);
int32_t ct_device_kind(const ct_tensor *x);
int32_t ct_device_index(const ct_tensor *x);
bool ct_requires_grad(const ct_tensor *x);
bool ct_is_contiguous(const ct_tensor *x, int32_t format);

// -- Creation and data transfer (creation.cpp)
int32_t ct_empty(const int64_t *shape, int32_t rank, int32_t dtype, int32_t device, int32_t index,
                 ct_tensor **out, char **error);
int32_t ct_full(const int64_t *shape, int32_t rank, double value, int32_t dtype, int32_t device,
                int32_t index, ct_tensor **out, char **error);
// Copies; bytes must be the size of the tensor. bool bytes must be 0 or 1.
int32_t ct_from_bytes(const void *bytes, int64_t count, const int64_t *shape, int32_t rank,
                      int32_t dtype, ct_tensor **out, char **error);
// Copies the elements in row-major order from any device; bytes must be the size of the tensor.
int32_t ct_copy_bytes(const ct_tensor *x, void *bytes, int64_t count, char **error);
int32_t ct_item(const ct_tensor *x, double *out, char **error);
int32_t ct_to_dtype(const ct_tensor *x, int32_t dtype, ct_tensor **out, char **error);
int32_t ct_to_device(const ct_tensor *x, int32_t device, int32_t index, ct_tensor **out,
                     char **error);
int32_t ct_clone(const ct_tensor *x, ct_tensor **out, char **error);

// -- Memory that the host fills and a device reads, and the mixing of views (views.cpp)
// A uint8 tensor on the host and the address of its bytes; pinned: page-locked, which needs CUDA.
int32_t ct_host_buffer(int64_t count, bool pinned, ct_tensor **out, void **bytes, char **error);
// Normalizes and mixes a group of views.
//   pixels: [N, H, W, 3] uint8, contiguous. mean, deviation: one value a channel, in 0...1.
//   lambda: every pixel is lambda of member i and 1 - lambda of member N - 1 - i; 1 mixes nothing.
//   box: x, y, width, height of what is taken whole from member N - 1 - i, or null.
//   out: [N, 3, H, W] float32, channels last in memory.
int32_t ct_mix_views(const ct_tensor *pixels, const double mean[3], const double deviation[3],
                     double lambda, const int64_t box[4], ct_tensor **out, char **error);

// -- Shape (shape.cpp)
int32_t ct_reshape(const ct_tensor *x, const int64_t *shape, int32_t rank, ct_tensor **out,
                   char **error);
int32_t ct_transpose(const ct_tensor *x, int64_t a, int64_t b, ct_tensor **out, char **error);
int32_t ct_permute(const ct_tensor *x, const int64_t *order, int32_t rank, ct_tensor **out,
                   char **error);
int32_t ct_narrow(const ct_tensor *x, int64_t dimension, int64_t start, int64_t count,
                  ct_tensor **out, char **error);
int32_t ct_select(const ct_tensor *x, int64_t dimension, int64_t index, ct_tensor **out,
                  char **error);
int32_t ct_flatten(const ct_tensor *x, int64_t from, ct_tensor **out, char **error);
int32_t ct_expand(const ct_tensor *x, const int64_t *shape, int32_t rank, ct_tensor **out,
                  char **error);
int32_t ct_flip(const ct_tensor *x, const int64_t *dimensions, int32_t count, ct_tensor **out,
                char **error);
int32_t ct_contiguous(const ct_tensor *x, int32_t format, ct_tensor **out, char **error);
int32_t ct_concatenate(ct_tensor *const *list, int32_t count, int64_t dimension, ct_tensor **out,
                       char **error);
int32_t ct_stack(ct_tensor *const *list, int32_t count, int64_t dimension, ct_tensor **out,
                 char **error);
int32_t ct_index_select(const ct_tensor *x, int64_t dimension, const ct_tensor *index,
                        ct_tensor **out, char **error);
int32_t ct_one_hot(const ct_tensor *x, int64_t classes, ct_tensor **out, char **error);

// -- Elementwise arithmetic (math.cpp)
int32_t ct_add(const ct_tensor *a, const ct_tensor *b, ct_tensor **out, char **error);
int32_t ct_subtract(const ct_tensor *a, const ct_tensor *b, ct_tensor **out, char **error);
int32_t ct_multiply(const ct_tensor *a, const ct_tensor *b, ct_tensor **out, char **error);
int32_t ct_divide(const ct_tensor *a, const ct_tensor *b, ct_tensor **out, char **error);
int32_t ct_add_scalar(const ct_tensor *a, double b, ct_tensor **out, char **error);
int32_t ct_multiply_scalar(const ct_tensor *a, double b, ct_tensor **out, char **error);
int32_t ct_divide_scalar(const ct_tensor *a, double b, ct_tensor **out, char **error);
int32_t ct_scalar_subtract(double a, const ct_tensor *b, ct_tensor **out, char **error);
int32_t ct_scalar_divide(double a, const ct_tensor *b, ct_tensor **out, char **error);
int32_t ct_negative(const ct_tensor *x, ct_tensor **out, char **error);
int32_t ct_log(const ct_tensor *x, ct_tensor **out, char **error);
int32_t ct_sqrt(const ct_tensor *x, ct_tensor **out, char **error);
int32_t ct_square(const ct_tensor *x, ct_tensor **out, char **error);
// has_min, has_max: whether that bound applies.
int32_t ct_clamp(const ct_tensor *x, bool has_min, double min, bool has_max, double max,
                 ct_tensor **out, char **error);
int32_t ct_where(const ct_tensor *condition, const ct_tensor *yes, const ct_tensor *no,
                 ct_tensor **out, char **error);
int32_t ct_greater_scalar(const ct_tensor *x, double bound, ct_tensor **out, char **error);
int32_t ct_equal(const ct_tensor *a, const ct_tensor *b, ct_tensor **out, char **error);
int32_t ct_is_finite(const ct_tensor *x, ct_tensor **out, char **error);

// -- Products and reductions (math.cpp). dimensions may be null: all of them.
int32_t ct_sum(const ct_tensor *x, const int64_t *dimensions, int32_t count, bool keep,
               ct_tensor **out, char **error);
int32_t ct_mean(const ct_tensor *x, const int64_t *dimensions, int32_t count, bool keep,
                ct_tensor **out, char **error);
int32_t ct_matmul(const ct_tensor *a, const ct_tensor *b, ct_tensor **out, char **error);
int32_t ct_top_k(const ct_tensor *x, int64_t k, int64_t dimension, ct_tensor **values,
                 ct_tensor **indices, char **error);
int32_t ct_softmax(const ct_tensor *x, int64_t dimension, ct_tensor **out, char **error);
int32_t ct_log_softmax(const ct_tensor *x, int64_t dimension, ct_tensor **out, char **error);

// -- Neural-network operations (nn.cpp)
int32_t ct_conv2d(const ct_tensor *x, const ct_tensor *weight, const ct_tensor *bias,
                  int64_t stride, int64_t padding, int64_t dilation, int64_t groups,
                  ct_tensor **out, char **error);
int32_t ct_linear(const ct_tensor *x, const ct_tensor *weight, const ct_tensor *bias,
                  ct_tensor **out, char **error);
// weight, bias, mean and variance may be null. mean and variance are updated when training.
int32_t ct_batch_norm(const ct_tensor *x, const ct_tensor *weight, const ct_tensor *bias,
                      const ct_tensor *mean, const ct_tensor *variance, bool training,
                      double momentum, double epsilon, ct_tensor **out, char **error);
int32_t ct_layer_norm(const ct_tensor *x, const ct_tensor *weight, const ct_tensor *bias,
                      double epsilon, ct_tensor **out, char **error);
int32_t ct_relu(const ct_tensor *x, ct_tensor **out, char **error);
int32_t ct_gelu(const ct_tensor *x, ct_tensor **out, char **error);
int32_t ct_relu6(const ct_tensor *x, ct_tensor **out, char **error);
int32_t ct_hard_swish(const ct_tensor *x, ct_tensor **out, char **error);
int32_t ct_hard_sigmoid(const ct_tensor *x, ct_tensor **out, char **error);
// amounts: left, right, top, bottom of the last two dimensions; negative ones cut.
int32_t ct_pad(const ct_tensor *x, const int64_t amounts[4], double value, ct_tensor **out,
               char **error);
int32_t ct_max_pool2d(const ct_tensor *x, int64_t size, int64_t stride, int64_t padding,
                      ct_tensor **out, char **error);
// ceil: windows that begin inside count, though they end outside. counts_padding: whether the zeros of
// the padding are among what is averaged.
int32_t ct_average_pool2d(const ct_tensor *x, int64_t size, int64_t stride, int64_t padding,
                          bool ceil, bool counts_padding, ct_tensor **out, char **error);
// The corners of the outermost pixels are aligned, not their centers.
int32_t ct_resize_bicubic(const ct_tensor *x, int64_t height, int64_t width, bool antialias,
                          ct_tensor **out, char **error);
int32_t ct_adaptive_average_pool2d(const ct_tensor *x, int64_t height, int64_t width,
                                   ct_tensor **out, char **error);
// bias may be null; has_scale false: 1/sqrt(width of a head). fused: libtorch chooses a kernel; else
// two products with a softmax between them.
int32_t ct_attention(const ct_tensor *query, const ct_tensor *key, const ct_tensor *value,
                     const ct_tensor *bias, bool has_scale, double scale, bool fused,
                     ct_tensor **out, char **error);

// -- Quantization, simulated in floats (quantization.cpp)
// round(x / scale) + zero, moved into low...high, and back again. Ties go to the even number.
int32_t ct_fake_quantize(const ct_tensor *x, double scale, int64_t zero, int64_t low, int64_t high,
                         ct_tensor **out, char **error);
// The same with zero at 0 and a scale for each entry of a dimension; scales: float32, on x's device.
int32_t ct_fake_quantize_channels(const ct_tensor *x, const ct_tensor *scales, int64_t dimension,
                                  int64_t low, int64_t high, ct_tensor **out, char **error);
// The least and the greatest element, as scalars; of no element an error.
int32_t ct_extremes(const ct_tensor *x, ct_tensor **least, ct_tensor **greatest, char **error);
// How many elements lie in each of `bins` bins of equal width from low to high, which is among the
// last one's; others are left out. float32 on x's device.
int32_t ct_histogram(const ct_tensor *x, int64_t bins, double low, double high, ct_tensor **out,
                     char **error);

// -- In place (inplace.cpp)
int32_t ct_copy_(const ct_tensor *x, const ct_tensor *source, char **error);
int32_t ct_add_(const ct_tensor *x, const ct_tensor *other, double scale, char **error);
int32_t ct_multiply_(const ct_tensor *x, double factor, char **error);
int32_t ct_fill_(const ct_tensor *x, double value, char **error);

// -- Random numbers (random.cpp)
int32_t ct_generator_new(uint64_t seed, ct_generator **out, char **error);
void ct_generator_free(ct_generator *generator);
int32_t ct_uniform_(const ct_tensor *x, double from, double to, const ct_generator *generator,
                    char **error);
int32_t ct_normal_(const ct_tensor *x, double mean, double deviation,
                   const ct_generator *generator, char **error);
// uniform, inverse error function, scale, clamp: timm's trunc_normal_ with the bounds low and high.
int32_t ct_truncated_normal_(const ct_tensor *x, double deviation, double low, double high,
                             const ct_generator *generator, char **error);

// -- Autograd (autograd.cpp)
int32_t ct_backward(const ct_tensor *x, char **error);
int32_t ct_grad(const ct_tensor *x, ct_tensor **out, char **error);  // stores null when there is none
int32_t ct_set_grad(const ct_tensor *x, const ct_tensor *grad, char **error);  // grad may be null
int32_t ct_set_requires_grad(const ct_tensor *x, bool value, char **error);
int32_t ct_detach(const ct_tensor *x, ct_tensor **out, char **error);
// Thread-local modes. Each setter hands back what it replaced.
bool ct_set_grad_mode(bool enabled);
typedef struct {
    int32_t device;
    int32_t dtype;
    bool enabled;
} ct_autocast_state;
ct_autocast_state ct_autocast_enter(int32_t device, bool enabled, int32_t dtype);
void ct_autocast_leave(ct_autocast_state previous);

// -- Lists of tensors of equal length (foreach.cpp). Outputs: room for count handles.
int32_t ct_foreach_norm(ct_tensor *const *a, int32_t count, ct_tensor **out, char **error);
int32_t ct_foreach_sqrt(ct_tensor *const *a, int32_t count, ct_tensor **out, char **error);
int32_t ct_foreach_multiply_scalar(ct_tensor *const *a, int32_t count, double factor,
                                   ct_tensor **out, char **error);
int32_t ct_foreach_add_(ct_tensor *const *a, ct_tensor *const *b, int32_t count, double scale,
                        char **error);
int32_t ct_foreach_add_scalar_(ct_tensor *const *a, int32_t count, double value, char **error);
int32_t ct_foreach_multiply_(ct_tensor *const *a, ct_tensor *const *b, int32_t count,
                             char **error);
int32_t ct_foreach_multiply_scalar_(ct_tensor *const *a, int32_t count, double factor,
                                    char **error);
int32_t ct_foreach_divide_(ct_tensor *const *a, ct_tensor *const *b, int32_t count, char **error);
int32_t ct_foreach_divide_scalar_(ct_tensor *const *a, int32_t count, double divisor,
                                  char **error);
int32_t ct_foreach_add_products_(ct_tensor *const *a, ct_tensor *const *b, ct_tensor *const *c,
                                 int32_t count, double scale, char **error);
int32_t ct_foreach_add_quotients_(ct_tensor *const *a, ct_tensor *const *b, ct_tensor *const *c,
                                  int32_t count, double scale, char **error);
int32_t ct_foreach_lerp_(ct_tensor *const *a, ct_tensor *const *b, int32_t count, double weight,
                         char **error);
int32_t ct_foreach_copy_(ct_tensor *const *a, ct_tensor *const *b, int32_t count, char **error);

// -- Devices and threads (device.cpp)
// Loads libtorch_cuda.so once; fails when the library, its dependencies or a device is missing, and
// after operations on the CPU that keep libtorch from finding it.
int32_t ct_cuda_load(int32_t *devices, char **error);
// Waits until a device has done all that it was given; the CPU always has.
int32_t ct_synchronize(int32_t device, int32_t index, char **error);
typedef struct {
    char name[128];
    int32_t major, minor;  // compute capability
    int32_t multiprocessors;
    int64_t memory;  // bytes
} ct_cuda_device;
int32_t ct_cuda_describe(int32_t index, ct_cuda_device *out, char **error);
typedef struct {
    char driver[64];  // as NVIDIA names it; empty where it does not say
    int32_t runtime;  // 1000 * major + 10 * minor
    int32_t cudnn;    // 10000 * major + 100 * minor + patch; 0 without it
} ct_cuda_version;
int32_t ct_cuda_versions(ct_cuda_version *out, char **error);
// The most bytes that tensors took at once on a device since the process began.
int32_t ct_cuda_peak_memory(int32_t index, int64_t *bytes, char **error);
// How float32 is computed on CUDA devices: with products in TF32, which keeps 10 bits of mantissa;
// and whether each convolution's algorithm is chosen by timing all. Deterministic: only algorithms that
// give the same bits each time; an operation that has none fails. Before CUDA is loaded or after, but
// not after its first matrix product.
int32_t ct_cuda_numerics(bool tensor_float, bool time_convolutions, bool deterministic, char **error);
// Two lines: the folder of the libraries, the instruction set that they use on this CPU.
int32_t ct_libtorch(char **text, char **error);
int32_t ct_threads(void);
// The version of libtorch that this was built for, "2.11.0".
const char *ct_libtorch_version(void);
// Sets glibc's malloc to keep freed memory instead of returning it to the system.
void ct_keep_freed_memory(void);
int32_t ct_set_threads(int32_t count, char **error);

// Has waiting OpenMP threads sleep soon, or look for work for long again (spinning.cpp). `done` is 0
// where libgomp does not compute or there is no thread to be had; then nothing changes.
int32_t ct_spin_briefly(int32_t briefly, int32_t *done, char **error);

// -- Modules that somebody exported (exported.cpp). Loading one and running it runs its code.
typedef struct ct_exported ct_exported;
enum { CT_AOT_INDUCTOR = 0, CT_TORCH_SCRIPT = 1 };
int32_t ct_exported_load(const char *path, int32_t format, int32_t device, int32_t index,
                         ct_exported **out, char **error);
// The answer to x: the one tensor, the first of several, or the one that is called logits.
int32_t ct_exported_run(ct_exported *module, const ct_tensor *x, ct_tensor **out, char **error);
void ct_exported_free(ct_exported *module);

#ifdef __cplusplus
}
#endif

#endif
