// For the keeper: which runs of letters and digits a text contains, as bits of the filter of its block. The same bits as
// in `store/ground/blocks.py`, which has the layout.
#include "core.h"

enum { SHORT = 3, LONG = 5, SHORT_BITS = 2, LONG_BITS = 4 };
enum { SLICES = 8192, SLICE_BYTES = 31, SLICES_A_PART = 64, PART_BYTES = SLICES_A_PART * SLICE_BYTES + 4 };
enum { FILTERS = SLICES / SLICES_A_PART * PART_BYTES };
enum { SEEN = 1024 };

static unsigned char folded[256];  // 0: not of a word

static inline uint64_t mixed(uint64_t v) {
    v ^= v >> 33;
    v *= 0xff51afd7ed558ccdULL;
    v ^= v >> 33;
    v *= 0xc4ceb9fe1a85ec53ULL;
    return v ^ v >> 33;
}

static inline long put_gram(unsigned char *filters, unsigned block, uint64_t gram, int bits, uint64_t *seen) {
    uint64_t hash = mixed(gram);
    uint64_t *last = &seen[hash >> 54];
    if (*last == gram) return 0;
    *last = gram;
    long added = 0;
    for (; bits; bits--, hash >>= 13) {
        unsigned slice = (unsigned)(hash & (SLICES - 1));
        unsigned char *at = filters + slice / SLICES_A_PART * PART_BYTES + slice % SLICES_A_PART * SLICE_BYTES + block / 8;
        unsigned char bit = (unsigned char)(1u << block % 8);
        added += !(*at & bit);
        *at |= bit;
    }
    return added;
}

static PyObject *add_grams(PyObject *Py_UNUSED(module), PyObject *args) {
    PyObject *filters, *text;
    int block;
    if (!PyArg_ParseTuple(args, "O!iS", &PyByteArray_Type, &filters, &block, &text)) return NULL;
    if (PyByteArray_GET_SIZE(filters) != FILTERS || block < 0 || block >= SLICE_BYTES * 8) {
        PyErr_SetString(PyExc_ValueError, "no such block, or filters of another size");
        return NULL;
    }
    unsigned char *into = (unsigned char *)PyByteArray_AS_STRING(filters);
    const unsigned char *at = (const unsigned char *)PyBytes_AS_STRING(text), *end = at + PyBytes_GET_SIZE(text);
    uint64_t seen[SEEN] = {0}, run = 0;
    long added = 0;
    for (int length = 0; at < end; at++) {
        unsigned char c = folded[*at];
        if (!c) {
            length = 0;
            continue;
        }
        run = run << 8 | c;
        length++;
        // Short and long ones differ by their first byte, which is never 0.
        if (length >= SHORT) added += put_gram(into, (unsigned)block, run & 0xffffff, SHORT_BITS, seen);
        if (length >= LONG) added += put_gram(into, (unsigned)block, run & 0xffffffffff, LONG_BITS, seen);
    }
    return PyLong_FromLong(added);
}

static PyMethodDef functions[] = {
    {"add_grams", add_grams, METH_VARARGS, "Add a text to a block of filters; return how many bits it added."}, {NULL, NULL, 0, NULL}};

int grams_ready(PyObject *module) {
    for (int c = 0; c < 256; c++) {
        int is_upper = c >= 'A' && c <= 'Z';
        int is_word = is_upper || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '_' || c >= 0x80;
        folded[c] = (unsigned char)(is_word ? (is_upper ? c + 32 : c) : 0);
    }
    return PyModule_AddFunctions(module, functions) ? RAISED : DONE;
}
