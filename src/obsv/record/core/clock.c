// The core's own clock and random numbers, which no patch of Python's modules reaches, and what a fork does to them.
#include "core.h"

#ifdef _WIN32
#include <windows.h>
#else
#include <fcntl.h>
#include <pthread.h>
#include <time.h>
#include <unistd.h>
#ifdef __APPLE__
#include <mach/mach_time.h>
#endif
#endif

// Nanoseconds of the clock behind `time.perf_counter_ns`, so that both cores' times compare.
int64_t ticks(void) {
#if defined(_WIN32)
    LARGE_INTEGER now, frequency;
    QueryPerformanceCounter(&now);
    QueryPerformanceFrequency(&frequency);
    int64_t whole = now.QuadPart / frequency.QuadPart, rest = now.QuadPart % frequency.QuadPart;
    return whole * 1000000000 + rest * 1000000000 / frequency.QuadPart;
#elif defined(__APPLE__)
    static mach_timebase_info_data_t base;
    if (!base.denom) mach_timebase_info(&base);
    uint64_t now = mach_absolute_time();
    return (int64_t)(now / base.denom * base.numer + now % base.denom * base.numer / base.denom);
#else
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
#endif
}

// xoshiro256++; ids need to be unlike each other, not hard to guess.
static uint64_t state[4];

static inline uint64_t rotated(uint64_t x, int by) { return x << by | x >> (64 - by); }

uint64_t random_64(void) {
    uint64_t found = rotated(state[0] + state[3], 23) + state[0], shifted = state[1] << 17;
    state[2] ^= state[0];
    state[3] ^= state[1];
    state[1] ^= state[2];
    state[0] ^= state[3];
    state[2] ^= shifted;
    state[3] = rotated(state[3], 45);
    return found;
}

int seed(PyObject *bytes) {
    if (!PyBytes_Check(bytes) || PyBytes_GET_SIZE(bytes) != sizeof state) {
        PyErr_SetString(PyExc_ValueError, "the seed is 32 bytes");
        return RAISED;
    }
    memcpy(state, PyBytes_AS_STRING(bytes), sizeof state);
    state[0] |= 1;  // never all zeros
    return DONE;
}

#ifndef _WIN32
// In the child of a fork, by whoever: only what is safe in a signal handler may be called.
static void in_child(void) {
    uint64_t fresh[4] = {0};
    int file = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
    if (file >= 0) {
        if (read(file, fresh, sizeof fresh) < 0) fresh[0] = 0;
        close(file);
    }
    for (int i = 0; i < 4; i++) state[i] ^= fresh[i];
    // Where there is no such file the parent's numbers are left behind all the same.
    state[1] += (uint64_t)getpid() * 0x9E3779B97F4A7C15u;
    state[2] += (uint64_t)ticks();
    state[0] |= 1;
    producer_forget();
}
#endif

int clock_ready(void) {
#ifndef _WIN32
    if (pthread_atfork(NULL, NULL, in_child)) return PyErr_SetFromErrno(PyExc_OSError), RAISED;
#endif
    return DONE;
}
