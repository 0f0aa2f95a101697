// What is recorded of one function: `begin` before its body, `finish` behind it.
//
// A call that is not C's to record (the pipeline has not started, another provider, a sampler, a listener) is begun and
// finished by Python, whose span tells it apart.
#include "core.h"
#include <structmember.h>

PyTypeObject *RecorderType;

static inline int is_step(int step) {
    return *(PyObject **)((char *)joints.recording + joints.step_offsets[step]) == producer.steps[step];
}

static inline int is_lean(void) {
    return LIKELY(producer.on && *(PyObject **)((char *)joints.recording + joints.bypass_offset) == Py_False && is_step(0) && is_step(1) && is_step(2));
}

static NOINLINE int define(Recorder *r) {
    uint64_t ring = producer.ring;
    PyObject *number = PyObject_CallOneArg(producer.define, r->function);
    unsigned long long told = number ? PyLong_AsUnsignedLongLong(number) : 0;
    Py_XDECREF(number);
    if (PyErr_Occurred()) return RAISED;
    r->number = (uint32_t)told;
    r->ring = ring;
    return DONE;
}

int recorder_number(Recorder *r) { return LIKELY(r->ring == producer.ring) ? DONE : define(r); }

// ---- who the call belongs to

static void make_root(Span *span) {
    // Trace ids begin with the time: 48 bits of milliseconds, filled in when the start is known.
    span->trace_high = random_64() & 0xffff;
    span->trace_low = random_64();
    span->flags = 3;
}

// Attributes set by hand are a span's own; a trace state goes on to its children.
static int has_trace_state(PyObject *details) {
    PyObject *state = PyObject_GetAttrString(details, "trace_state");
    if (!state) PyErr_Clear();
    int has = state && state != Py_None;
    Py_XDECREF(state);
    return has;
}

// A step of `begin` leaves all of it to Python.
enum { BY_PYTHON = 2 };

// Under a span that is not C's: Python says what to take over. NOT_MINE: the call is not recorded.
static NOINLINE int adopt(Span *span, PyObject *parent) {
    PyObject *told = PyObject_CallOneArg(joints.adopt, parent);
    if (!told) return RAISED;
    if (told == Py_None || told == Py_False) return Py_DECREF(told), told == Py_None ? NOT_MINE : BY_PYTHON;
    unsigned long long high, low, parent_id;
    unsigned depth, flags;
    PyObject *caller, *details;
    int state = RAISED;
    if (PyArg_ParseTuple(told, "KKKIIOO", &high, &low, &parent_id, &depth, &flags, &caller, &details)) {
        span->trace_high = high, span->trace_low = low, span->parent_id = parent_id;
        span->depth = depth, span->flags = (uint8_t)flags;
        state = DONE;
        if (details != Py_None) span->details = Py_NewRef(details);
        if (caller != Py_None) {
            span->caller = Py_NewRef(caller);
            PyObject *number = PyObject_CallOneArg(producer.define, caller);
            if (number) span->caller_number = (uint32_t)PyLong_AsUnsignedLongMask(number);
            else state = RAISED;
            Py_XDECREF(number);
        }
    }
    Py_DECREF(told);
    return state;
}

static int take_identity(Span *span, PyObject *parent) {
    span->span_id = random_64();
    if (UNLIKELY(!span->span_id)) span->span_id = 1;
    if (!parent) return make_root(span), DONE;
    Span *above = (Span *)parent;
    if (UNLIKELY(Py_TYPE(parent) != SpanType || above->ring != producer.ring)) return adopt(span, parent);
    if (UNLIKELY(above->details && has_trace_state(above->details))) return adopt(span, parent);
    span->trace_high = above->trace_high, span->trace_low = above->trace_low;
    span->parent_id = above->span_id, span->depth = above->depth + 1, span->flags = above->flags;
    span->caller = Py_NewRef(above->recorder->function);
    span->caller_number = above->function_number;
    return DONE;
}

// ---- its arguments

static int put_keywords(Scratch *s, Encoder *e, PyObject *keywords) {
    // A dict that the interpreter made for this call; only its own code can change it, and that waits.
    PyObject *pairs = PyDict_Items(keywords);
    if (!pairs) return RAISED;
    Py_ssize_t count = PyList_GET_SIZE(pairs);
    int state = put_head(s, '(', count);
    for (Py_ssize_t i = 0; i < count && !state; i++) {
        PyObject *name = PyTuple_GET_ITEM(PyList_GET_ITEM(pairs, i), 0), *value = PyTuple_GET_ITEM(PyList_GET_ITEM(pairs, i), 1);
        PyObject *answer = PySet_Contains(e->harmless, name) == 1 ? Py_NewRef(Py_False) : PyObject_CallOneArg(e->is_sensitive, name);
        if (!answer) {
            state = swallow(e->is_from_signal) ? DONE : RAISED;
            answer = Py_NewRef(Py_True);
        }
        if (!state) state = put_head(s, '(', 2) || put_text(s, name, PyUnicode_GET_LENGTH(name)) ? RAISED : DONE;
        if (!state) state = answer == Py_False ? encode_value(s, e, value) : put_masked(s);
        Py_DECREF(answer);
    }
    Py_DECREF(pairs);
    return state;
}

static int put_arguments(Scratch *s, Recorder *r, PyObject *const *values) {
    if (UNLIKELY(r->freeze != NULL)) {
        PyObject *frozen = PyObject_Vectorcall(r->freeze, values, (size_t)r->count, NULL);
        int state = frozen ? put_frozen(s, frozen) : RAISED;
        Py_XDECREF(frozen);
        return state;
    }
    int state = put_head(s, '(', r->shown + (r->keywords >= 0));
    for (Py_ssize_t i = 0; i < r->shown && !state; i++)
        state = UNLIKELY(r->masked[i]) ? put_masked(s) : encode_value(s, r->encoder, values[r->order[i]]);
    if (!state && UNLIKELY(r->keywords >= 0)) state = put_keywords(s, r->encoder, values[r->keywords]);
    return state;
}

// ---- begin

// A copy of a context with the span in it: a real one, as `set_span_in_context` makes it.
static PyObject *context_with(PyObject *context, Span *span) {
    static PyObject *nothing;
    if (!nothing && !(nothing = PyTuple_New(0))) return NULL;
    PyObject *copy = PyDict_Type.tp_new(joints.context, nothing, NULL);
    if (copy && (PyDict_Merge(copy, context, 1) || PyDict_SetItem(copy, joints.key, (PyObject *)span))) Py_CLEAR(copy);
    return copy;
}

static int enter(Span *span, PyObject *context) {
    PyObject *own = context_with(context, span);
    if (!own) return RAISED;
    span->token = set_context(own);
    Py_DECREF(own);
    return span->token ? DONE : RAISED;
}

enum { BEGIN_BYTES = 72, KIND_BEGIN = 1, ERROR = 2 };

// DONE; NOT_MINE: not recorded; BY_PYTHON; RAISED. The start is taken last: a duration is the function's own.
static NOINLINE int begin_in(Scratch *s, Recorder *r, Span *span, PyObject *context, PyObject *const *values) {
    Thread thread;
    if (UNLIKELY(recorder_number(r) || current_thread(&thread))) return RAISED;
    span->thread = thread.identity;
    span->thread_number = thread.number;
    span->ring = producer.ring;
    span->function_number = r->number;
    PyObject *parent = PyDict_GetItemWithError(context, joints.key);
    if (UNLIKELY(!parent && PyErr_Occurred())) return RAISED;
    int state = take_identity(span, parent);
    if (UNLIKELY(state)) return state;
    if (UNLIKELY(scratch_need(s, BEGIN_BYTES))) return RAISED;
    s->at += BEGIN_BYTES;
    if (UNLIKELY(put_arguments(s, r, values))) return RAISED;
    if (UNLIKELY(s->at - s->start > MOST_VALUES)) {
        s->at = s->start + BEGIN_BYTES;
        if (put_head(s, '(', r->shown)) return RAISED;
        for (Py_ssize_t i = 0; i < r->shown; i++)
            if (put_too_large(s)) return RAISED;
    }
    if (UNLIKELY(span_keep_inputs(span, s->start + BEGIN_BYTES, (size_t)(s->at - s->start) - BEGIN_BYTES))) return RAISED;
    if (UNLIKELY(enter(span, context))) return RAISED;
    // Python code that ran meanwhile may have closed the ring, or opened another.
    if (UNLIKELY(!producer.on || span->ring != producer.ring)) return span_leave(span) ? RAISED : NOT_MINE;
    span->start = ticks();
    if (UNLIKELY(span->start >= producer.look_at)) producer.look_at = span->start, producer.is_look_due = 1;
    if (!parent) span->trace_high |= (uint64_t)((span->start + producer.offset) / 1000000) << 16;
    put_identity(s, span, KIND_BEGIN);
    put_be32(s->start + 68, 0);
    state = publish(s, &producer.calls);
    if (LIKELY(state == DONE)) return DONE;
    // Its begin is in no ring: Python writes all of it when it ends.
    if (state == NOT_MINE) return span->ring = 0, DONE;
    PyObject *type, *error, *frames;
    PyErr_Fetch(&type, &error, &frames);
    if (span_leave(span)) PyErr_Clear();
    PyErr_Restore(type, error, frames);
    return RAISED;
}

static PyObject *recorder_begin(Recorder *r, PyObject *const *values, Py_ssize_t count) {
    if (UNLIKELY(!is_lean() || count != r->count)) return PyObject_Vectorcall(r->begin, values, (size_t)count, NULL);
    if (UNLIKELY(producer.is_look_due) && look_around()) return NULL;
    PyObject *context = NULL;
    if (PyContextVar_Get(joints.variable, NULL, &context) || !context || !PyDict_Check(context)) {
        Py_XDECREF(context);
        if (PyErr_Occurred() && !swallow(joints.is_from_signal)) return NULL;
        return PyObject_Vectorcall(r->begin, values, (size_t)count, NULL);
    }
    Span *span = span_new(r);
    Scratch *s = span ? scratch_take() : NULL;
    int state = s ? begin_in(s, r, span, context, values) : RAISED;
    if (s) scratch_give(s);
    Py_DECREF(context);
    if (LIKELY(state == DONE)) return (PyObject *)span;
    if (state == RAISED && !swallow(joints.is_from_signal)) {
        Py_XDECREF((PyObject *)span);
        return NULL;
    }
    Py_XDECREF((PyObject *)span);
    // What goes wrong here may go wrong in Python too, which counts it and says it once.
    if (state == RAISED || state == BY_PYTHON) return PyObject_Vectorcall(r->begin, values, (size_t)count, NULL);
    Py_RETURN_NONE;
}

// ---- finish

// The call ended in another ring than it began in, as in the child of a fork: Python writes all of it.
static NOINLINE int end_late(Recorder *r, Span *span, PyObject *result) {
    if (r->has_result && span_keep_result(span, result) && !swallow(joints.is_from_signal)) return RAISED;
    PyObject *done = PyObject_CallOneArg(joints.late, (PyObject *)span);
    if (!done && !swallow(joints.is_from_signal)) return RAISED;
    Py_XDECREF(done);
    return DONE;
}

// Whether a result may go on when its function has returned: a coroutine, a future; most values of classes are not asked
// for it. Python then looks closely.
static inline int may_go_on(PyObject *result) {
    PyTypeObject *type = Py_TYPE(result);
    if (UNLIKELY((type->tp_as_async && type->tp_as_async->am_await) || type == &PyGen_Type)) return 1;
    if (LIKELY(!PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE) || !type->tp_mro)) return 0;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(type->tp_mro); i++)
        if (UNLIKELY(!strcmp(((PyTypeObject *)PyTuple_GET_ITEM(type->tp_mro, i))->tp_name, "Future"))) return 1;
    return 0;
}

// What the program gets of a result that goes on, whose end is the call's; NULL where it does not, or with an exception.
static NOINLINE PyObject *follow(Recorder *r, Span *span, PyObject *result) {
    int64_t end = span->end;
    span->end = 0;
    PyObject *answer = PyObject_CallFunctionObjArgs(r->follow, (PyObject *)span, result, NULL);
    if (answer && answer != Py_None) return answer;
    span->end = end;
    Py_XDECREF(answer);
    if (!answer) swallow(joints.is_from_signal);
    return NULL;
}

static NOINLINE void end_before_error(Span *span) {
    PyObject *type, *error, *frames;
    PyErr_Fetch(&type, &error, &frames);
    if (write_end(span, NULL, 0) == RAISED) PyErr_Clear();
    PyErr_Restore(type, error, frames);
}

static PyObject *recorder_finish(Recorder *r, PyObject *const *arguments, Py_ssize_t count) {
    if (UNLIKELY(count != 2)) return PyErr_SetString(PyExc_TypeError, "finish takes a span and a result"), NULL;
    PyObject *result = arguments[1];
    if (UNLIKELY(Py_TYPE(arguments[0]) != SpanType)) return PyObject_Vectorcall(r->finish, arguments, 2, NULL);
    Span *span = (Span *)arguments[0];
    int is_open = span->end == 0;
    if (LIKELY(is_open)) span->end = ticks();
    if (UNLIKELY(span_leave(span))) return NULL;
    if (LIKELY(is_open)) {
        if (UNLIKELY(r->follow && may_go_on(result))) {
            PyObject *goes_on = follow(r, span, result);
            if (goes_on) return goes_on;
            // A signal handler's: the call ends all the same, and then it goes on to the program.
            if (PyErr_Occurred()) return end_before_error(span), NULL;
        }
        // A status that the program set: an error goes where errors do.
        int state = UNLIKELY(span->status == ERROR) ? NOT_MINE : write_end(span, result, r->has_result);
        if (UNLIKELY(state == NOT_MINE)) state = end_late(r, span, result);
        if (UNLIKELY(state == RAISED) && !swallow(joints.is_from_signal)) return NULL;
    }
    return Py_NewRef(result);
}

// ---- the type

static int read_order(Recorder *r, PyObject *order, PyObject *masked) {
    r->shown = PyTuple_GET_SIZE(order);
    if (r->shown > MOST_PARAMETERS || PyTuple_GET_SIZE(masked) != r->shown || r->count > MOST_PARAMETERS) {
        PyErr_Format(PyExc_ValueError, "at most %d parameters", MOST_PARAMETERS);
        return RAISED;
    }
    for (Py_ssize_t i = 0; i < r->shown; i++) {
        long at = PyLong_AsLong(PyTuple_GET_ITEM(order, i));
        if (at < 0 || at >= r->count) {
            if (!PyErr_Occurred()) PyErr_SetString(PyExc_ValueError, "no such parameter");
            return RAISED;
        }
        r->order[i] = (unsigned char)at;
        r->masked[i] = PyTuple_GET_ITEM(masked, i) == Py_True;
    }
    return DONE;
}

static PyObject *recorder_new(PyTypeObject *type, PyObject *args, PyObject *keywords) {
    static char *names[] = {"function", "begin", "finish", "freeze", "snapshot", "encoder", "count", "order", "masked", "keywords", "has_result", "follow", NULL};
    PyObject *function, *begin, *finish, *freeze, *snapshot, *encoder, *order, *masked, *follow;
    Py_ssize_t count;
    int keyword_index, has_result;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "OOOOOOnO!O!ipO", names, &function, &begin, &finish, &freeze, &snapshot, &encoder, &count,
                                     &PyTuple_Type, &order, &PyTuple_Type, &masked, &keyword_index, &has_result, &follow))
        return NULL;
    if (encoder != Py_None && Py_TYPE(encoder) != EncoderType) return PyErr_SetString(PyExc_TypeError, "encoder is an Encoder or None"), NULL;
    if ((encoder == Py_None && freeze == Py_None) || keyword_index >= count) return PyErr_SetString(PyExc_ValueError, "nothing reads the arguments"), NULL;
    Recorder *r = PyObject_GC_New(Recorder, type);
    if (!r) return NULL;
    r->function = Py_NewRef(function);
    r->begin = Py_NewRef(begin);
    r->finish = Py_NewRef(finish);
    r->freeze = freeze == Py_None ? NULL : Py_NewRef(freeze);
    r->snapshot = Py_NewRef(snapshot);
    r->follow = follow == Py_None ? NULL : Py_NewRef(follow);
    r->encoder = encoder == Py_None ? NULL : (Encoder *)Py_NewRef(encoder);
    r->count = count;
    r->keywords = keyword_index;
    r->has_result = has_result;
    r->ring = 0;
    r->number = 0;
    PyObject_GC_Track((PyObject *)r);
    if (read_order(r, order, masked)) Py_CLEAR(r);
    return (PyObject *)r;
}

// Python's side of a function refers to this one, and this one to it.
static int recorder_traverse(Recorder *r, visitproc visit, void *arg) {
    Py_VISIT(Py_TYPE(r));
    Py_VISIT(r->function);
    Py_VISIT(r->begin);
    Py_VISIT(r->finish);
    Py_VISIT(r->freeze);
    Py_VISIT(r->snapshot);
    Py_VISIT(r->follow);
    return 0;
}

// What is cleared may be called once more, by a finalizer: so it is replaced, by something that records nothing.
static int recorder_clear(Recorder *r) {
    r->count = -1;
    Py_CLEAR(r->freeze);
    Py_CLEAR(r->follow);
    PyObject **places[] = {&r->function, &r->begin, &r->finish, &r->snapshot};
    for (int i = 0; i < 4; i++) {
        PyObject *old = *places[i];
        *places[i] = Py_NewRef(i == 0 ? Py_None : (PyObject *)&PyBaseObject_Type);
        Py_XDECREF(old);
    }
    return 0;
}

static void recorder_dealloc(Recorder *r) {
    PyTypeObject *type = Py_TYPE(r);
    PyObject_GC_UnTrack((PyObject *)r);
    Py_XDECREF(r->function);
    Py_XDECREF(r->begin);
    Py_XDECREF(r->finish);
    Py_XDECREF(r->freeze);
    Py_XDECREF(r->snapshot);
    Py_XDECREF(r->follow);
    Py_XDECREF((PyObject *)r->encoder);
    PyObject_GC_Del(r);
    Py_DECREF(type);
}

static PyMethodDef recorder_methods[] = {
    {"begin", (PyCFunction)(void (*)(void))recorder_begin, METH_FASTCALL, "Begin a call, by the values of its parameters; None: not recorded."},
    {"finish", (PyCFunction)(void (*)(void))recorder_finish, METH_FASTCALL, "End a call with its result, which is returned."},
    {NULL}};
static PyMemberDef recorder_members[] = {{"function", T_OBJECT, offsetof(Recorder, function), READONLY}, {NULL}};
static PyType_Slot recorder_slots[] = {
    {Py_tp_new, recorder_new},           {Py_tp_dealloc, recorder_dealloc}, {Py_tp_traverse, recorder_traverse},
    {Py_tp_clear, recorder_clear},       {Py_tp_methods, recorder_methods},   {Py_tp_members, recorder_members},
    {0, NULL}};
static PyType_Spec recorder_spec = {"obsv.record.core._core.Recorder", sizeof(Recorder), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC, recorder_slots};

int recorder_ready(void) {
    RecorderType = (PyTypeObject *)PyType_FromSpec(&recorder_spec);
    return RecorderType ? DONE : RAISED;
}
