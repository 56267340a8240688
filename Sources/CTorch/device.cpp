// CUDA on demand, and the number of CPU threads.
//
// Only libtorch_cpu is linked. libtorch_cuda.so registers its kernels when it is loaded, so one
// binary serves both kinds of machine, and a CPU run pays nothing for CUDA.
#include "internal.h"

#include <ATen/Parallel.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <torch/headeronly/version.h>

#include <dlfcn.h>
#include <malloc.h>

#include <atomic>
#include <mutex>

using namespace ct;

namespace {
std::atomic<bool> backward_ran{false};
std::mutex loading;
std::atomic<int32_t> cuda_devices{0};  // > 0: loaded, and the number cannot change any more

// The folder of libtorch_cpu: its CUDA half lies beside it, whatever the run path of this binary.
std::string library_folder() {
    Dl_info info;
    if (dladdr(reinterpret_cast<void *>(&at::get_num_threads), &info) == 0) { return ""; }
    const std::string path(info.dli_fname);
    const auto slash = path.rfind('/');
    return slash == std::string::npos ? "" : path.substr(0, slash + 1);
}

int32_t load_cuda() {
    if (const int32_t known = cuda_devices.load()) { return known; }
    const std::lock_guard lock(loading);
    if (const int32_t known = cuda_devices.load()) { return known; }
    TORCH_CHECK(!backward_ran.load(),
                "CUDA must be loaded before the first backward pass: ask for the device earlier");
    if (dlopen((library_folder() + "libtorch_cuda.so").c_str(), RTLD_NOW | RTLD_GLOBAL) == nullptr) {
        const char *reason = dlerror();
        TORCH_CHECK(false, "no CUDA in this libtorch: run tools/setup --cuda (",
                    reason != nullptr ? reason : "dlopen failed", ")");
    }
    // Not through at::globalContext(): it would cache "no CUDA" for good when asked too early.
    const auto *guard = c10::impl::device_guard_impl_registry[static_cast<size_t>(at::kCUDA)].load();
    TORCH_CHECK(guard != nullptr, "no CUDA in this libtorch: run tools/setup --cuda (",
                "libtorch_cuda.so registers no device)");
    const int32_t devices = guard->deviceCount();
    TORCH_CHECK(devices > 0, "no CUDA device: no GPU is visible, or its driver is too old");
    cuda_devices.store(devices);
    return devices;
}
}  // namespace

void ct::note_backward() { backward_ran.store(true, std::memory_order_relaxed); }

at::Device ct::device(int32_t kind, int32_t index) {
    if (kind == CT_CPU) { return at::Device(at::kCPU); }
    const int32_t devices = load_cuda();
    TORCH_CHECK(index >= 0 && index < devices, "no device cuda:", index, ": this machine has ",
                devices);
    return at::Device(at::kCUDA, static_cast<at::DeviceIndex>(index));
}

int32_t ct_cuda_load(int32_t *devices, char **error) {
    return guarded(error, [&] { *devices = load_cuda(); });
}

void ct_keep_freed_memory(void) {
    mallopt(M_MMAP_THRESHOLD, 32 << 20);  // the largest that glibc accepts
    mallopt(M_TRIM_THRESHOLD, INT32_MAX);
    mallopt(M_TOP_PAD, 64 << 20);
}

const char *ct_libtorch_version(void) { return TORCH_VERSION; }

int32_t ct_threads(void) { return at::get_num_threads(); }

int32_t ct_set_threads(int32_t count, char **error) {
    return guarded(error, [&] { at::set_num_threads(count); });
}
