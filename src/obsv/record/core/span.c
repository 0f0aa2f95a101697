// The span of a call that C records: OpenTelemetry's `Span` by the methods of Python's class, over fields of its own.
//
// It is outside the garbage collector: what it holds makes no cycle but through the context while its call runs, and
// `span_leave` undoes that one. A type that is no subclass of the Python class passes for it by `__class__`.
#include "core.h"
#include <marshal.h>
#include <structmember.h>

enum { MOST_FREE = 256 };

PyTypeObject *SpanType;

// Spans to use again. Guarded by the interpreter lock: no Python code runs between the look and the change.
static Span *free_spans[MOST_FREE];
static int free_count;

Span *span_new(Recorder *recorder) {
    Span *span;
    if (LIKELY(free_count)) {
        // One reference, and one to the type, as if it were new.
        span = (Span *)PyObject_Init((PyObject *)free_spans[--free_count], SpanType);
    } else {
        span = PyObject_New(Span, SpanType);
        if (!span) return NULL;
    }
    memset((char *)span + sizeof(PyObject), 0, offsetof(Span, stash) - sizeof(PyObject));
    span->inputs = span->stash;
    span->recorder = (Recorder *)Py_NewRef((PyObject *)recorder);
    return span;
}

int span_keep_inputs(Span *span, const unsigned char *bytes, size_t size) {
    if (UNLIKELY(size > STASH_BYTES)) {
        span->inputs = PyMem_Malloc(size);
        if (!span->inputs) {
            span->inputs = span->stash;
            return PyErr_NoMemory(), RAISED;
        }
    }
    memcpy(span->inputs, bytes, size);
    span->inputs_size = (uint32_t)size;
    return DONE;
}

// Before 3.12 the collector runs in allocations: also in those of a context variable that is being set, whose old values
// a finalizer that sets it too takes away from under it (a call that a finalizer records does).
static inline int stop_collector(void) {
#if PY_VERSION_HEX < 0x030c0000
    return PyGC_Disable();
#else
    return 0;
#endif
}

PyObject *set_context(PyObject *context) {
    int collected = stop_collector();
    PyObject *token = PyContextVar_Set(joints.variable, context);
    if (collected) PyGC_Enable();
    return token;
}

static int reset_context(PyObject *token) {
    int collected = stop_collector(), failed = PyContextVar_Reset(joints.variable, token);
    if (collected) PyGC_Enable();
    return failed;
}

// Not where the body was finished in another context, as a coroutine that is closed late is.
int span_leave(Span *span) {
    PyObject *token = span->token;
    if (UNLIKELY(!token)) return DONE;
    span->token = NULL;
    int state = reset_context(token) ? swallow(joints.is_from_signal) ? DONE : RAISED : DONE;
    Py_DECREF(token);
    return state;
}

static void span_dealloc(Span *span) {
    if (span->weak) PyObject_ClearWeakRefs((PyObject *)span);
    PyTypeObject *type = Py_TYPE(span);
    if (UNLIKELY(span->inputs != span->stash)) PyMem_Free(span->inputs);
    Py_XDECREF(span->caller);
    Py_XDECREF(span->thread);
    Py_XDECREF(span->token);
    Py_XDECREF(span->result);
    Py_XDECREF(span->failure);
    Py_XDECREF(span->details);
    Py_DECREF((PyObject *)span->recorder);
    if (LIKELY(free_count < MOST_FREE)) free_spans[free_count++] = span;
    else PyObject_Free(span);
    Py_DECREF(type);
}

// ---- fields, by the names of Python's slots

static PyObject *loaded(const unsigned char *bytes, size_t size) {
    return PyMarshal_ReadObjectFromString((const char *)bytes, (Py_ssize_t)size);
}

static PyObject *get_trace_id(Span *span, void *unused) {
    unsigned char bytes[16];
    put_be64(bytes, span->trace_high);
    put_be64(bytes + 8, span->trace_low);
    return _PyLong_FromByteArray(bytes, 16, 0, 0);
}
static PyObject *get_inputs(Span *span, void *unused) { return loaded(span->inputs, span->inputs_size); }
// An Ellipsis begins each mark that stands for a value; in other values its byte is rare.
static PyObject *get_has_marks(Span *span, void *unused) {
    return PyBool_FromLong(memchr(span->inputs, '.', span->inputs_size) != NULL);
}
static PyObject *get_result(Span *span, void *unused) {
    if (!span->result) return Py_NewRef(joints.absent);
    return loaded((unsigned char *)PyBytes_AS_STRING(span->result), (size_t)PyBytes_GET_SIZE(span->result));
}
static int set_result(Span *span, PyObject *value, void *unused) {
    PyObject *old = span->result, *bytes = NULL;
    if (value && value != joints.absent) {
        Scratch *s = scratch_take();
        if (!s) return -1;
        if (!put_frozen(s, value)) bytes = PyBytes_FromStringAndSize((char *)s->start, s->at - s->start);
        scratch_give(s);
        if (!bytes) return -1;
    }
    span->result = bytes;
    Py_XDECREF(old);
    return 0;
}
static PyObject *get_function(Span *span, void *unused) { return Py_NewRef(span->recorder->function); }
static PyObject *get_class(Span *span, void *unused) { return Py_NewRef(joints.span_class); }
static PyObject *get_origin(Span *span, void *unused) { return Py_NewRef(producer.origin ? producer.origin : Py_None); }
static PyObject *get_on_end(Span *span, void *unused) { return Py_NewRef(joints.late); }
static PyObject *get_ring(Span *span, void *unused) {
    return Py_NewRef(producer.on && span->ring == producer.ring ? producer.ring_object : Py_None);
}
static PyObject *get_object(Span *span, void *offset) {
    PyObject *held = *(PyObject **)((char *)span + (Py_ssize_t)(intptr_t)offset);
    return Py_NewRef(held ? held : Py_None);
}
static int set_object(Span *span, PyObject *value, void *offset) {
    PyObject **place = (PyObject **)((char *)span + (Py_ssize_t)(intptr_t)offset), *old = *place;
    *place = value == Py_None ? NULL : Py_XNewRef(value);
    Py_XDECREF(old);
    return 0;
}
#define OBJECT(name) {#name, (getter)get_object, (setter)set_object, NULL, (void *)(intptr_t)offsetof(Span, name)}
#define READ_ONLY(name) {#name, (getter)get_object, NULL, NULL, (void *)(intptr_t)offsetof(Span, name)}

static PyGetSetDef span_fields[] = {{"trace_id", (getter)get_trace_id},
                                    {"inputs", (getter)get_inputs},
                                    {"has_marks", (getter)get_has_marks},
                                    {"result", (getter)get_result, (setter)set_result},
                                    {"function", (getter)get_function},
                                    {"origin", (getter)get_origin},
                                    {"on_end", (getter)get_on_end},
                                    {"ring", (getter)get_ring},
                                    {"__class__", (getter)get_class},
                                    READ_ONLY(caller),
                                    READ_ONLY(thread),
                                    OBJECT(failure),
                                    OBJECT(details),
                                    {NULL}};
static PyMemberDef span_members[] = {{"span_id", T_ULONGLONG, offsetof(Span, span_id), READONLY},
                                     {"parent_id", T_ULONGLONG, offsetof(Span, parent_id), READONLY},
                                     {"start_tick", T_LONGLONG, offsetof(Span, start), READONLY},
                                     {"end_tick", T_LONGLONG, offsetof(Span, end), 0},
                                     {"depth", T_UINT, offsetof(Span, depth), READONLY},
                                     {"flags", T_UBYTE, offsetof(Span, flags), READONLY},
                                     {"status_code", T_UBYTE, offsetof(Span, status), 0},
                                     {"__weaklistoffset__", T_PYSSIZET, offsetof(Span, weak), READONLY},
                                     {NULL}};

// ---- what Python asks of it beside the methods of its class

static PyObject *span_leave_method(Span *span, PyObject *unused) {
    if (span_leave(span)) return NULL;
    Py_RETURN_NONE;
}

static PyObject *span_write_end(Span *span, PyObject *unused) {
    int state = write_end(span, NULL, 0);
    if (state == RAISED) return NULL;
    return PyBool_FromLong(state == DONE);
}

static PyObject *span_write_error(Span *span, PyObject *failure) {
    int state = write_error(span, failure);
    if (state == RAISED) return NULL;
    return PyBool_FromLong(state == DONE);
}

static PyMethodDef span_methods[] = {
    {"leave", (PyCFunction)span_leave_method, METH_NOARGS, "Set the context back, where that was not done."},
    {"write_end", (PyCFunction)span_write_end, METH_NOARGS, "Write the END record; False where its ring is not open."},
    {"write_error", (PyCFunction)span_write_error, METH_O, "Write the whole call among the errors, with its failure or None; False where its ring is not open."},
    {NULL}};
static PyType_Slot span_slots[] = {{Py_tp_dealloc, span_dealloc},
                                   {Py_tp_getset, span_fields},
                                   {Py_tp_members, span_members},
                                   {Py_tp_methods, span_methods},
                                   {0, NULL}};
static PyType_Spec span_spec = {"obsv.record.core._core.Span", sizeof(Span), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, span_slots};

int span_ready(void) {
    SpanType = (PyTypeObject *)PyType_FromSpec(&span_spec);
    return SpanType ? DONE : RAISED;
}

PyObject *span_connect(PyObject *methods) {
    PyObject *name, *method;
    Py_ssize_t position = 0;
    while (PyDict_Next(methods, &position, &name, &method))
        if (PyObject_SetAttr((PyObject *)SpanType, name, method)) return NULL;
    return Py_NewRef((PyObject *)SpanType);
}
