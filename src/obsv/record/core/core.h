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
LOCAL int put_wide_text(Scratch *, PyObject *, Py_ssize_t);
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

// The first characters of a str. Nearly all are ASCII: one look, one copy.
static inline int put_text(Scratch *s, PyObject *text, Py_ssize_t length) {
    if (UNLIKELY(!PyUnicode_IS_COMPACT_ASCII(text))) return put_wide_text(s, text, length);
    if (UNLIKELY(scratch_need(s, 5 + (size_t)length))) return RAISED;
    *s->at = 'u';
    put_int32(s->at + 1, length);
    memcpy(s->at + 5, (PyASCIIObject *)text + 1, (size_t)length);
    s->at += 5 + length;
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
// Names that need not even be looked up: a power of two.
enum { FAMILIAR = 256 };

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
    PyObject *familiar[FAMILIAR];   // interned names found in `harmless`, by address; what is once harmless stays so
} Encoder;

LOCAL extern PyTypeObject *EncoderType, *ShapeType;
LOCAL int encode_value(Scratch *, Encoder *, PyObject *);   // DONE, or RAISED with an exception for the program
LOCAL int encode_ready(void), shape_ready(void);
LOCAL Shape *shape_of(Encoder *, PyTypeObject *);           // a new reference; NULL with an exception
LOCAL void shapes_forget(Encoder *);
LOCAL int put_leaf(Scratch *, Encoder *, Shape *, PyObject *);      // an Enum, Decimal, UUID or what has a text
LOCAL int put_datetime(Scratch *, Encoder *, PyObject *), put_date(Scratch *, Encoder *, PyObject *);
LOCAL int leaves_ready(void);
LOCAL int swallow(PyObject *is_from_signal);   // the exception that is set: 1 where it was ours and is cleared now

// ---- clock.c

LOCAL int64_t ticks(void);       // nanoseconds of `time.perf_counter_ns`
LOCAL uint64_t random_64(void);
LOCAL int seed(PyObject *);      // 32 random bytes
LOCAL int clock_ready(void);

// ---- cursor.c: the place of a segment's next record

typedef struct {
    PyObject_HEAD
    Py_buffer view;           // keeps the mapping; `obj` is NULL when it was let go
    unsigned char *memory;
    size_t at, size;          // where the next record goes; `at == size`: sealed, nothing more is taken
    uint64_t epoch;           // changes when somebody moves the place: whoever remembered the cursor looks again
} Cursor;

LOCAL extern PyTypeObject *CursorType;
LOCAL int cursor_put(Cursor *, const unsigned char *, size_t);  // DONE, or NOT_MINE where there is no room
LOCAL int cursor_ready(void);

// ---- span.c: the span of a call that C records

typedef struct Recorder Recorder;

// Bytes of arguments that are kept in the span itself.
enum { STASH_BYTES = 192 };

typedef struct {
    PyObject_HEAD
    PyObject *weak;           // weak references
    Recorder *recorder;       // never NULL
    PyObject *caller;         // the `Function` of a parent in this process, or NULL
    PyObject *thread;         // (id, name)
    PyObject *token;          // sets the context back; NULL when it was
    PyObject *result;         // bytes, kept where somebody still has the span when its call ended; else NULL
    PyObject *failure, *details;  // as `obsv.trace.span` has them, or NULL
    uint64_t trace_high, trace_low, span_id, parent_id;
    int64_t start, end;       // ticks; `end` 0: the call runs
    uint64_t ring;            // the ring that has its begin (`producer.ring`)
    uint32_t depth, function_number, caller_number, thread_number;
    uint8_t flags, status;
    uint32_t inputs_size;
    unsigned char *inputs;    // marshal bytes of the arguments: in `stash`, or allocated
    unsigned char stash[STASH_BYTES];
} Span;

LOCAL extern PyTypeObject *SpanType;
LOCAL Span *span_new(Recorder *);
LOCAL int span_keep_inputs(Span *, const unsigned char *, size_t);
LOCAL PyObject *set_context(PyObject *);  // the token that sets it back
LOCAL int span_leave(Span *);    // sets the context back
LOCAL int span_ready(void);
LOCAL PyObject *span_connect(PyObject *);   // gives the type the methods of Python's class

// ---- producer.c: where records go, and what they refer to by number

// A lane of the ring.
typedef struct {
    PyObject *lane;           // `add(record)`, `put`
    Cursor *cursor;           // of its newest segment, as long as its epoch is `epoch`; else NULL or old
    uint64_t epoch;
} Outlet;

typedef struct {
    int on;                   // the ring is open, and of this process
    int has_green_threads;    // several threads of the program may be one of the system
    uint64_t ring;            // counts the rings of this process
    uint16_t origin_number;
    int64_t offset;           // Unix time = tick + offset; for ids only
    Outlet calls, errors;
    PyObject *define;         // (Function) -> its number
    PyObject *identify;       // () -> ((id, name), number) of the running thread
    PyObject *origin;         // what `Span.origin` is
    PyObject *ring_object;    // what `Span.ring` is while `ring` holds
    PyObject *look;           // (tick): called about once a second by a call that begins
    int64_t look_at;          // the tick from which on
    int is_look_due;
    PyObject *steps[3];       // what stands in `Joints.step_offsets` while calls are C's to record
} Producer;

// What joins the core to Python, set once by `connect`.
typedef struct {
    PyObject *variable;       // the context variable of OpenTelemetry
    PyObject *key;            // of the current span in a context
    PyTypeObject *context;    // `opentelemetry.context.Context`
    PyObject *span_class;     // Python's class of spans
    PyObject *absent;         // stands for a result that is not there
    PyObject *adopt;          // (parent) -> what a call under a span that is not C's takes from it, None: no record
    PyObject *late;           // (span): ends a call that C cannot write
    PyObject *freeze_details; // (details) -> plain
    PyObject *is_from_signal; // (error) -> bool
    PyObject *recording;      // `obsv.trace.recording.recording`
    Py_ssize_t bypass_offset; // of its slot `bypass`
    Py_ssize_t step_offsets[3];   // of its slots `on_start`, `on_begin`, `on_end`
} Joints;

LOCAL extern Producer producer;
LOCAL extern Joints joints;
LOCAL void producer_forget(void);            // after a fork; runs no Python code
LOCAL int publish(Scratch *, Outlet *);      // a record whose header is written but for size and check
LOCAL void put_identity(Scratch *, Span *, unsigned char kind);  // the first 68 bytes of a BEGIN or CALL
LOCAL int write_error(Span *, PyObject *failure);                // all of a failed call, into the errors
LOCAL int write_end(Span *, PyObject *result, int has_result);
LOCAL int span_keep_result(Span *, PyObject *result);
LOCAL int put_too_large(Scratch *);  // stands for values that no record holds
LOCAL int look_around(void);
// A record is 64 MiB at most.
enum { MOST_VALUES = (64 << 20) - 4096 };
LOCAL int producer_ready(PyObject *module);
typedef struct { PyObject *identity; uint32_t number; } Thread;
LOCAL int current_thread(Thread *);

static inline void put_be16(unsigned char *at, uint16_t v) { at[0] = (unsigned char)(v >> 8), at[1] = (unsigned char)v; }
static inline void put_be32(unsigned char *at, uint32_t v) { put_be16(at, (uint16_t)(v >> 16)), put_be16(at + 2, (uint16_t)v); }
static inline void put_be64(unsigned char *at, uint64_t v) { put_be32(at, (uint32_t)(v >> 32)), put_be32(at + 4, (uint32_t)v); }

// ---- recorder.c: what is recorded of one function

enum { MOST_PARAMETERS = 64 };

struct Recorder {
    PyObject_HEAD
    PyObject *function;       // `obsv.trace.function.Function`
    PyObject *begin, *finish; // Python's, for calls that are not C's
    PyObject *freeze;         // (*values) -> Span.inputs, where C does not read them; else NULL
    PyObject *snapshot;       // (value) -> frozen, where C does not read it; else NULL
    PyObject *follow;         // (span, result) -> what the program gets of one that goes on, else None; NULL: none does
    Encoder *encoder;         // NULL where `freeze` and `snapshot` are used
    Py_ssize_t count;         // how many values `begin` is given
    Py_ssize_t shown;         // how many of them are recorded, by `order`
    int keywords;             // which value is `**kwargs`; -1: none
    int has_result;
    uint64_t ring;            // the ring in which `number` holds
    uint32_t number;
    unsigned char order[MOST_PARAMETERS];
    unsigned char masked[MOST_PARAMETERS];
};

LOCAL extern PyTypeObject *RecorderType;
LOCAL int recorder_ready(void);
LOCAL int recorder_number(Recorder *);       // defines the function in this ring

// ---- texts.c: what is stored of values

LOCAL extern PyTypeObject *TextsType;
LOCAL int texts_ready(void);

// ---- grams.c: what a search may pass over

LOCAL int grams_ready(PyObject *module);

#endif
