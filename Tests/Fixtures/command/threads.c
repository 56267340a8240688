// A limit of threads, for LD_PRELOAD: as many run besides the first as THREADS says.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

static atomic_int running;

struct start { void *(*body)(void *); void *argument; };

static void *run(void *argument) {
    struct start start = *(struct start *)argument;
    free(argument);
    void *result = start.body(start.argument);
    atomic_fetch_sub(&running, 1);
    return result;
}

int pthread_create(
    pthread_t *thread, const pthread_attr_t *attributes, void *(*body)(void *), void *argument) {
    static int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    if (!real) *(void **)&real = dlsym(RTLD_NEXT, "pthread_create");
    const char *most = getenv("THREADS");
    if (atomic_fetch_add(&running, 1) >= atoi(most ? most : "1000000")) {
        atomic_fetch_sub(&running, 1);
        return EAGAIN;
    }
    struct start *start = malloc(sizeof *start);
    *start = (struct start){body, argument};
    return real(thread, attributes, run, start);
}
