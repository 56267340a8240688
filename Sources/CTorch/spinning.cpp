// How long libgomp's threads look for their next work before they sleep.
//
// They look 300,000 times, which is milliseconds; and 100 times while the process has more OpenMP
// threads than processors (libgomp's manual, GOMP_SPINCOUNT). The first is best on processors of
// one's own. Where another process has the processor of the thread that is waited for, the others spin
// away that very process's turn, at each of the thousand barriers of a training step. libgomp counts
// idle threads as well. So a team too many has all of them look 100 times, and its end 300,000 times
// again. The number of threads that compute, and so every sum, stays what it is.

#include "internal.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <condition_variable>
#include <dlfcn.h>
#include <mutex>
#include <thread>

namespace {

using Parallel = void (*)(void (*)(void *), void *, unsigned, unsigned);
using Processors = int (*)();

// libgomp as libtorch has it; null under another OpenMP.
template <class Function> Function find(const char *name) {
    return reinterpret_cast<Function>(dlsym(RTLD_DEFAULT, name));
}

// libgomp ends the process where it gets no thread, so it is only asked for what is there.
bool can_start(unsigned count) {
    std::vector<std::thread> threads;
    std::mutex gate;
    bool all = true;
    {
        // None ends before all have begun.
        std::lock_guard<std::mutex> closed(gate);
        try {
            for (unsigned i = 0; i < count; ++i) {
                threads.emplace_back([&gate] { std::lock_guard<std::mutex> passed(gate); });
            }
        } catch (const std::system_error &) { all = false; }
    }
    for (auto &thread : threads) { thread.join(); }
    return all;
}

// A team with nothing to do, which lives as long as the thread that made it.
class SurplusTeam {
  public:
    SurplusTeam(Parallel parallel, unsigned size)
        : thread_([this, parallel, size] {
              parallel([](void *) {}, nullptr, size, 0);
              std::unique_lock<std::mutex> lock(mutex_);
              over_.wait(lock, [this] { return is_over_; });
          }) {}

    ~SurplusTeam() {
        {
            std::lock_guard<std::mutex> lock(mutex_);
            is_over_ = true;
        }
        over_.notify_one();
        thread_.join();
    }

  private:
    std::mutex mutex_;
    std::condition_variable over_;
    bool is_over_ = false;
    std::thread thread_;  // last: it uses the others
};

std::mutex guard;
// Left alone at the program's end, when libgomp may be gone before it.
SurplusTeam *surplus = nullptr;

}  // namespace

int32_t ct_spin_briefly(int32_t briefly, int32_t *done, char **error) {
    return ct::guarded(error, [&] {
        std::lock_guard<std::mutex> lock(guard);
        *done = 1;
        if (!briefly) {
            delete surplus;
            surplus = nullptr;
            return;
        }
        if (surplus != nullptr) { return; }
        *done = 0;
        const auto parallel = find<Parallel>("GOMP_parallel");
        const auto processors = find<Processors>("omp_get_num_procs");
        if (parallel == nullptr || processors == nullptr) { return; }
        // One thread more than processors, the team's own first thread not counted.
        const int size = std::max(processors() - at::get_num_threads(), 0) + 2;
        if (!can_start(size)) { return; }
        surplus = new SurplusTeam(parallel, size);
        *done = 1;
    });
}
