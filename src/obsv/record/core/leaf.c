// Values that are shown by a text of their own: times, Decimal, Enum, UUID, paths. Each does what the freezer of its
// kind does (`obsv.capture.scalars`); what is out of the ordinary says NOT_MINE and is left to that freezer.
#include "core.h"
#include <datetime.h>

// A Decimal of about 500 digits: its text takes linear time.
enum { DECIMAL_BYTES = 300 };

static PyObject *name_attribute, *int_attribute, *sixty_four;

int leaves_ready(void) {
    PyDateTime_IMPORT;
    if (!PyDateTimeAPI) return RAISED;
    name_attribute = PyUnicode_InternFromString("_name_");
    int_attribute = PyUnicode_InternFromString("int");
    sixty_four = PyLong_FromLong(64);
    return name_attribute && int_attribute && sixty_four ? DONE : RAISED;
}

static int put_short_text(Scratch *s, Encoder *e, const char *text, size_t length) {
    if (UNLIKELY((Py_ssize_t)length > e->max_repr)) return NOT_MINE;
    if (UNLIKELY(put_mark(s, 2) || put_head(s, 'u', (Py_ssize_t)length) || scratch_need(s, length))) return RAISED;
    memcpy(s->at, text, length);
    s->at += length;
    return DONE;
}

// A str that Python made; the reference is taken.
static int put_made_text(Scratch *s, Encoder *e, PyObject *text) {
    int state = NOT_MINE;
    if (PyUnicode_CheckExact(text) && PyUnicode_GET_LENGTH(text) <= e->max_repr)
        state = put_mark(s, 2) || put_text(s, text, PyUnicode_GET_LENGTH(text)) ? RAISED : DONE;
    Py_DECREF(text);
    return state;
}

static char *two(char *at, int number) {
    *at++ = (char)('0' + number / 10 % 10);
    *at++ = (char)('0' + number % 10);
    return at;
}

static char *day(char *at, PyObject *value) {
    at = two(at, PyDateTime_GET_YEAR(value) / 100);
    at = two(at, PyDateTime_GET_YEAR(value) % 100);
    *at++ = '-';
    at = two(at, PyDateTime_GET_MONTH(value));
    *at++ = '-';
    return two(at, PyDateTime_GET_DAY(value));
}

int put_date(Scratch *s, Encoder *e, PyObject *value) {
    if (!PyDate_CheckExact(value)) return NOT_MINE;
    char text[16];
    return put_short_text(s, e, text, (size_t)(day(text, value) - text));
}

int put_datetime(Scratch *s, Encoder *e, PyObject *value) {
    if (!PyDateTime_CheckExact(value)) return NOT_MINE;
    // Another zone than UTC is asked for its offset, which can be Python code.
    PyObject *zone = ((PyDateTime_DateTime *)value)->hastzinfo ? ((PyDateTime_DateTime *)value)->tzinfo : NULL;
    if (zone && zone != PyDateTime_TimeZone_UTC) return NOT_MINE;
    char text[40], *at = day(text, value);
    *at++ = 'T';
    at = two(at, PyDateTime_DATE_GET_HOUR(value));
    *at++ = ':';
    at = two(at, PyDateTime_DATE_GET_MINUTE(value));
    *at++ = ':';
    at = two(at, PyDateTime_DATE_GET_SECOND(value));
    int microseconds = PyDateTime_DATE_GET_MICROSECOND(value);
    if (microseconds) {
        *at++ = '.';
        at = two(two(two(at, microseconds / 10000), microseconds / 100 % 100), microseconds % 100);
    }
    if (zone) {
        memcpy(at, "+00:00", 6);
        at += 6;
    }
    return put_short_text(s, e, text, (size_t)(at - text));
}

static int put_member(Scratch *s, Encoder *e, Shape *shape, PyObject *value) {
    PyObject *name = PyObject_GenericGetAttr(value, name_attribute);
    if (!name) return swallow(e->is_from_signal) ? NOT_MINE : RAISED;
    if (!PyUnicode_CheckExact(name)) {
        Py_DECREF(name);
        return NOT_MINE;
    }
    int state = put_mark(s, 2) || put_head(s, 'u', 0) ? RAISED : DONE;
    ptrdiff_t start = s->at - s->start;
    if (!state) state = put_points(s, shape->name, PyUnicode_GET_LENGTH(shape->name)) || put_byte(s, '.') ||
                        put_points(s, name, PyUnicode_GET_LENGTH(name)) ? RAISED : DONE;
    Py_DECREF(name);
    if (!state) put_int32(s->start + start - 4, s->at - s->start - start);
    return state;
}

static int put_decimal(Scratch *s, Encoder *e, Shape *shape, PyObject *value) {
    PyObject *size = PyObject_CallOneArg(shape->call, value);
    Py_ssize_t bytes = size && PyLong_CheckExact(size) ? PyLong_AsSsize_t(size) : PY_SSIZE_T_MAX;
    Py_XDECREF(size);
    if (PyErr_Occurred()) return swallow(e->is_from_signal) ? NOT_MINE : RAISED;
    if (bytes > DECIMAL_BYTES) return NOT_MINE;
    PyObject *text = Py_TYPE(value)->tp_str(value);
    if (!text) return swallow(e->is_from_signal) ? NOT_MINE : RAISED;
    if (PyUnicode_CheckExact(text) && PyUnicode_GET_LENGTH(text) > e->max_repr) {
        // Its freezer does not cut.
        int state = put_mark(s, 2) || put_text(s, text, PyUnicode_GET_LENGTH(text)) ? RAISED : DONE;
        Py_DECREF(text);
        return state;
    }
    return put_made_text(s, e, text);
}

static char *hexadecimal(char *at, uint64_t number, int digits) {
    while (digits--) *at++ = "0123456789abcdef"[number >> 4 * digits & 15];
    return at;
}

static int put_uuid(Scratch *s, Encoder *e, PyObject *value) {
    PyObject *number = PyObject_GenericGetAttr(value, int_attribute), *upper = NULL;
    uint64_t high = 0, low = 0;
    if (number && PyLong_CheckExact(number)) {
        upper = PyNumber_Rshift(number, sixty_four);
        if (upper) high = PyLong_AsUnsignedLongLong(upper), low = PyLong_AsUnsignedLongLongMask(number);
    }
    int is_whole = upper != NULL;
    Py_XDECREF(upper);
    Py_XDECREF(number);
    if (PyErr_Occurred()) return swallow(e->is_from_signal) ? NOT_MINE : RAISED;
    if (!is_whole) return NOT_MINE;
    char text[40], *at = hexadecimal(text, high >> 32, 8);
    *at++ = '-';
    at = hexadecimal(at, high >> 16 & 0xffff, 4);
    *at++ = '-';
    at = hexadecimal(at, high & 0xffff, 4);
    *at++ = '-';
    at = hexadecimal(at, low >> 48, 4);
    *at++ = '-';
    at = hexadecimal(at, low & 0xffffffffffff, 12);
    return put_short_text(s, e, text, (size_t)(at - text));
}

int put_leaf(Scratch *s, Encoder *e, Shape *shape, PyObject *value) {
    if (shape->kind == SHAPE_ENUM) return put_member(s, e, shape, value);
    if (shape->kind == SHAPE_DECIMAL) return put_decimal(s, e, shape, value);
    if (shape->kind == SHAPE_UUID) return put_uuid(s, e, value);
    PyObject *text = PyObject_CallOneArg(shape->call, value);
    if (!text) return swallow(e->is_from_signal) ? NOT_MINE : RAISED;
    return put_made_text(s, e, text);
}
