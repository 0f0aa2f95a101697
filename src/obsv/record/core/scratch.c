// Buffers that records are written into before they are published.
//
// A record is never written straight into the mapping: to freeze a value can run Python code, in which another thread,
// a finalizer or a signal handler writes a record of its own. So each writer takes a buffer of its own, and one copy
// puts the finished record in place. A buffer on the C stack would do as well but for small thread stacks.
#include "core.h"

enum { FIRST_BYTES = 4096, MOST_KEPT_BYTES = 65536, MOST_KEPT = 8 };

// Guarded by the interpreter lock: no Python code runs between the look at the pool and its change.
static Scratch *pool;
static int pooled;

Scratch *scratch_take(void) {
    Scratch *s = pool;
    if (LIKELY(s != NULL)) {
        pool = s->next;
        pooled--;
        s->at = s->start;
        return s;
    }
    s = PyMem_Malloc(sizeof *s);
    unsigned char *bytes = s ? PyMem_Malloc(FIRST_BYTES) : NULL;
    if (!bytes) {
        PyMem_Free(s);
        PyErr_NoMemory();
        return NULL;
    }
    s->start = s->at = bytes;
    s->end = bytes + FIRST_BYTES;
    s->next = NULL;
    return s;
}

void scratch_give(Scratch *s) {
    if (LIKELY(pooled < MOST_KEPT && s->end - s->start <= MOST_KEPT_BYTES)) {
        s->next = pool;
        pool = s;
        pooled++;
        return;
    }
    PyMem_Free(s->start);
    PyMem_Free(s);
}

int scratch_grow(Scratch *s, size_t bytes) {
    size_t used = (size_t)(s->at - s->start), size = (size_t)(s->end - s->start);
    while (size - used < bytes) {
        if (size > PY_SSIZE_T_MAX / 2) return PyErr_NoMemory(), RAISED;
        size *= 2;
    }
    unsigned char *moved = PyMem_Realloc(s->start, size);
    if (!moved) return PyErr_NoMemory(), RAISED;
    s->start = moved;
    s->at = moved + used;
    s->end = moved + size;
    return DONE;
}
