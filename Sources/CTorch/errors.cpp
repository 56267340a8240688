// What C++ exceptions say, and which of them mean that there is no memory.
//
// libtorch has a class for a device's memory only. The host's is missed by a line of its allocator
// in a general error, by std::bad_alloc, and by whatever oneDNN was about to make.
#include "internal.h"

#include <c10/util/Exception.h>
#include <dnnl.hpp>

#include <new>
#include <string_view>

using namespace ct;

// Of CBase. SwiftPM compiles C++ without the module that its header would be.
extern "C" int cbase_is_exhausted(void);

namespace {
// The number of bytes in "[enforce fail at …] DefaultCPUAllocator: not enough memory: you tried to
// allocate 603979776 bytes. …"; empty where a message says nothing like it.
std::string_view bytes_of_host(std::string_view message) {
    constexpr std::string_view before = "you tried to allocate ";
    if (message.find("DefaultCPUAllocator: ") == message.npos) { return {}; }
    const auto found = message.find(before);
    if (found == message.npos) { return {}; }
    const auto number = message.substr(found + before.size());
    return number.substr(0, number.find_first_not_of("0123456789"));
}

// CUDA's sentences up to those about its own allocator: how much was asked for, and how much the
// device has.
std::string of_device(std::string_view message) {
    for (const auto *advice : {" Process ", " Including ", " Of the allocated ", " If reserved "}) {
        message = message.substr(0, message.find(advice));
    }
    return std::string(message);
}

// cuBLAS and cuDNN allocate on their own.
bool is_of_library(std::string_view message) {
    for (const auto *words : {"CUDA error: out of memory", "_STATUS_ALLOC_FAILED"}) {
        if (message.find(words) != message.npos) { return true; }
    }
    return false;
}

// "max_unpool2d does not have a deterministic implementation" of the sentences about it, which advise a
// caller of PyTorch; empty for any other message.
std::string fact_of_indeterminacy(std::string_view message) {
    constexpr std::string_view fact = " does not have a deterministic implementation";
    const auto found = message.find(fact);
    return found == message.npos ? "" : std::string(message.substr(0, found + fact.size()));
}

int32_t no_memory(char **error, const std::string &what) {
    report(error, what.c_str());
    return CT_NO_MEMORY;
}

int32_t failed(char **error, const char *message) {
    if (const auto bytes = bytes_of_host(message); !bytes.empty()) {
        return no_memory(error, "no memory for " + std::string(bytes) + " bytes");
    }
    if (const auto fact = fact_of_indeterminacy(message); !fact.empty()) {
        report(error, fact.c_str());
        return CT_INDETERMINATE;
    }
    report(error, message);
    return is_of_library(message) ? CT_NO_MEMORY : CT_FAILED;
}
}  // namespace

void ct::require_room() {
    if (cbase_is_exhausted()) { throw std::bad_alloc(); }
}

int32_t ct::report_exception(char **error) noexcept {
    try {
        try {
            throw;
        } catch (const c10::OutOfMemoryError &caught) {
            return no_memory(error, of_device(caught.what_without_backtrace()));
        } catch (const c10::Error &caught) {
            return failed(error, caught.what_without_backtrace());
        } catch (const dnnl::error &caught) {
            // Also what the generated code of an operation needs is memory.
            if (caught.status == dnnl_out_of_memory) { throw std::bad_alloc(); }
            return failed(error, caught.what());
        } catch (const std::bad_alloc &) {
            throw;
        } catch (const std::exception &caught) {
            return failed(error, caught.what());
        } catch (...) {
            return failed(error, "unknown C++ exception");
        }
    } catch (...) {
        // Not even for the message. A null one would be taken for the same.
        report(error, "no memory");
        return CT_NO_MEMORY;
    }
}
