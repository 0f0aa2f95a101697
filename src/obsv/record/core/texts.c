// The texts of a call's values, straight from the bytes of its records: what `exporters/lean_rows.texts_of` makes of
// them, as one JSON array. A value that is anything but plain and ASCII, or that may contain a secret, is left to Python.
//
// The bytes may be anybody's: every length is checked against what is there, and nothing is allocated by one.
#include "core.h"

// As in `capture/secrets/secret_shapes.py`: a run of letters, and the digits of a card.
enum { RUN = 16, CARD = 13 };
// Deeper values are Python's to refuse.
enum { MOST_DEPTH = 32, MOST_PATTERNS = 128, LONGEST_PATTERN = 8 };

// As in `capture/frozen.py`.
enum { FIELDS = 2, CALL = 3 };

enum { LETTER = 1, DIGIT = 2, QUOTED = 4, BARE = 8, BEFORE_CARD = 16 };
static unsigned char kinds[256], lower[256];

typedef struct {
    int count;
    unsigned char size[MOST_PATTERNS], text[MOST_PATTERNS][LONGEST_PATTERN];
    unsigned char pairs[128 * 128 / 8];  // bit a * 128 + b: a pattern begins with these two
} Patterns;

typedef struct {
    PyObject_HEAD
    Patterns marks, roots;  // of secrets' shapes; of their names, in lower case
    Py_ssize_t limit;       // bytes of one text
} Texts;

typedef struct { const unsigned char *at, *end; } Bytes;

static int starts(const Patterns *p, const unsigned char *at, size_t left, const unsigned char *as) {
    unsigned pair = (unsigned)as[at[0]] * 128u + as[at[1]];
    if (LIKELY(!(p->pairs[pair >> 3] >> (pair & 7) & 1))) return 0;
    for (int i = 0; i < p->count; i++) {
        size_t n = 0;
        if (p->size[i] > left) continue;
        while (n < p->size[i] && as[at[n]] == p->text[i][n]) n++;
        if (n == p->size[i]) return 1;
    }
    return 0;
}

static unsigned char same[256];

// Whether a value of a container may begin here. In a text a number may be a token: "token 1234…", "bearer: 1234…".
static int begins_value(const unsigned char *start, const unsigned char *at) {
    if (at == start) return 1;
    if (at[-1] == ' ') return at - start > 2 && (at[-2] == ',' || (at[-2] == ':' && at[-3] == '\''));
    return at[-1] == '(' || at[-1] == '[' || at[-1] == '{';
}

// Whether Python has to look for secrets in a text.
static int is_suspicious(const Texts *texts, const unsigned char *start, const unsigned char *end) {
    int run = 0, is_number = 0, is_fraction = 0, card = 0, digits = 0, has_root = 0, names = 0;
    unsigned char before = 0;
    for (const unsigned char *at = start; at < end; before = *at++) {
        unsigned char kind = kinds[*at];
        // A number by itself is no token: none begins with a digit.
        if (kind & LETTER) {
            if (!run++) is_number = is_fraction || begins_value(start, at);
            is_number &= (kind & DIGIT) != 0;
            is_fraction = 0;
        } else {
            is_fraction = run && is_number && *at == '.';
            run = 0;
        }
        if (kind & DIGIT) {
            // By their first digits: 2 to 6 are those of issuers.
            card = card || (!(kinds[before] & BEFORE_CARD) && *at >= '2' && *at <= '6') ? card + 1 : 0;
        } else if (!((*at == ' ' || *at == '-') && kinds[before] & DIGIT)) {
            card = 0;
        }
        if (UNLIKELY((run >= RUN && !is_number) || card >= CARD)) return 1;
        digits = kind & DIGIT || *at == ' ' || *at == '-' ? digits + 1 : 0;
        // In a text with a long number, Python looks for names and schemes however they stand.
        names |= run >= RUN || digits >= CARD;
        names |= *at == '=' || *at == ':' || (*at == '-' && before == '-') || (*at == '/' && before == '<');
        names |= before == '%';
        names |= (*at == '\'' || *at == '"') && (before == ' ' || before == ',');
        if (at + 1 == end) break;
        if (UNLIKELY(starts(&texts->marks, at, (size_t)(end - at), same))) return 1;
        if (!has_root) has_root = starts(&texts->roots, at, (size_t)(end - at), lower);
    }
    return has_root && names;
}

static int put(Scratch *s, const void *text, size_t size) {
    if (UNLIKELY(scratch_need(s, size))) return RAISED;
    memcpy(s->at, text, size);
    s->at += size;
    return DONE;
}
#define PUT(s, literal) put(s, literal, sizeof(literal) - 1)

static int take_count(Bytes *b, Py_ssize_t *count) {
    if (b->end - b->at < 4) return NOT_MINE;
    uint32_t v = (uint32_t)b->at[0] | (uint32_t)b->at[1] << 8 | (uint32_t)b->at[2] << 16 | (uint32_t)b->at[3] << 24;
    b->at += 4;
    *count = (Py_ssize_t)(int32_t)v;
    return *count < 0 || *count > b->end - b->at ? NOT_MINE : DONE;  // each item takes a byte at least
}

static int put_number(Scratch *s, uint64_t v, int is_negative) {
    unsigned char digits[24], *at = digits + sizeof digits;
    do *--at = (unsigned char)('0' + v % 10); while (v /= 10);
    if (is_negative) *--at = '-';
    return put(s, at, (size_t)(digits + sizeof digits - at));
}

static int put_int(Scratch *s, Bytes *b) {
    if (b->end - b->at < 4) return NOT_MINE;
    int64_t v = (int32_t)((uint32_t)b->at[0] | (uint32_t)b->at[1] << 8 | (uint32_t)b->at[2] << 16 | (uint32_t)b->at[3] << 24);
    b->at += 4;
    return put_number(s, (uint64_t)(v < 0 ? -v : v), v < 0);
}

static int put_wide_int(Scratch *s, Bytes *b) {
    if (b->end - b->at < 4) return NOT_MINE;
    int32_t count = (int32_t)((uint32_t)b->at[0] | (uint32_t)b->at[1] << 8 | (uint32_t)b->at[2] << 16 | (uint32_t)b->at[3] << 24);
    int digits = count < 0 ? -(count + 1) + 1 : count;
    b->at += 4;
    if (digits < 1 || digits > 5 || b->end - b->at < 2 * digits) return NOT_MINE;
    uint64_t v = 0, digit = 0;
    for (int i = 0; i < digits; i++, b->at += 2) {
        digit = (uint64_t)b->at[0] | (uint64_t)b->at[1] << 8;
        if (digit >> (i < 4 ? 15 : 3)) return NOT_MINE;  // wider than 63 bits
        v |= digit << 15 * i;
    }
    return digit ? put_number(s, v, count < 0) : NOT_MINE;
}

static int put_float(Scratch *s, Bytes *b) {
    if (b->end - b->at < 8) return NOT_MINE;
    uint64_t bits = 0;
    double v;
    for (int i = 7; i >= 0; i--) bits = bits << 8 | b->at[i];
    memcpy(&v, &bits, sizeof v);
    b->at += 8;
    char *text = PyOS_double_to_string(v, 'r', 0, Py_DTSF_ADD_DOT_0, NULL);
    if (text == NULL) return RAISED;
    int status = put(s, text, strlen(text));
    PyMem_Free(text);
    return status;
}

// A str, of characters that need no escape.
static int put_str(Scratch *s, Bytes *b, unsigned char kind) {
    Py_ssize_t size;
    if (take_count(b, &size)) return NOT_MINE;
    for (Py_ssize_t i = 0; i < size; i++)
        if (UNLIKELY(!(kinds[b->at[i]] & kind))) return NOT_MINE;
    const unsigned char *text = b->at;
    b->at += size;
    if (kind == BARE) return put(s, text, (size_t)size);
    return put_byte(s, '\'') || put(s, text, (size_t)size) || put_byte(s, '\'') ? RAISED : DONE;
}

static int put_value(Scratch *, Bytes *, int depth);

static int put_items(Scratch *s, Bytes *b, Py_ssize_t count, int depth) {
    for (Py_ssize_t i = 0; i < count; i++) {
        int status = i ? PUT(s, ", ") : DONE;
        if (status || (status = put_value(s, b, depth))) return status;
    }
    return DONE;
}

// The pairs of a dict up to its end; of fields where `link` is "=".
static int put_pairs(Scratch *s, Bytes *b, int depth, int is_fields) {
    for (int i = 0;; i++) {
        if (b->at == b->end) return NOT_MINE;
        if (*b->at == '0') return b->at++, DONE;
        int status = i ? PUT(s, ", ") : DONE;
        if (status) return status;
        if (is_fields) {
            if (*b->at++ != 'u') return NOT_MINE;
            status = put_str(s, b, BARE);
        } else {
            status = put_value(s, b, depth);
        }
        if (status) return status;
        if (is_fields && b->at < b->end && *b->at == '.') {
            b->at++;
            continue;
        }
        if ((status = is_fields ? put_byte(s, '=') : PUT(s, ": ")) || (status = put_value(s, b, depth))) return status;
    }
}

// What stands for another value: a text, or a name with fields or items.
static int put_marked(Scratch *s, Bytes *b, Py_ssize_t count, int depth) {
    b->at++;
    if (b->at == b->end) return NOT_MINE;
    if (count == 2) return *b->at++ == 'u' ? put_str(s, b, BARE) : NOT_MINE;
    if (count != 4 || b->end - b->at < 6 || *b->at != 'i' || memcmp(b->at + 2, "\0\0\0", 3) || b->at[5] != 'u') return NOT_MINE;
    int kind = b->at[1], status;
    b->at += 6;
    if ((kind != FIELDS && kind != CALL) || b->at == b->end) return NOT_MINE;
    if ((status = put_str(s, b, BARE)) || (status = put_byte(s, '('))) return status;
    if (b->at == b->end) return NOT_MINE;
    if (kind == FIELDS) {
        if (*b->at++ != '{') return NOT_MINE;
        status = put_pairs(s, b, depth, 1);
    } else {
        Py_ssize_t items;
        if (*b->at++ != '[' || take_count(b, &items)) return NOT_MINE;
        status = put_items(s, b, items, depth);
    }
    return status ? status : put_byte(s, ')');
}

static int put_sequence(Scratch *s, Bytes *b, int is_tuple, int depth) {
    Py_ssize_t count;
    if (take_count(b, &count)) return NOT_MINE;
    if (is_tuple && count && *b->at == '.') return put_marked(s, b, count, depth);
    int status = put_byte(s, is_tuple ? '(' : '[');
    if (status || (status = put_items(s, b, count, depth))) return status;
    if (is_tuple) return count == 1 ? PUT(s, ",)") : put_byte(s, ')');
    return put_byte(s, ']');
}

static int put_value(Scratch *s, Bytes *b, int depth) {
    if (b->at == b->end || !depth) return NOT_MINE;
    int status;
    switch (*b->at++) {
    case 'N': return PUT(s, "None");
    case 'T': return PUT(s, "True");
    case 'F': return PUT(s, "False");
    case 'i': return put_int(s, b);
    case 'l': return put_wide_int(s, b);
    case 'g': return put_float(s, b);
    case 'u': return put_str(s, b, QUOTED);
    case '(': return put_sequence(s, b, 1, depth - 1);
    case '[': return put_sequence(s, b, 0, depth - 1);
    case '{':
        if ((status = put_byte(s, '{')) || (status = put_pairs(s, b, depth - 1, 0))) return status;
        return put_byte(s, '}');
    default: return NOT_MINE;
    }
}

// One value as an item of the JSON array.
static int put_told(const Texts *texts, Scratch *s, Bytes *b, int is_first) {
    int is_float = b->at < b->end && *b->at == 'g', status;
    if ((status = is_first ? put_byte(s, '"') : PUT(s, ",\""))) return status;
    size_t from = (size_t)(s->at - s->start);
    if ((status = put_value(s, b, MOST_DEPTH))) return status;
    const unsigned char *text = s->start + from;
    if (s->at == text || s->at - text > texts->limit || (!is_float && is_suspicious(texts, text, s->at))) return NOT_MINE;
    return put_byte(s, '"');
}

static int put_all(const Texts *texts, Scratch *s, Bytes inputs, Bytes *result) {
    Py_ssize_t count;
    int status = put_byte(s, '[');
    if (status) return status;
    if (inputs.at == inputs.end || *inputs.at++ != '(' || take_count(&inputs, &count)) return NOT_MINE;
    for (Py_ssize_t i = 0; i < count; i++)
        if ((status = put_told(texts, s, &inputs, !i))) return status;
    if (inputs.at != inputs.end) return NOT_MINE;
    if (result != NULL) {
        if ((status = put_told(texts, s, result, !count))) return status;
        if (result->at != result->end) return NOT_MINE;
    }
    return put_byte(s, ']');
}

static PyObject *texts_of(PyObject *self, PyObject *args) {
    PyObject *given, *result;
    if (!PyArg_ParseTuple(args, "SO", &given, &result)) return NULL;
    if (result != Py_None && !PyBytes_Check(result)) {
        PyErr_SetString(PyExc_TypeError, "the result must be bytes or None");
        return NULL;
    }
    const unsigned char *at = (const unsigned char *)PyBytes_AS_STRING(given);
    Bytes inputs = {at, at + PyBytes_GET_SIZE(given)}, out = {NULL, NULL};
    if (result != Py_None) {
        out.at = (const unsigned char *)PyBytes_AS_STRING(result);
        out.end = out.at + PyBytes_GET_SIZE(result);
    }
    Scratch *s = scratch_take();
    if (s == NULL) return NULL;
    int status = put_all((const Texts *)self, s, inputs, result == Py_None ? NULL : &out);
    PyObject *text = NULL;
    if (status == DONE && (text = PyUnicode_New(s->at - s->start, 127)) != NULL)
        memcpy(PyUnicode_1BYTE_DATA(text), s->start, (size_t)(s->at - s->start));
    scratch_give(s);
    if (status == NOT_MINE) Py_RETURN_NONE;
    return text;
}

// Non-ASCII patterns are in none of the texts that are told here.
static int learn(Patterns *p, PyObject *given) {
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(given); i++) {
        PyObject *each = PyTuple_GET_ITEM(given, i);
        if (!PyUnicode_Check(each)) return PyErr_SetString(PyExc_TypeError, "patterns are str"), RAISED;
        if (!PyUnicode_IS_ASCII(each)) continue;
        Py_ssize_t size = PyUnicode_GET_LENGTH(each);
        const unsigned char *text = PyUnicode_1BYTE_DATA(each);
        if (size < 2 || size > LONGEST_PATTERN || p->count == MOST_PATTERNS)
            return PyErr_Format(PyExc_ValueError, "up to %d patterns of 2 to %d characters", MOST_PATTERNS, LONGEST_PATTERN), RAISED;
        memcpy(p->text[p->count], text, (size_t)size);
        p->size[p->count++] = (unsigned char)size;
        unsigned pair = text[0] * 128u + text[1];
        p->pairs[pair >> 3] |= (unsigned char)(1 << (pair & 7));
    }
    return DONE;
}

static PyObject *texts_new(PyTypeObject *type, PyObject *args, PyObject *named) {
    static char *names[] = {"marks", "roots", "limit", NULL};
    PyObject *marks, *roots;
    Py_ssize_t limit;
    if (!PyArg_ParseTupleAndKeywords(args, named, "O!O!n", names, &PyTuple_Type, &marks, &PyTuple_Type, &roots, &limit)) return NULL;
    Texts *texts = (Texts *)type->tp_alloc(type, 0);
    if (texts == NULL) return NULL;
    texts->limit = limit;
    if (learn(&texts->marks, marks) || learn(&texts->roots, roots)) {
        Py_DECREF(texts);
        return NULL;
    }
    return (PyObject *)texts;
}

static PyMethodDef methods[] = {
    {"of", texts_of, METH_VARARGS, "Return the JSON array of the texts of packed arguments and a packed result; None if Python must make it."},
    {NULL, NULL, 0, NULL}};
static PyType_Slot slots[] = {{Py_tp_new, texts_new}, {Py_tp_methods, methods}, {0, NULL}};
static PyType_Spec spec = {"obsv.record.core._core.Texts", sizeof(Texts), 0, Py_TPFLAGS_DEFAULT, slots};
PyTypeObject *TextsType;

int texts_ready(void) {
    for (int c = 0; c < 256; c++) {
        int is_digit = c >= '0' && c <= '9';
        int is_letter = is_digit || c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        int is_bare = c >= ' ' && c < 0x7f && c != '"' && c != '\\';
        kinds[c] = (unsigned char)((is_letter ? LETTER : 0) | (is_digit ? DIGIT : 0) | (is_bare ? BARE : 0) |
                                   (is_bare && c != '\'' ? QUOTED : 0) | (is_letter || c == '.' || c == '-' ? BEFORE_CARD : 0));
        same[c] = (unsigned char)c;
        lower[c] = (unsigned char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
    }
    TextsType = (PyTypeObject *)PyType_FromSpec(&spec);
    return TextsType == NULL ? -1 : 0;
}
