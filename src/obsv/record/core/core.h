// Declarations that the files of the compiled core share. CPython 3.10 and later, builds with the interpreter lock.
//
// One rule holds everywhere: nothing of ours is half-changed while Python code can run. Python code runs in every call
// of a Python function, in every allocation that the garbage collector counts (finalizers) and in every Py_DECREF of a
// value of the user's. Between such points the interpreter lock makes us alone, so no other lock is needed.
#ifndef OBSV_CORE_H
#define OBSV_CORE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef Py_GIL_DISABLED
#error "The compiled core relies on the interpreter lock; free-threaded builds use the Python one."
#endif

#if defined(__GNUC__) || defined(__clang__)
#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)
// Their buffers must not lie on the stack of a frame that lives during the user's call.
#define NOINLINE __attribute__((noinline))
#define LOCAL __attribute__((visibility("hidden")))
#else
#define LIKELY(x) (x)
#define UNLIKELY(x) (x)
#define NOINLINE __declspec(noinline)
#define LOCAL
#endif

// Where an encoder stands after a step.
enum { DONE = 0, RAISED = -1, NOT_MINE = 1 };

// ---- scratch.c: buffers that records are written into before they are published

typedef struct Scratch {
    unsigned char *start, *at, *end;
    struct Scratch *next;  // in the pool
} Scratch;

LOCAL Scratch *scratch_take(void);         // an empty one; NULL with MemoryError
LOCAL void scratch_give(Scratch *);        // back to the pool
LOCAL int scratch_grow(Scratch *, size_t); // room for as many bytes more; RAISED with MemoryError

static inline int scratch_need(Scratch *s, size_t bytes) {
    return LIKELY((size_t)(s->end - s->at) >= bytes) ? DONE : scratch_grow(s, bytes);
}

// ---- marshal.c: Python's marshal format, version 2, which is the same bytes for equal values

LOCAL int put_long(Scratch *, PyObject *);                  // NOT_MINE: wider than 63 bits
LOCAL int put_text(Scratch *, PyObject *, Py_ssize_t);      // the first characters of a str
LOCAL int put_points(Scratch *, PyObject *, Py_ssize_t);    // the same without type and length
LOCAL int put_bytes(Scratch *, const char *, Py_ssize_t);
LOCAL int put_frozen(Scratch *, PyObject *);                // what Python's freezers return
LOCAL int put_mark(Scratch *, Py_ssize_t);                  // the head of (..., ...): as many items in all
LOCAL int put_masked(Scratch *);
LOCAL int put_unreadable(Scratch *);
LOCAL int put_more(Scratch *, Py_ssize_t);                  // "+N more"

static inline void put_int32(unsigned char *at, int64_t value) {
    uint32_t v = (uint32_t)value;
    at[0] = (unsigned char)v, at[1] = (unsigned char)(v >> 8), at[2] = (unsigned char)(v >> 16), at[3] = (unsigned char)(v >> 24);
}
static inline int put_byte(Scratch *s, char byte) {
    if (UNLIKELY(scratch_need(s, 1))) return RAISED;
    *s->at++ = (unsigned char)byte;
    return DONE;
}
static inline int put_head(Scratch *s, char type, Py_ssize_t count) {
    if (UNLIKELY(scratch_need(s, 5))) return RAISED;
    *s->at++ = (unsigned char)type;
    put_int32(s->at, count);
    s->at += 4;
    return DONE;
}

// ---- shape.c: what is known of a class

enum shape_kind { SHAPE_NONE, SHAPE_FIELDS, SHAPE_TUPLE, SHAPE_ENUM, SHAPE_DECIMAL, SHAPE_UUID, SHAPE_TEXT };

typedef struct {
    PyObject_HEAD
    enum shape_kind kind;
    uint32_t hidden;          // bit n: the n-th field is masked
    Py_ssize_t total;         // how many fields the class declares
    PyObject *name;           // str: of the class
    PyObject *fields;         // tuple of str: those that are shown; NULL where there are none
    PyObject *call;           // its text, or (Decimal) its size; NULL where there is none
} Shape;

typedef struct {
    PyTypeObject *type;       // borrowed: only compared, never followed
    PyObject *reference;      // weak, to the type: shows that another type has taken its address
    Shape *shape;
} ShapeEntry;

// ---- encode.c: values as they are when a call begins or ends

// Bounds the local arrays of `encode.c`.
#define MOST_ITEMS 16

typedef struct {
    PyObject_HEAD
    PyObject *freeze;         // (value, depth, [room]) -> frozen
    PyObject *harmless;       // set of names that need no further look
    PyObject *is_sensitive;   // (name) -> bool
    PyObject *shape_of;       // (class) -> what `shape.c` reads, or None
    PyObject *is_from_signal; // (error) -> bool
    Py_ssize_t max_repr, max_items;
    int max_depth;
    ShapeEntry *shapes;       // open addressing; NULL before the first class
    size_t shapes_size, shapes_used;
} Encoder;

LOCAL extern PyTypeObject *EncoderType, *ShapeType;
LOCAL int encode_value(Scratch *, Encoder *, PyObject *);   // DONE, or RAISED with an exception for the program
LOCAL int encode_ready(void), shape_ready(void);
LOCAL Shape *shape_of(Encoder *, PyTypeObject *);           // a new reference; NULL with an exception
LOCAL void shapes_forget(Encoder *);
LOCAL int put_leaf(Scratch *, Encoder *, Shape *, PyObject *);      // an Enum, Decimal, UUID or what has a text
LOCAL int put_datetime(Scratch *, Encoder *, PyObject *), put_date(Scratch *, Encoder *, PyObject *);
LOCAL int leaves_ready(void);
LOCAL int is_swallowed(Encoder *);   // the exception that is set: 1 where it was ours and is cleared now

#endif
