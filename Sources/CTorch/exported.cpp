// Modules that somebody exported: AOTInductor's packages and TorchScript's files. Both hold code,
// which runs as it stands.
#include "internal.h"

#include <c10/util/Exception.h>
#include <torch/csrc/inductor/aoti_package/model_package_loader.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/serialization/import.h>

#include <dlfcn.h>
#include <elf.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <memory>

using namespace ct;
using torch::inductor::AOTIModelPackageLoader;

struct ct_exported {
    std::unique_ptr<AOTIModelPackageLoader> package;
    std::optional<torch::jit::Module> script;
};

namespace {
// A shared library of the name libtorch.so that holds nothing.
struct EmptyLibrary {
    Elf64_Ehdr header{};
    Elf64_Phdr segments[3]{};
    char strings[16] = "\0libtorch.so";
    Elf64_Sym symbols[1]{};
    Elf64_Word hash[4] = {1, 1, 0, 0};
    Elf64_Dyn dynamic[7]{};

    EmptyLibrary() {
        std::memcpy(header.e_ident, ELFMAG, SELFMAG);
        header.e_ident[EI_CLASS] = ELFCLASS64;
        header.e_ident[EI_DATA] = ELFDATA2LSB;
        header.e_ident[EI_VERSION] = EV_CURRENT;
        header.e_type = ET_DYN;
#if defined(__aarch64__)
        header.e_machine = EM_AARCH64;
#else
        header.e_machine = EM_X86_64;
#endif
        header.e_version = EV_CURRENT;
        header.e_phoff = offsetof(EmptyLibrary, segments);
        header.e_ehsize = sizeof(Elf64_Ehdr);
        header.e_phentsize = sizeof(Elf64_Phdr);
        header.e_phnum = 3;
        const auto place = offsetof(EmptyLibrary, dynamic);
        segments[0] = {PT_LOAD, PF_R | PF_W, 0, 0, 0, sizeof *this, sizeof *this, 4096};
        segments[1] = {PT_DYNAMIC, PF_R | PF_W, place, place, place, sizeof dynamic, sizeof dynamic, 8};
        // Without it the stacks of all threads would be made executable.
        segments[2] = {PT_GNU_STACK, PF_R | PF_W, 0, 0, 0, 0, 0, 16};
        dynamic[0] = {DT_SONAME, {1}};
        dynamic[1] = {DT_HASH, {offsetof(EmptyLibrary, hash)}};
        dynamic[2] = {DT_STRTAB, {offsetof(EmptyLibrary, strings)}};
        dynamic[3] = {DT_SYMTAB, {offsetof(EmptyLibrary, symbols)}};
        dynamic[4] = {DT_STRSZ, {sizeof strings}};
        dynamic[5] = {DT_SYMENT, {sizeof(Elf64_Sym)}};
    }
};

bool load_empty_library() {
    const EmptyLibrary library;
    const int file = memfd_create("libtorch.so", MFD_CLOEXEC);
    if (file < 0) { return false; }
    const auto path = "/proc/self/fd/" + std::to_string(file);
    const bool loaded = write(file, &library, sizeof library) == ssize_t(sizeof library) &&
                        dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL) != nullptr;
    close(file);
    return loaded;
}

// The library inside a package asks the linker for libtorch.so. That holds nothing itself, and names
// libtorch_cpu and, in a build for CUDA, libtorch_cuda. Of the two the one that is wanted is loaded, so
// an empty library will do in place of libtorch.so: a package for the CPU must not bring libtorch_cuda,
// whose libraries a machine without a GPU need not have, and which only load_cuda may load.
void provide_libtorch(const at::Device &place) {
    if (dlopen("libtorch.so", RTLD_NOW | RTLD_NOLOAD) != nullptr) { return; }
    if (!place.is_cpu() &&
        dlopen((library_folder() + "libtorch.so").c_str(), RTLD_NOW | RTLD_GLOBAL) != nullptr) {
        return;
    }
    TORCH_CHECK(load_empty_library(), "cannot load libtorch.so, which the package needs");
}

void load_package(ct_exported &made, const std::string &path, const at::Device &place) {
    constexpr auto name = "model";
    auto metadata = AOTIModelPackageLoader::load_metadata_from_package(path, name);
    const auto made_for = metadata["AOTI_DEVICE_KEY"];
    const auto wanted = place.is_cpu() ? "cpu" : "cuda";
    TORCH_CHECK(made_for == wanted, "was exported for ", made_for, ", and is to run on ", wanted,
                ": export it for that device");
    provide_libtorch(place);
    made.package = std::make_unique<AOTIModelPackageLoader>(
        path, name, /*run_single_threaded=*/false, /*num_runners=*/1, place.index());
}

// The one answer, the first of several, or the one that is called logits.
at::Tensor answer(const c10::IValue &value) {
    if (value.isTensor()) { return value.toTensor(); }
    if (value.isTuple() && !value.toTupleRef().elements().empty()) {
        return answer(value.toTupleRef().elements()[0]);
    }
    if (value.isList() && value.toListRef().size() > 0) { return answer(value.toListRef()[0]); }
    if (value.isGenericDict()) {
        const auto found = value.toGenericDict().find("logits");
        if (found != value.toGenericDict().end()) { return answer(found->value()); }
    }
    TORCH_CHECK(false, "answers with ", value.tagKind(), ", which holds no logits");
}
}  // namespace

int32_t ct_exported_load(const char *path, int32_t format, int32_t kind, int32_t index,
                         ct_exported **out, char **error) {
    return guarded(error, [&] {
        const auto place = device(kind, index);
        auto made = std::make_unique<ct_exported>();
        if (format == CT_AOT_INDUCTOR) {
            load_package(*made, path, place);
        } else {
            made->script = torch::jit::load(path, place);
            made->script->eval();
        }
        *out = made.release();
    });
}

int32_t ct_exported_run(ct_exported *module, const ct_tensor *x, ct_tensor **out, char **error) {
    return guarded(error, [&] {
        if (module->script) {
            *out = wrap(answer(module->script->forward({get(x)})));
            return;
        }
        auto answers = module->package->run({get(x)});
        TORCH_CHECK(!answers.empty(), "answers with nothing");
        *out = wrap(std::move(answers[0]));
    });
}

void ct_exported_free(ct_exported *module) { delete module; }
