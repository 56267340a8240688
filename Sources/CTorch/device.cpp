// CUDA on demand, what there is of it, and the number of CPU threads.
//
// Only libtorch_cpu is linked. libtorch_cuda.so registers its kernels when it is loaded, so one
// binary serves both kinds of machine, and a CPU run pays nothing for CUDA. For the same reason no
// header of CUDA is included: what libtorch does not wrap is asked of NVIDIA's driver, whose C
// interface is stable.
#include "internal.h"

#include <ATen/Context.h>
#include <ATen/DeviceAccelerator.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <c10/util/Exception.h>
#include <torch/headeronly/version.h>

#include <dlfcn.h>
#include <malloc.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <mutex>

using namespace ct;

std::string ct::library_folder() {
    Dl_info info;
    if (dladdr(reinterpret_cast<void *>(&at::get_num_threads), &info) == 0) { return ""; }
    const std::string path(info.dli_fname);
    const auto slash = path.rfind('/');
    return slash == std::string::npos ? "" : path.substr(0, slash + 1);
}

namespace {
std::atomic<bool> backward_ran{false};
std::mutex loading;
std::atomic<int32_t> cuda_devices{0};  // > 0: loaded, and the number cannot change any more

// Takes libtorch's warnings of this thread, which would otherwise be lines on standard error.
class Warnings : public c10::WarningHandler {
  public:
    void process(const c10::Warning &) override {}
};

const c10::impl::DeviceGuardImplInterface *cuda_guard() {
    return c10::impl::device_guard_impl_registry[static_cast<size_t>(at::kCUDA)].load();
}

// What CUDA says where there is no device.
std::string reason_for_none() {
    try {
        at::globalContext().lazyInitDevice(at::kCUDA);
    } catch (const c10::Error &caught) { return caught.what_without_backtrace(); }
    return "no GPU is visible to this process";
}

// Rendering threads may be filling page-locked memory when the program ends, and the driver takes
// it away in its own exit handlers: so these and all destructors are left out.
void leave_at_exit() {
    on_exit(
        [](int status, void *) {
            std::fflush(nullptr);
            _exit(status);
        },
        nullptr);
}

int32_t load_cuda() {
    if (const int32_t known = cuda_devices.load()) { return known; }
    const std::lock_guard lock(loading);
    if (const int32_t known = cuda_devices.load()) { return known; }
    TORCH_CHECK(!backward_ran.load(),
                "CUDA must be loaded before the first backward pass: ask for the device earlier");
    if (dlopen((library_folder() + "libtorch_cuda.so").c_str(), RTLD_NOW | RTLD_GLOBAL) == nullptr) {
        const char *reason = dlerror();
        TORCH_CHECK(false, "no CUDA in this libtorch (", reason != nullptr ? reason : "dlopen failed",
                    "): use one that is built for CUDA, with NVIDIA's libraries; in a checkout, "
                    "tools/setup --cuda fetches them");
    }
    const auto *guard = cuda_guard();
    TORCH_CHECK(guard != nullptr, "no CUDA in this libtorch (libtorch_cuda.so registers no device)");
    int32_t devices = 0;
    {
        Warnings unheard;
        const c10::WarningUtils::WarningHandlerGuard collecting(&unheard);
        devices = guard->deviceCount();
    }
    if (devices <= 0) { TORCH_CHECK(false, "no CUDA device: ", reason_for_none()); }
    // libtorch looks for its CUDA half once, at the first operation that asks, a convolution on the
    // CPU for one, and never again.
    TORCH_CHECK(at::detail::getCUDAHooks().hasCUDA(),
                "CUDA must be loaded before the first operation on the CPU: ask for the device earlier");
    // Now, and not in whatever thread first allocates.
    at::globalContext().lazyInitDevice(at::kCUDA);
    leave_at_exit();
    cuda_devices.store(devices);
    return devices;
}

// A library of NVIDIA's driver and its functions, or null where there is no driver.
struct Library {
    explicit Library(const char *name) : handle(dlopen(name, RTLD_NOW | RTLD_LOCAL)) {}
    template <class Function> Function *get(const char *name) const {
        return handle == nullptr ? nullptr : reinterpret_cast<Function *>(dlsym(handle, name));
    }
    void *handle;  // stays loaded: the driver is in use
};

// Calls a function of the driver; 0 is its success.
template <class... Parameters, class... Arguments>
void driver_call(const Library &driver, const char *name, Arguments... arguments) {
    auto *function = driver.get<int32_t(Parameters...)>(name);
    TORCH_CHECK(function != nullptr, "libcuda.so.1 has no ", name);
    const int32_t status = function(arguments...);
    TORCH_CHECK(status == 0, name, " failed with error ", status);
}

// From cuda.h, where they are fixed.
enum { multiprocessor_count = 16, capability_major = 75, capability_minor = 76 };

at::CachingDeviceAllocator::DeviceStats memory_statistics(int32_t index) {
    device(CT_CUDA, index);
    return at::accelerator::getDeviceStats(static_cast<c10::DeviceIndex>(index));
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

int32_t ct_synchronize(int32_t kind, int32_t index, char **error) {
    return guarded(error, [&] {
        const auto place = device(kind, index);
        if (place.is_cuda()) { cuda_guard()->synchronizeDevice(place.index()); }
    });
}

int32_t ct_cuda_describe(int32_t index, ct_cuda_device *out, char **error) {
    return guarded(error, [&] {
        device(CT_CUDA, index);
        static const Library driver("libcuda.so.1");
        TORCH_CHECK(driver.handle != nullptr, "libcuda.so.1 does not load");
        ct_cuda_device found{};
        int32_t handle = 0;
        size_t memory = 0;
        driver_call<uint32_t>(driver, "cuInit", 0u);
        driver_call<int32_t *, int32_t>(driver, "cuDeviceGet", &handle, index);
        driver_call<char *, int32_t, int32_t>(driver, "cuDeviceGetName", found.name,
                                              static_cast<int32_t>(sizeof found.name), handle);
        driver_call<size_t *, int32_t>(driver, "cuDeviceTotalMem_v2", &memory, handle);
        const auto attribute = [&](int32_t which) {
            int32_t value = 0;
            driver_call<int32_t *, int32_t, int32_t>(driver, "cuDeviceGetAttribute", &value, which,
                                                     handle);
            return value;
        };
        found.memory = static_cast<int64_t>(memory);
        found.multiprocessors = attribute(multiprocessor_count);
        found.major = attribute(capability_major);
        found.minor = attribute(capability_minor);
        *out = found;
    });
}

int32_t ct_cuda_versions(ct_cuda_version *out, char **error) {
    return guarded(error, [&] {
        load_cuda();
        ct_cuda_version found{};
        const auto &hooks = at::detail::getCUDAHooks();
        found.runtime = static_cast<int32_t>(hooks.versionCUDART());
        found.cudnn = hooks.compiledWithCuDNN() ? static_cast<int32_t>(hooks.versionRuntimeCuDNN()) : 0;
        // The driver's own number is asked of NVML; in a container it may be missing.
        static const Library nvml("libnvidia-ml.so.1");
        auto *begin = nvml.get<int32_t()>("nvmlInit_v2");
        auto *version = nvml.get<int32_t(char *, uint32_t)>("nvmlSystemGetDriverVersion");
        if (begin != nullptr && version != nullptr && begin() == 0) {
            if (version(found.driver, sizeof found.driver) != 0) { found.driver[0] = '\0'; }
            if (auto *end = nvml.get<int32_t()>("nvmlShutdown")) { end(); }
        }
        *out = found;
    });
}

int32_t ct_cuda_peak_memory(int32_t index, int64_t *bytes, char **error) {
    return guarded(error, [&] {
        *bytes = memory_statistics(index).allocated_bytes[0].peak;  // 0: over all pools
    });
}

int32_t ct_cuda_numerics(bool tensor_float, bool time_convolutions, bool deterministic, char **error) {
    return guarded(error, [&] {
        // libtorch demands it, and reads it when cuBLAS begins: of several workspaces cuBLAS would
        // take whichever is free.
        if (deterministic) { setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", /*overwrite=*/0); }
        auto &context = at::globalContext();
        context.setAllowTF32CuDNN(tensor_float);
        context.setAllowTF32CuBLAS(tensor_float);
        context.setBenchmarkCuDNN(time_convolutions);
        context.setDeterministicCuDNN(deterministic);
        context.setDeterministicAlgorithms(deterministic, /*warn_only=*/false);
        // Memory that nobody has written would be filled, at a price, to no end here.
        context.setDeterministicFillUninitializedMemory(false);
    });
}

int32_t ct_libtorch(char **text, char **error) {
    return guarded(error, [&] {
        report(text, (library_folder() + "\n" + at::get_cpu_capability()).c_str());
    });
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
