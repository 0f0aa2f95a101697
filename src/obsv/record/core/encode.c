// Values, from what the program has to bytes, in one pass and within the bounds of `obsv.capture`.
//
// It does what the freezers there do, step by step and character by character of the room that is left; tests hold the
// two together. What it does not know is frozen by Python, alone, and the rest goes on here.
#include "core.h"

// Longer strings are weighed against the room that is left (`containers.SHORT`).
enum { SHORT = 100, LONGEST_NAME = 64 };
// What an item and its separator, a key and its value, and "…' (5,000 characters)" take of the room (`frozen`).
enum { ITEM_ROOM = 8, PAIR_ROOM = 16, LENGTH_ROOM = 24, LEAST = 32 };
enum { CUT = 0, FIELDS = 2 };
#define LONGEST_INT 1000000000000000000LL

PyTypeObject *EncoderType;

// What one container writes: where its items begin and what they give back when they are dropped again.
typedef struct {
    Py_ssize_t count, total, used, each;
    ptrdiff_t starts[MOST_ITEMS];
    Py_ssize_t sizes[MOST_ITEMS];
} Items;

// The arrays are left as they are: each is set before it is read.
#define BEGIN_ITEMS(items, all, room) ((items).count = (items).used = 0, (items).total = (all), (items).each = (room))

static int put(Scratch *, Encoder *, PyObject *, int, Py_ssize_t *, Py_ssize_t *);

// ---- single values

// 1: written, and its characters added to `used`; 0: needs a closer look.
static inline int put_plain(Scratch *s, PyObject *value, Py_ssize_t *size, int *state) {
    PyTypeObject *type = Py_TYPE(value);
    if (type == &PyUnicode_Type) {
        Py_ssize_t length = PyUnicode_GET_LENGTH(value);
        if (length > SHORT) return 0;
        *size = length;
        *state = put_text(s, value, length);
        return 1;
    }
    if (type == &PyLong_Type) {
        int overflow;
        long long x = PyLong_AsLongLongAndOverflow(value, &overflow);
        if (overflow || x <= -LONGEST_INT || x >= LONGEST_INT) return 0;
        *state = put_long(s, value);
        return 1;
    }
    if (type == &PyFloat_Type) {
        double x = PyFloat_AS_DOUBLE(value);
        uint64_t bits;
        memcpy(&bits, &x, 8);
        if (UNLIKELY(scratch_need(s, 9))) return *state = RAISED, 1;
        *s->at++ = 'g';
        put_int32(s->at, (int64_t)(bits & 0xffffffff));
        put_int32(s->at + 4, (int64_t)(bits >> 32));
        s->at += 8;
        return 1;
    }
    if (value == Py_None) return *state = put_byte(s, 'N'), 1;
    if (type == &PyBool_Type) return *state = put_byte(s, value == Py_True ? 'T' : 'F'), 1;
    return 0;
}

static int put_part(Scratch *s, PyObject *value, Py_ssize_t length) {
    if (PyUnicode_CheckExact(value)) return put_text(s, value, length);
    return put_bytes(s, PyBytes_AS_STRING(value), length);
}

// An exact str or bytes.
static int put_bounded(Scratch *s, Encoder *e, PyObject *value, int depth, Py_ssize_t *room, Py_ssize_t *size) {
    int is_text = PyUnicode_CheckExact(value);
    Py_ssize_t length = is_text ? PyUnicode_GET_LENGTH(value) : PyBytes_GET_SIZE(value), left = *room, shown;
    if (length <= left) {
        *room = left - length;
        *size = is_text ? length : 0;
        return put_part(s, value, length);
    }
    // Inside a container half of the room is left to what follows.
    shown = left / 2 > LEAST ? left / 2 : LEAST;
    if (depth == e->max_depth || shown > e->max_repr) shown = e->max_repr;
    *room = left - shown - LENGTH_ROOM;
    if (length <= shown) {
        *size = is_text ? length : 0;
        return put_part(s, value, length);
    }
    *size = shown + LENGTH_ROOM;
    unsigned char cut[5] = {'i', CUT, 0, 0, 0};
    if (put_mark(s, 4) || scratch_need(s, 5)) return RAISED;
    memcpy(s->at, cut, 5);
    s->at += 5;
    return put_part(s, value, shown) || put_head(s, 'i', length) ? RAISED : DONE;
}

// What a frozen item gives back when it is dropped (`containers._size`).
static Py_ssize_t size_of(PyObject *frozen) {
    if (PyUnicode_CheckExact(frozen)) return PyUnicode_GET_LENGTH(frozen);
    if (!PyTuple_CheckExact(frozen) || PyTuple_GET_SIZE(frozen) != 4 || PyTuple_GET_ITEM(frozen, 0) != Py_Ellipsis) return 0;
    PyObject *kind = PyTuple_GET_ITEM(frozen, 1), *head = PyTuple_GET_ITEM(frozen, 2);
    if (!PyLong_CheckExact(kind) || PyLong_AsLong(kind) != CUT) return 0;
    return LENGTH_ROOM + (PyUnicode_CheckExact(head) ? PyUnicode_GET_LENGTH(head) : PyBytes_CheckExact(head) ? PyBytes_GET_SIZE(head) : 0);
}

static NOINLINE int put_by_python(Scratch *s, Encoder *e, PyObject *value, int depth, Py_ssize_t *room, Py_ssize_t *size) {
    PyObject *left = Py_BuildValue("[n]", *room), *level = PyLong_FromLong(depth), *frozen = NULL;
    if (left && level) {
        PyObject *arguments[] = {NULL, value, level, left};
        frozen = PyObject_Vectorcall(e->freeze, arguments + 1, 3 | PY_VECTORCALL_ARGUMENTS_OFFSET, NULL);
    }
    int state = RAISED;
    if (!frozen && swallow(e->is_from_signal)) {
        // The stack or the memory was exhausted before the freezer could say so itself.
        state = put_unreadable(s);
    } else if (frozen) {
        // Room is never more than a str's characters, so what does not fit here was not put there by a freezer.
        *room = PyList_GET_SIZE(left) ? PyLong_AsSsize_t(PyList_GET_ITEM(left, 0)) : 0;
        *size = size_of(frozen);
        state = PyErr_Occurred() ? RAISED : put_frozen(s, frozen);
    }
    Py_XDECREF(frozen);
    Py_XDECREF(left);
    Py_XDECREF(level);
    return state;
}

// ---- names

// 1: a secret, 0: none, RAISED. Near the recursion limit the question itself can fail: NOT_MINE is no answer here, so
// such a name counts as secret.
static NOINLINE int ask_name(Encoder *e, PyObject *name) {
    PyObject *answer = PyObject_CallOneArg(e->is_sensitive, name);
    if (!answer) return swallow(e->is_from_signal) ? 1 : RAISED;
    int secret = answer != Py_False;
    Py_DECREF(answer);
    return secret;
}

static inline int is_harmless(Encoder *e, PyObject *name) {
    PyObject **place = &e->familiar[(uintptr_t)name >> 4 & (FAMILIAR - 1)];
    if (LIKELY(*place == name)) return 1;
    if (PySet_Contains(e->harmless, name) != 1) return 0;
    if (PyUnicode_CHECK_INTERNED(name)) {
        // Held, so that no other str takes its address.
        PyObject *old = *place;
        *place = Py_NewRef(name);
        Py_XDECREF(old);
    }
    return 1;
}

static inline int names_secret(Encoder *e, PyObject *name) { return LIKELY(is_harmless(e, name)) ? 0 : ask_name(e, name); }

// Headers and form fields are pairs: the first of two items can name the second.
static int first_names_secret(Encoder *e, PyObject *first) {
    if (PyUnicode_CheckExact(first))
        return PyUnicode_GET_LENGTH(first) > LONGEST_NAME ? 0 : names_secret(e, first);
    if (!PyBytes_CheckExact(first)) return 0;
    Py_ssize_t length = PyBytes_GET_SIZE(first);
    PyObject *name = PyUnicode_DecodeLatin1(PyBytes_AS_STRING(first), length > LONGEST_NAME ? LONGEST_NAME : length, NULL);
    if (!name) return RAISED;
    int secret = names_secret(e, name);
    Py_DECREF(name);
    return secret;
}

// ---- containers

// One value of a container; DONE, RAISED, or NOT_MINE where no more are shown after it.
static inline int put_item(Scratch *s, Encoder *e, PyObject *value, int depth, Py_ssize_t *room, Items *items) {
    Py_ssize_t *size = &items->sizes[items->count - 1];
    int state = DONE;
    *size = 0;
    if (LIKELY(put_plain(s, value, size, &state))) {
        items->used += *size;
        return state;
    }
    state = put(s, e, value, depth - 1, room, size);
    return state ? RAISED : *room <= items->used ? NOT_MINE : DONE;
}

// Takes the last items away that there is no room for, but never the first one.
static void drop_last(Scratch *s, Items *items, Py_ssize_t excess) {
    Py_ssize_t freed = 0;
    while (freed < excess && items->count > 1) {
        items->count--;
        freed += items->each + items->sizes[items->count];
        s->at = s->start + items->starts[items->count];
    }
    items->used -= freed;
}

static void give_back(PyObject **own, Py_ssize_t count) {
    while (count) Py_DECREF(own[--count]);
}

// An exact list or tuple. Its first items are taken in one go: what they are frozen by can let others change the list.
static int put_sequence(Scratch *s, Encoder *e, PyObject *value, int depth, Py_ssize_t *room) {
    int is_list = PyList_CheckExact(value), secret = 0, state;
    Items items;
    BEGIN_ITEMS(items, Py_SIZE(value), ITEM_ROOM);
    Py_ssize_t head = depth <= 0 || *room <= 0 ? 0 : items.total < e->max_items ? items.total : e->max_items;
    PyObject *own[MOST_ITEMS];
    PyObject *const *from = is_list ? ((PyListObject *)value)->ob_item : ((PyTupleObject *)value)->ob_item;
    for (Py_ssize_t i = 0; i < head; i++) own[i] = Py_NewRef(from[i]);
    ptrdiff_t start = s->at - s->start;
    state = put_head(s, is_list ? '[' : '(', 0);
    if (!state && head == 2 && items.total == 2 && (secret = first_names_secret(e, own[0])) < 0) state = RAISED;
    while (!state && items.count < head) {
        items.starts[items.count] = s->at - s->start;
        PyObject *item = own[items.count++];
        if (UNLIKELY(secret && items.count == 2)) {
            items.sizes[1] = 0;
            state = put_masked(s);
        } else {
            state = put_item(s, e, item, depth, room, &items);
        }
    }
    if (state != RAISED) {
        items.used += ITEM_ROOM * items.count;
        if (items.used > *room) drop_last(s, &items, items.used - *room);
        *room -= items.used;
        state = items.total > items.count ? put_more(s, items.total - items.count) : DONE;
        put_int32(s->start + start + 1, items.count + (items.total > items.count));
    }
    give_back(own, head);
    return state;
}

// The end of a dict whose values are in: drops what there is no room for, and says how much is not shown.
static int put_rest(Scratch *s, Items *items, Py_ssize_t *room, int is_full) {
    if (!is_full) {
        if (items->used > *room) drop_last(s, items, items->used - *room);
        *room -= items->used;
    }
    if (items->total > items->count && (put_more(s, items->total - items->count) || put_byte(s, '.'))) return RAISED;
    return put_byte(s, '0');
}

// Keys that can be anything (`containers.pairs_freezer`). NOT_MINE: a key that Python has to look at.
static int put_pairs(Scratch *s, Encoder *e, PyObject **own, Py_ssize_t head, int depth, Py_ssize_t *room, Items *items) {
    for (items->count = 0; items->count < head;) {
        PyObject *key = own[2 * items->count], *item = own[2 * items->count + 1];
        int secret = 0, state = DONE;
        Py_ssize_t size = 0;
        if (PyUnicode_CheckExact(key)) {
            if (PyUnicode_GET_LENGTH(key) > SHORT) return NOT_MINE;
            secret = names_secret(e, key);
            if (secret < 0) return RAISED;
        } else if (PyBytes_CheckExact(key)) {
            return NOT_MINE;
        }
        if (!put_plain(s, key, &size, &state)) return NOT_MINE;
        if (!state) state = UNLIKELY(secret) ? put_masked(s) : put(s, e, item, depth - 1, room, &size);
        if (state) return RAISED;
        items->count++;
        *room -= PAIR_ROOM;
        if (*room <= 0) break;
    }
    items->used = 0;
    return put_rest(s, items, room, 1);
}

// An exact dict. As long as all keys are harmless names there is one look at each value.
static int put_dict(Scratch *s, Encoder *e, PyObject *value, int depth, Py_ssize_t *room) {
    Items items;
    BEGIN_ITEMS(items, PyDict_GET_SIZE(value), PAIR_ROOM);
    Py_ssize_t head = 0, before = *room, position = 0;
    PyObject *own[2 * MOST_ITEMS], *key, *item;
    if (depth > 0 && before > 0)
        while (head < e->max_items && PyDict_Next(value, &position, &key, &item)) {
            own[2 * head] = Py_NewRef(key);
            own[2 * head++ + 1] = Py_NewRef(item);
        }
    ptrdiff_t start = s->at - s->start;
    int state = put_byte(s, '{'), named = items.total == head && depth > 0 && before > 0;
    items.used = PAIR_ROOM * items.total;
    while (!state && named && items.count < head) {
        key = own[2 * items.count];
        if (!PyUnicode_CheckExact(key)) {
            named = 0;
        } else if (UNLIKELY(!is_harmless(e, key))) {
            int secret = PyUnicode_GET_LENGTH(key) > LONGEST_NAME ? 1 : ask_name(e, key);
            if (secret < 0) state = RAISED;
            named = !secret;
        }
        if (state || !named) break;
        items.starts[items.count] = s->at - s->start;
        state = put_text(s, key, PyUnicode_GET_LENGTH(key));
        item = own[2 * items.count++ + 1];
        if (!state) state = put_item(s, e, item, depth, room, &items);
    }
    if (named && state != RAISED) {
        state = put_rest(s, &items, room, state == NOT_MINE);
    } else if (state != RAISED) {
        *room = before;
        s->at = s->start + start + 1;
        state = put_pairs(s, e, own, head, depth, room, &items);
        if (state == NOT_MINE) {
            *room = before;
            s->at = s->start + start;
        }
    }
    give_back(own, 2 * head);
    return state;
}

// A dataclass, an attrs class or a namedtuple (`records._fields_freezer`): its fields are read first, then shown.
static int put_fields(Scratch *s, Encoder *e, Shape *shape, PyObject *value, int depth, Py_ssize_t *room) {
    Items items;
    BEGIN_ITEMS(items, shape->total, PAIR_ROOM);
    Py_ssize_t head = PyTuple_GET_SIZE(shape->fields), taken = 0;
    PyObject *own[MOST_ITEMS];
    int state = DONE;
    if (depth <= 0 || *room <= 0) head = 0;
    if (shape->kind == SHAPE_TUPLE && head > PyTuple_GET_SIZE(value)) head = PyTuple_GET_SIZE(value);
    while (taken < head) {
        own[taken] = shape->kind == SHAPE_TUPLE ? Py_NewRef(PyTuple_GET_ITEM(value, taken))
                                                : PyObject_GetAttr(value, PyTuple_GET_ITEM(shape->fields, taken));
        if (UNLIKELY(!own[taken])) {
            state = swallow(e->is_from_signal) ? NOT_MINE : RAISED;
            break;
        }
        taken++;
    }
    unsigned char fields[5] = {'i', FIELDS, 0, 0, 0};
    if (!state) state = put_mark(s, 4) || scratch_need(s, 5) ? RAISED : DONE;
    if (!state) {
        memcpy(s->at, fields, 5);
        s->at += 5;
        state = put_text(s, shape->name, PyUnicode_GET_LENGTH(shape->name)) || put_byte(s, '{') ? RAISED : DONE;
    }
    items.used = PAIR_ROOM * head;
    int is_full = 0;
    while (!state && !is_full && items.count < head) {
        PyObject *name = PyTuple_GET_ITEM(shape->fields, items.count);
        items.starts[items.count] = s->at - s->start;
        state = put_text(s, name, PyUnicode_GET_LENGTH(name));
        PyObject *item = own[items.count++];
        if (state) break;
        if (UNLIKELY(shape->hidden >> (items.count - 1) & 1)) {
            items.sizes[items.count - 1] = 0;
            state = put_masked(s);
        } else if ((state = put_item(s, e, item, depth, room, &items)) == NOT_MINE) {
            state = DONE;
            is_full = 1;
        }
    }
    if (!state) state = put_rest(s, &items, room, is_full);
    give_back(own, taken);
    return state;
}

static int put_shaped(Scratch *s, Encoder *e, PyObject *value, int depth, Py_ssize_t *room) {
    Shape *shape = shape_of(e, Py_TYPE(value));
    if (UNLIKELY(!shape)) return swallow(e->is_from_signal) ? NOT_MINE : RAISED;
    int state = shape->kind == SHAPE_NONE ? NOT_MINE
                : shape->kind <= SHAPE_TUPLE ? put_fields(s, e, shape, value, depth, room)
                                             : put_leaf(s, e, shape, value);
    Py_DECREF((PyObject *)shape);
    return state;
}

// Any value (`Kinds.freeze`): what no step here knows, or what turned out to be odd, Python freezes alone.
static int put(Scratch *s, Encoder *e, PyObject *value, int depth, Py_ssize_t *room, Py_ssize_t *size) {
    PyTypeObject *type = Py_TYPE(value);
    ptrdiff_t start = s->at - s->start;
    Py_ssize_t before = *room, own = 0;
    int state = DONE;
    *size = 0;
    if (type == &PyUnicode_Type || type == &PyBytes_Type) return put_bounded(s, e, value, depth, room, size);
    if (type == &PyDict_Type) state = put_dict(s, e, value, depth, room);
    else if (type == &PyList_Type || type == &PyTuple_Type) state = put_sequence(s, e, value, depth, room);
    else if (put_plain(s, value, &own, &state)) return state;
    else if (type == &PyLong_Type) state = put_long(s, value);
    else if ((state = put_datetime(s, e, value)) == NOT_MINE && (state = put_date(s, e, value)) == NOT_MINE)
        state = put_shaped(s, e, value, depth, room);
    if (LIKELY(state != NOT_MINE)) return state;
    s->at = s->start + start;
    *room = before;
    return put_by_python(s, e, value, depth, room, size);
}

int encode_value(Scratch *s, Encoder *e, PyObject *value) {
    Py_ssize_t room = e->max_repr, size = 0;
    ptrdiff_t start = s->at - s->start;
    int state = DONE;
    if (!PyUnicode_CheckExact(value) && put_plain(s, value, &size, &state)) return state;
    state = put(s, e, value, e->max_depth, &room, &size);
    if (LIKELY(state == DONE) || !swallow(e->is_from_signal)) return state;
    s->at = s->start + start;
    return put_unreadable(s);
}

// ---- the encoder as Python sees it

static PyObject *encoder_new(PyTypeObject *type, PyObject *args, PyObject *keywords) {
    static char *names[] = {"freeze", "harmless", "is_sensitive", "shape_of", "is_from_signal", "max_repr", "max_items", "max_depth", NULL};
    PyObject *freeze, *harmless, *is_sensitive, *shape, *is_from_signal;
    Py_ssize_t max_repr, max_items;
    int max_depth;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "OO!OOOnni", names, &freeze, &PySet_Type, &harmless, &is_sensitive, &shape,
                                     &is_from_signal, &max_repr, &max_items, &max_depth))
        return NULL;
    if (max_items < 1 || max_items > MOST_ITEMS) return PyErr_Format(PyExc_ValueError, "max_items is from 1 to %d, not %zd", MOST_ITEMS, max_items);
    Encoder *e = PyObject_New(Encoder, type);
    if (!e) return NULL;
    e->freeze = Py_NewRef(freeze);
    e->harmless = Py_NewRef(harmless);
    e->is_sensitive = Py_NewRef(is_sensitive);
    e->shape_of = Py_NewRef(shape);
    e->is_from_signal = Py_NewRef(is_from_signal);
    e->max_repr = max_repr;
    e->max_items = max_items;
    e->max_depth = max_depth;
    e->shapes = NULL;
    e->shapes_size = e->shapes_used = 0;
    memset(e->familiar, 0, sizeof e->familiar);
    return (PyObject *)e;
}

static void encoder_dealloc(Encoder *e) {
    PyTypeObject *type = Py_TYPE(e);
    shapes_forget(e);
    for (int i = 0; i < FAMILIAR; i++) Py_XDECREF(e->familiar[i]);
    Py_DECREF(e->freeze);
    Py_DECREF(e->harmless);
    Py_DECREF(e->is_sensitive);
    Py_DECREF(e->shape_of);
    Py_DECREF(e->is_from_signal);
    PyObject_Free(e);
    Py_DECREF(type);
}

static PyObject *encoder_encode(Encoder *e, PyObject *value) {
    Scratch *s = scratch_take();
    if (!s) return NULL;
    PyObject *bytes = encode_value(s, e, value) ? NULL : PyBytes_FromStringAndSize((char *)s->start, s->at - s->start);
    scratch_give(s);
    return bytes;
}

static PyMethodDef encoder_methods[] = {
    {"encode", (PyCFunction)encoder_encode, METH_O, "The bytes of one value as `marshal.dumps(snapshot(value), 2)` gives them."}, {NULL}};
static PyType_Slot encoder_slots[] = {
    {Py_tp_new, encoder_new}, {Py_tp_dealloc, encoder_dealloc}, {Py_tp_methods, encoder_methods}, {0, NULL}};
static PyType_Spec encoder_spec = {"obsv.record.core._core.Encoder", sizeof(Encoder), 0, Py_TPFLAGS_DEFAULT, encoder_slots};

int encode_ready(void) {
    EncoderType = (PyTypeObject *)PyType_FromSpec(&encoder_spec);
    return EncoderType ? DONE : RAISED;
}
