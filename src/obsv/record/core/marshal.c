// Python's marshal format, version 2: no references, so equal values are equal bytes, whichever core wrote them.
#include "core.h"
#include <marshal.h>

int put_long(Scratch *s, PyObject *value) {
    int overflow;
    long long x = PyLong_AsLongLongAndOverflow(value, &overflow);
    if (UNLIKELY(overflow)) return NOT_MINE;
    if (UNLIKELY(scratch_need(s, 16))) return RAISED;
    if (LIKELY(x >= INT32_MIN && x <= INT32_MAX)) {
        *s->at++ = 'i';
        put_int32(s->at, x);
        s->at += 4;
        return DONE;
    }
    // Digits of 15 bits; their number has the sign.
    uint64_t rest = x < 0 ? 0 - (uint64_t)x : (uint64_t)x;
    unsigned char *count = s->at + 1;
    int digits = 0;
    *s->at = 'l';
    for (s->at += 5; rest; rest >>= 15, digits++) {
        *s->at++ = (unsigned char)(rest & 0xff);
        *s->at++ = (unsigned char)(rest >> 8 & 0x7f);
    }
    put_int32(count, x < 0 ? -digits : digits);
    return DONE;
}

int put_points(Scratch *s, PyObject *text, Py_ssize_t length) {
    if (LIKELY(PyUnicode_IS_ASCII(text))) {
        if (UNLIKELY(scratch_need(s, (size_t)length))) return RAISED;
        memcpy(s->at, PyUnicode_1BYTE_DATA(text), (size_t)length);
        s->at += length;
        return DONE;
    }
    // By hand: `PyUnicode_AsUTF8` would keep a second copy in the user's string, and lone surrogates are no UTF-8 to it.
    if (UNLIKELY(scratch_need(s, 4 * (size_t)length))) return RAISED;
    int kind = PyUnicode_KIND(text);
    const void *points = PyUnicode_DATA(text);
    unsigned char *at = s->at;
    for (Py_ssize_t i = 0; i < length; i++) {
        Py_UCS4 c = PyUnicode_READ(kind, points, i);
        if (c < 0x80) {
            *at++ = (unsigned char)c;
        } else if (c < 0x800) {
            *at++ = (unsigned char)(0xc0 | c >> 6);
            *at++ = (unsigned char)(0x80 | (c & 0x3f));
        } else if (c < 0x10000) {
            *at++ = (unsigned char)(0xe0 | c >> 12);
            *at++ = (unsigned char)(0x80 | (c >> 6 & 0x3f));
            *at++ = (unsigned char)(0x80 | (c & 0x3f));
        } else {
            *at++ = (unsigned char)(0xf0 | c >> 18);
            *at++ = (unsigned char)(0x80 | (c >> 12 & 0x3f));
            *at++ = (unsigned char)(0x80 | (c >> 6 & 0x3f));
            *at++ = (unsigned char)(0x80 | (c & 0x3f));
        }
    }
    s->at = at;
    return DONE;
}

int put_wide_text(Scratch *s, PyObject *text, Py_ssize_t length) {
    if (UNLIKELY(put_head(s, 'u', 0))) return RAISED;
    ptrdiff_t start = s->at - s->start;
    if (UNLIKELY(put_points(s, text, length))) return RAISED;
    put_int32(s->start + start - 4, s->at - s->start - start);
    return DONE;
}

int put_bytes(Scratch *s, const char *bytes, Py_ssize_t length) {
    if (UNLIKELY(put_head(s, 's', length) || scratch_need(s, (size_t)length))) return RAISED;
    memcpy(s->at, bytes, (size_t)length);
    s->at += length;
    return DONE;
}

int put_mark(Scratch *s, Py_ssize_t items) { return put_head(s, '(', items) || put_byte(s, '.') ? RAISED : DONE; }

static int put_ascii(Scratch *s, const char *text, size_t length) {
    if (UNLIKELY(put_head(s, 'u', (Py_ssize_t)length) || scratch_need(s, length))) return RAISED;
    memcpy(s->at, text, length);
    s->at += length;
    return DONE;
}

int put_masked(Scratch *s) { return put_mark(s, 2) || put_ascii(s, "***", 3) ? RAISED : DONE; }

int put_unreadable(Scratch *s) { return put_mark(s, 2) || put_ascii(s, "<unreadable>", 12) ? RAISED : DONE; }

int put_more(Scratch *s, Py_ssize_t count) {
    char digits[24], text[40];
    int length = PyOS_snprintf(digits, sizeof digits, "%zd", count), at = 0;
    text[at++] = '+';
    for (int i = 0; i < length; i++) {
        if (i && (length - i) % 3 == 0) text[at++] = ',';
        text[at++] = digits[i];
    }
    memcpy(text + at, " more", 5);
    return put_mark(s, 2) || put_ascii(s, text, (size_t)at + 5) ? RAISED : DONE;
}

// Wide ints and complex numbers.
static int put_rare(Scratch *s, PyObject *value) {
    PyObject *bytes = PyMarshal_WriteObjectToString(value, 2);
    if (!bytes) return RAISED;
    size_t length = (size_t)PyBytes_GET_SIZE(bytes);
    int state = scratch_need(s, length);
    if (!state) {
        memcpy(s->at, PyBytes_AS_STRING(bytes), length);
        s->at += length;
    }
    Py_DECREF(bytes);
    return state;
}

static int put_frozen_dict(Scratch *s, PyObject *dict) {
    PyObject *key, *value;
    Py_ssize_t position = 0;
    if (put_byte(s, '{')) return RAISED;
    while (PyDict_Next(dict, &position, &key, &value))
        if (put_frozen(s, key) || put_frozen(s, value)) return RAISED;
    return put_byte(s, '0');
}

static int put_frozen_items(Scratch *s, char type, PyObject *const *items, Py_ssize_t count) {
    if (put_head(s, type, count) || Py_EnterRecursiveCall(" while obsv writes a value")) return RAISED;
    int state = DONE;
    for (Py_ssize_t i = 0; i < count && !state; i++) state = put_frozen(s, items[i]);
    Py_LeaveRecursiveCall();
    return state;
}

// Nothing in here runs code of the user's, and nobody else has what is frozen: it cannot change meanwhile.
int put_frozen(Scratch *s, PyObject *value) {
    PyTypeObject *type = Py_TYPE(value);
    if (type == &PyUnicode_Type) return put_text(s, value, PyUnicode_GET_LENGTH(value));
    if (value == Py_None) return put_byte(s, 'N');
    if (type == &PyBool_Type) return put_byte(s, value == Py_True ? 'T' : 'F');
    if (value == Py_Ellipsis) return put_byte(s, '.');
    if (type == &PyLong_Type) {
        int state = put_long(s, value);
        return state == NOT_MINE ? put_rare(s, value) : state;
    }
    if (type == &PyTuple_Type) return put_frozen_items(s, '(', ((PyTupleObject *)value)->ob_item, PyTuple_GET_SIZE(value));
    if (type == &PyList_Type) return put_frozen_items(s, '[', ((PyListObject *)value)->ob_item, PyList_GET_SIZE(value));
    if (type == &PyDict_Type) return put_frozen_dict(s, value);
    if (type == &PyBytes_Type) return put_bytes(s, PyBytes_AS_STRING(value), PyBytes_GET_SIZE(value));
    return put_rare(s, value);
}
