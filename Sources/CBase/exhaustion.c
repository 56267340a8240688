#define _GNU_SOURCE
#include "cbase.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

static int limited;
static pthread_once_t looked = PTHREAD_ONCE_INIT;

static void look_for_limits(void) {
    static const int resources[] = {RLIMIT_AS, RLIMIT_DATA};
    for (int i = 0; i < 2; i++) {
        struct rlimit limit;
        if (getrlimit(resources[i], &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) limited = 1;
    }
}

int cbase_is_exhausted(void) {
    pthread_once(&looked, look_for_limits);
    if (!limited) return 0;
    // Writable, or the limit of data would not count it; none of it is ever touched.
    void *room = mmap(NULL, CBASE_RESERVE, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (room == MAP_FAILED) return 1;
    munmap(room, CBASE_RESERVE);
    return 0;
}

// A failed allocation ends in a null pointer, in Swift's trap or in an abort.
static const int faults[] = {SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGABRT};
enum { fault_count = sizeof faults / sizeof *faults };
static struct sigaction before[fault_count];
static const char *explanation;

static void explain(int number) {
    if (cbase_is_exhausted()) {
        // Nobody is left to tell whether it could be written.
        (void)!write(STDERR_FILENO, explanation, strlen(explanation));
        _exit(EXIT_FAILURE);
    }
    for (int i = 0; i < fault_count; i++) {
        if (faults[i] == number) sigaction(number, &before[i], NULL);
    }
    // Again, to whoever was there before: when this returns, or with the instruction that faulted.
    raise(number);
}

void cbase_explain_exhaustion(const char *line) {
    pthread_once(&looked, look_for_limits);
    if (!limited) return;
    explanation = line;
    for (int i = 0; i < fault_count; i++) {
        struct sigaction action;
        memset(&action, 0, sizeof action);
        action.sa_handler = explain;
        action.sa_flags = SA_ONSTACK;
        sigaction(faults[i], &action, &before[i]);
    }
}
