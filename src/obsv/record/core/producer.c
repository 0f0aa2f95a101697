// Where records go, and what they refer to by number.
//
// Everything here changes only under the interpreter lock. `producer.ring` tells whether what somebody remembers (the
// number of a function, of a thread) still holds: it changes with each ring that is opened.
#include "core.h"
#include <structmember.h>

#if defined(_MSC_VER)
#define THREAD_LOCAL __declspec(thread)
#else
#define THREAD_LOCAL __thread
#endif

enum { KIND_BEGIN = 1, KIND_END = 2, KIND_CALL = 3 };
enum { BEGIN_BYTES = 72, END_BYTES = 32, CALL_BYTES = 80 };
enum { HAS_RESULT = 1, HAS_DETAILS = 2, IS_ELSEWHERE = 4 };

Producer producer;
Joints joints;

void producer_forget(void) { producer.on = 0; }

static size_t head_size(unsigned char kind) { return kind == KIND_BEGIN ? BEGIN_BYTES : kind == KIND_END ? END_BYTES : CALL_BYTES; }

// ---- the check: Adler-32, eight bytes a step

static uint32_t check_of(const unsigned char *at, size_t size) {
    uint64_t a = 1, b = 0;
    while (size) {
        // As many bytes leave both sums within 64 bits by far; so the division comes once.
        size_t part = size < 65536 ? size : 65536;
        size -= part;
#if !defined(__BYTE_ORDER__) || __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
        for (; part >= 8; part -= 8, at += 8) {
            // Four 16-bit lanes of even and of odd bytes; a product's highest lane is the sum by weights.
            uint64_t bytes, even, odd;
            memcpy(&bytes, at, 8);
            even = bytes & 0x00ff00ff00ff00ff, odd = bytes >> 8 & 0x00ff00ff00ff00ff;
            b += 8 * a + (even * 0x0008000600040002 >> 48) + (odd * 0x0007000500030001 >> 48);
            a += (even + odd) * 0x0001000100010001 >> 48;
        }
#endif
        for (; part; part--) b += a += *at++;
        a %= 65521;
        b %= 65521;
    }
    return (uint32_t)(b << 16 | a);
}

// ---- threads

// What the running thread is called in the ring. Borrowed from the thread state's dict, which owns it: valid only as
// long as that state lives, which its id tells (an address may be used again).
static THREAD_LOCAL struct { uint64_t state_id, ring; PyObject *identity; uint32_t number; } here;

static NOINLINE int meet_thread(uint64_t state_id) {
    PyObject *told = PyObject_CallNoArgs(producer.identify), *owned = PyThreadState_GetDict();
    uint64_t ring = producer.ring;
    PyObject *identity;
    unsigned number;
    if (!told) return RAISED;
    if (!owned || !PyArg_ParseTuple(told, "O!I", &PyTuple_Type, &identity, &number) || PyDict_SetItemString(owned, "obsv.record.core", identity)) {
        Py_DECREF(told);
        if (!PyErr_Occurred()) PyErr_SetString(PyExc_RuntimeError, "the thread has no state");
        return RAISED;
    }
    here.identity = identity;
    here.number = number;
    here.state_id = state_id;
    here.ring = ring;
    Py_DECREF(told);
    return DONE;
}

int current_thread(Thread *thread) {
    uint64_t state_id = PyThreadState_GetID(PyThreadState_Get());
    if (UNLIKELY(here.state_id != state_id || here.ring != producer.ring || !here.identity || producer.has_green_threads) && meet_thread(state_id)) return RAISED;
    thread->identity = Py_NewRef(here.identity);
    thread->number = here.number;
    return DONE;
}

// ---- records

// The cursor behind `lane.put`, where that is one of ours.
static void find_cursor(Outlet *outlet) {
    PyObject *put = PyObject_GetAttrString(outlet->lane, "put");
    Cursor *found = NULL;
    if (!put) PyErr_Clear();
    else if (PyCFunction_Check(put) && PyCFunction_GET_SELF(put) && Py_TYPE(PyCFunction_GET_SELF(put)) == CursorType)
        found = (Cursor *)Py_NewRef(PyCFunction_GET_SELF(put));
    Cursor *old = outlet->cursor;
    outlet->cursor = found;
    outlet->epoch = found ? found->epoch : 0;
    Py_XDECREF((PyObject *)old);
    Py_XDECREF(put);
}

// The segment is full, or another was begun: Python takes the next one. Only what a signal handler raises comes out.
// NOT_MINE: a begin found no room.
static NOINLINE int publish_by_lane(Scratch *s, Outlet *outlet) {
    PyObject *lane = Py_NewRef(outlet->lane);
    PyObject *record = PyBytes_FromStringAndSize((char *)s->start, s->at - s->start);
    PyObject *added = record ? PyObject_CallMethod(lane, "add", "O", record) : NULL;
    int state = added ? (added == Py_False ? NOT_MINE : DONE) : swallow(joints.is_from_signal) ? DONE : RAISED;
    Py_XDECREF(added);
    Py_XDECREF(record);
    // What Python code ran in between may have closed the ring.
    if (outlet->lane == lane && state != RAISED) find_cursor(outlet);
    Py_DECREF(lane);
    return state;
}

int publish(Scratch *s, Outlet *outlet) {
    size_t size = (size_t)(s->at - s->start), head = head_size(s->start[8]);
    put_be32(s->start, (uint32_t)size);
    put_be32(s->start + 4, check_of(s->start + head, size - head));
    Cursor *cursor = outlet->cursor;
    if (LIKELY(cursor && cursor->epoch == outlet->epoch && cursor_put(cursor, s->start, size) == DONE)) return DONE;
    return publish_by_lane(s, outlet);
}

void put_identity(Scratch *s, Span *span, unsigned char kind) {
    unsigned char *at = s->start;
    at[8] = kind, at[9] = span->flags;
    put_be16(at + 10, producer.origin_number);
    put_be32(at + 12, span->depth);
    put_be64(at + 16, span->trace_high);
    put_be64(at + 24, span->trace_low);
    put_be64(at + 32, span->span_id);
    put_be64(at + 40, span->parent_id);
    put_be64(at + 48, (uint64_t)span->start);
    put_be32(at + 56, span->function_number);
    put_be32(at + 60, span->caller_number);
    put_be32(at + 64, span->thread_number);
}

static void put_end(Scratch *s, Span *span, unsigned char parts) {
    unsigned char *at = s->start;
    at[8] = KIND_END, at[9] = span->status, at[10] = parts, at[11] = 0;
    put_be32(at + 12, 0);
    put_be64(at + 16, span->span_id);
    put_be64(at + 24, (uint64_t)span->end);
}

static int put_bytes_raw(Scratch *s, const void *bytes, size_t size) {
    if (scratch_need(s, size)) return RAISED;
    memcpy(s->at, bytes, size);
    s->at += size;
    return DONE;
}

static int put_result(Scratch *s, Recorder *r, PyObject *result) {
    if (LIKELY(r->encoder != NULL)) return encode_value(s, r->encoder, result);
    PyObject *frozen = PyObject_CallOneArg(r->snapshot, result);
    int state = frozen ? put_frozen(s, frozen) : RAISED;
    Py_XDECREF(frozen);
    return state;
}

int put_too_large(Scratch *s) {
    static const char text[] = "<too large>";
    if (put_mark(s, 2) || put_head(s, 'u', sizeof text - 1) || scratch_need(s, sizeof text)) return RAISED;
    memcpy(s->at, text, sizeof text - 1);
    s->at += sizeof text - 1;
    return DONE;
}

// Between two calls: what it raises for the program leaves no call half begun.
int look_around(void) {
    producer.is_look_due = 0;
    PyObject *look = Py_NewRef(producer.look), *done = PyObject_CallFunction(look, "L", (long long)producer.look_at);
    Py_DECREF(look);
    producer.look_at += 1000000000;
    if (!done && !swallow(joints.is_from_signal)) return RAISED;
    Py_XDECREF(done);
    return DONE;
}

int span_keep_result(Span *span, PyObject *result) {
    Scratch *s = scratch_take();
    if (!s) return RAISED;
    int state = put_result(s, span->recorder, result);
    if (!state) span->result = PyBytes_FromStringAndSize((char *)s->start, s->at - s->start);
    scratch_give(s);
    return state || !span->result ? RAISED : DONE;
}

static int put_details(Scratch *s, Span *span) {
    PyObject *plain = PyObject_CallOneArg(joints.freeze_details, span->details);
    int state = plain ? put_frozen(s, plain) : RAISED;
    Py_XDECREF(plain);
    return state;
}

// DONE; NOT_MINE where the call began in another ring or the ring is closed; RAISED with an exception for the program,
// after the end was written all the same.
static NOINLINE int write_end_into(Scratch *s, Span *span, PyObject *result) {
    Recorder *r = span->recorder;
    int has_details = span->details != NULL, state = DONE, raised = DONE;
    unsigned char parts = 0;
    if (UNLIKELY(scratch_need(s, END_BYTES))) return RAISED;
    s->at += END_BYTES;
    ptrdiff_t start = s->at - s->start;
    if (UNLIKELY(has_details)) state = put_head(s, '(', 2) || put_head(s, '(', result || span->result) ? RAISED : DONE;
    if (!result && span->result && !state) {
        // Kept already: the result of a call that went on.
        state = put_bytes_raw(s, PyBytes_AS_STRING(span->result), (size_t)PyBytes_GET_SIZE(span->result));
        parts = HAS_RESULT;
    } else if (result && !state) {
        ptrdiff_t from = s->at - s->start;
        state = put_result(s, r, result);
        // Somebody but the recorded function, which has it once or twice, still has the span: what is read of it later
        // is what was recorded.
        if (UNLIKELY(!state && Py_REFCNT(span) > 2 && !span->result))
            span->result = PyBytes_FromStringAndSize((char *)s->start + from, s->at - s->start - from);
        parts = HAS_RESULT;
    }
    if (!state && UNLIKELY(has_details)) state = put_details(s, span), parts |= HAS_DETAILS;
    if (UNLIKELY(s->at - s->start > MOST_VALUES)) {
        s->at = s->start + start;
        parts = HAS_RESULT;
        if (!state) state = put_too_large(s);
    }
    if (UNLIKELY(state)) {
        raised = swallow(joints.is_from_signal) ? DONE : RAISED;
        s->at = s->start + start;
        parts = 0;
    }
    if (UNLIKELY(!producer.on || span->ring != producer.ring)) return raised ? raised : NOT_MINE;
    put_end(s, span, parts);
    if (UNLIKELY(raised)) {
        // The record goes first, the exception after it.
        PyObject *type, *error, *frames;
        PyErr_Fetch(&type, &error, &frames);
        if (publish(s, &producer.calls)) PyErr_Clear();
        PyErr_Restore(type, error, frames);
        return RAISED;
    }
    return publish(s, &producer.calls);
}

int write_end(Span *span, PyObject *result, int has_result) {
    if (UNLIKELY(!producer.on || span->ring != producer.ring)) return NOT_MINE;
    Scratch *s = scratch_take();
    if (!s) return RAISED;
    int state = write_end_into(s, span, has_result ? result : NULL);
    scratch_give(s);
    return state;
}

// The whole call among the errors; then, among the calls, that nothing is to be stored of it there.
static int write_error_into(Scratch *s, Span *span, PyObject *failure) {
    if (scratch_need(s, CALL_BYTES)) return RAISED;
    s->at += CALL_BYTES;
    if (put_head(s, '(', 4) || put_bytes_raw(s, span->inputs, span->inputs_size) || put_head(s, '(', span->result != NULL)) return RAISED;
    if (span->result && put_bytes_raw(s, PyBytes_AS_STRING(span->result), (size_t)PyBytes_GET_SIZE(span->result))) return RAISED;
    if (put_frozen(s, failure)) return RAISED;
    if (span->details ? put_details(s, span) : put_byte(s, 'N')) return RAISED;
    // Python writes what is too large, and what belongs to another ring by now.
    if (s->at - s->start > MOST_VALUES || !producer.on || span->ring != producer.ring) return NOT_MINE;
    put_identity(s, span, KIND_CALL);
    put_be32(s->start + 68, span->status);
    put_be64(s->start + 72, (uint64_t)span->end);
    if (publish(s, &producer.errors)) return RAISED;
    if (!producer.on || span->ring != producer.ring) return DONE;
    s->at = s->start + END_BYTES;
    put_end(s, span, IS_ELSEWHERE);
    return publish(s, &producer.calls);
}

int write_error(Span *span, PyObject *failure) {
    if (!producer.on || span->ring != producer.ring) return NOT_MINE;
    Scratch *s = scratch_take();
    if (!s) return RAISED;
    int state = write_error_into(s, span, failure);
    scratch_give(s);
    return state;
}

// ---- what Python sets

static int hold(PyObject **place, PyObject *value) {
    PyObject *old = *place;
    *place = Py_XNewRef(value);
    Py_XDECREF(old);
    return DONE;
}

// Where a slot of a Python class stands in its instances, so that C reads it without asking.
static Py_ssize_t slot_offset(PyObject *instance, const char *name) {
    PyObject *descriptor = PyObject_GetAttrString((PyObject *)Py_TYPE(instance), name);
    Py_ssize_t offset = -1;
    if (descriptor && Py_TYPE(descriptor) == &PyMemberDescr_Type && ((PyMemberDescrObject *)descriptor)->d_member->type == T_OBJECT_EX)
        offset = ((PyMemberDescrObject *)descriptor)->d_member->offset;
    else if (descriptor) PyErr_Format(PyExc_TypeError, "%s is not a slot", name);
    Py_XDECREF(descriptor);
    return offset;
}

static PyObject *core_connect(PyObject *module, PyObject *args, PyObject *keywords) {
    static char *names[] = {"variable", "key", "context", "span_class", "methods", "absent", "adopt", "late", "freeze_details", "is_from_signal", "recording", "random", NULL};
    PyObject *variable, *key, *context, *span_class, *methods, *absent, *adopt, *late, *details, *is_from_signal, *recording, *random;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "O!UO!OO!OOOOOOO", names, &PyContextVar_Type, &variable, &key, &PyType_Type, &context,
                                     &span_class, &PyDict_Type, &methods, &absent, &adopt, &late, &details, &is_from_signal, &recording, &random))
        return NULL;
    if (!PyType_IsSubtype((PyTypeObject *)context, &PyDict_Type)) return PyErr_SetString(PyExc_TypeError, "a Context is no dict"), NULL;
    static const char *steps[] = {"on_start", "on_begin", "on_end"};
    joints.bypass_offset = slot_offset(recording, "bypass");
    if (joints.bypass_offset < 0 || seed(random)) return NULL;
    for (int i = 0; i < 3; i++)
        if ((joints.step_offsets[i] = slot_offset(recording, steps[i])) < 0) return NULL;
    hold(&joints.variable, variable);
    hold(&joints.key, key);
    hold((PyObject **)&joints.context, context);
    hold(&joints.span_class, span_class);
    hold(&joints.absent, absent);
    hold(&joints.adopt, adopt);
    hold(&joints.late, late);
    hold(&joints.freeze_details, details);
    hold(&joints.is_from_signal, is_from_signal);
    hold(&joints.recording, recording);
    return span_connect(methods);
}

static PyObject *core_close(PyObject *module, PyObject *unused) {
    producer.on = 0;
    producer.ring++;
    for (int i = 0; i < 2; i++) {
        Outlet *outlet = i ? &producer.errors : &producer.calls;
        hold((PyObject **)&outlet->cursor, NULL);
        hold(&outlet->lane, NULL);
    }
    hold(&producer.define, NULL);
    hold(&producer.identify, NULL);
    hold(&producer.ring_object, NULL);
    hold(&producer.look, NULL);
    for (int i = 0; i < 3; i++) hold(&producer.steps[i], NULL);
    Py_RETURN_NONE;
}

static PyObject *core_open(PyObject *module, PyObject *args, PyObject *keywords) {
    static char *names[] = {"calls", "errors", "define", "identify", "origin", "ring", "look", "origin_number", "offset", "has_green_threads", NULL};
    PyObject *calls, *errors, *define, *identify, *origin, *ring, *look;
    unsigned short number;
    long long offset;
    int has_green_threads;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "OOOOOOOHLp", names, &calls, &errors, &define, &identify, &origin, &ring, &look, &number, &offset,
                                     &has_green_threads))
        return NULL;
    if (!joints.variable) return PyErr_SetString(PyExc_RuntimeError, "the core is not connected"), NULL;
    producer.on = 0;
    producer.ring++;
    producer.origin_number = number;
    producer.offset = offset;
    producer.has_green_threads = has_green_threads;
    hold(&producer.calls.lane, calls);
    hold(&producer.errors.lane, errors);
    hold(&producer.define, define);
    hold(&producer.identify, identify);
    hold(&producer.origin, origin);
    hold(&producer.ring_object, ring);
    hold(&producer.look, look);
    producer.look_at = ticks() + 1000000000;
    producer.is_look_due = 0;
    // What Python calls at each step of a call: as soon as something else stands there, Python records.
    for (int i = 0; i < 3; i++) hold(&producer.steps[i], *(PyObject **)((char *)joints.recording + joints.step_offsets[i]));
    find_cursor(&producer.calls);
    find_cursor(&producer.errors);
    producer.on = 1;
    Py_RETURN_NONE;
}

static PyObject *core_is_open(PyObject *module, PyObject *unused) { return PyBool_FromLong(producer.on); }

static PyMethodDef functions[] = {
    {"connect", (PyCFunction)(void (*)(void))core_connect, METH_VARARGS | METH_KEYWORDS, "Join the core to obsv's Python side; returns the type of its spans."},
    {"open", (PyCFunction)(void (*)(void))core_open, METH_VARARGS | METH_KEYWORDS, "Send records into a ring from now on, as long as `recording` stays as it is."},
    {"close", core_close, METH_NOARGS, "Leave recording to Python from now on."},
    {"is_open", core_is_open, METH_NOARGS, "Whether records go into a ring of this process."},
    {NULL}};

int producer_ready(PyObject *module) { return PyModule_AddFunctions(module, functions) ? RAISED : DONE; }
