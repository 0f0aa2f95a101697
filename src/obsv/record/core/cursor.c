// Where a segment's next record goes: `mmap.write`, `seek` and `tell` over the same memory, and the same from C without
// a call. One step a record, since the interpreter lock is not given up between taking the place and copying.
#include "core.h"

#ifdef _MSC_VER
#include <windows.h>
#endif

PyTypeObject *CursorType;

int cursor_put(Cursor *c, const unsigned char *record, size_t size) {
    if (UNLIKELY(size > c->size - c->at)) return NOT_MINE;
    unsigned char *to = c->memory + c->at;
    // A reader of another process takes a size that is not zero for a record: it comes last.
    memcpy(to + 4, record + 4, size - 4);
#if defined(__GNUC__) || defined(__clang__)
    __atomic_thread_fence(__ATOMIC_RELEASE);
#else
    MemoryBarrier();
#endif
    memcpy(to, record, 4);
    c->at += size;
    return DONE;
}

static PyObject *cursor_new(PyTypeObject *type, PyObject *args, PyObject *keywords) {
    PyObject *map;
    if (keywords && PyDict_GET_SIZE(keywords)) return PyErr_SetString(PyExc_TypeError, "Cursor takes a mmap"), NULL;
    if (!PyArg_ParseTuple(args, "O:Cursor", &map)) return NULL;
    Cursor *c = PyObject_New(Cursor, type);
    if (!c) return NULL;
    c->at = c->size = 0;
    c->epoch = 0;
    // The export keeps the mapping where it is until `close`.
    if (PyObject_GetBuffer(map, &c->view, PyBUF_WRITABLE)) {
        c->view.obj = NULL;
        Py_DECREF((PyObject *)c);
        return NULL;
    }
    c->memory = c->view.buf;
    c->size = (size_t)c->view.len;
    return (PyObject *)c;
}

static PyObject *cursor_close(Cursor *c, PyObject *unused) {
    c->at = c->size = 0;
    c->epoch++;
    if (c->view.obj) PyBuffer_Release(&c->view);
    Py_RETURN_NONE;
}

static void cursor_dealloc(Cursor *c) {
    PyTypeObject *type = Py_TYPE(c);
    if (c->view.obj) PyBuffer_Release(&c->view);
    PyObject_Free(c);
    Py_DECREF(type);
}

static PyObject *cursor_write(Cursor *c, PyObject *record) {
    if (!PyBytes_Check(record) || PyBytes_GET_SIZE(record) < 4) return PyErr_SetString(PyExc_TypeError, "a record is bytes"), NULL;
    Py_ssize_t size = PyBytes_GET_SIZE(record);
    if (cursor_put(c, (unsigned char *)PyBytes_AS_STRING(record), (size_t)size))
        return PyErr_SetString(PyExc_ValueError, "data out of range"), NULL;
    return PyLong_FromSsize_t(size);
}

static PyObject *cursor_seek(Cursor *c, PyObject *to) {
    Py_ssize_t at = PyLong_AsSsize_t(to);
    if (at < 0 || (size_t)at > c->size) {
        if (!PyErr_Occurred()) PyErr_SetString(PyExc_ValueError, "seek out of range");
        return NULL;
    }
    c->at = (size_t)at;
    c->epoch++;
    Py_RETURN_NONE;
}

static PyObject *cursor_tell(Cursor *c, PyObject *unused) {
    if (!c->view.obj) return PyErr_SetString(PyExc_ValueError, "the segment is closed"), NULL;
    return PyLong_FromSize_t(c->at);
}

static PyMethodDef cursor_methods[] = {{"write", (PyCFunction)cursor_write, METH_O, "Append a record; ValueError where there is no room."},
                                       {"seek", (PyCFunction)cursor_seek, METH_O, "Go on at an offset; at the end nothing more is taken."},
                                       {"tell", (PyCFunction)cursor_tell, METH_NOARGS, "The offset of the next record."},
                                       {"close", (PyCFunction)cursor_close, METH_NOARGS, "Let go of the memory."},
                                       {NULL}};
static PyType_Slot cursor_slots[] = {
    {Py_tp_new, cursor_new}, {Py_tp_dealloc, cursor_dealloc}, {Py_tp_methods, cursor_methods}, {0, NULL}};
static PyType_Spec cursor_spec = {"obsv.record.core._core.Cursor", sizeof(Cursor), 0, Py_TPFLAGS_DEFAULT, cursor_slots};

int cursor_ready(void) {
    CursorType = (PyTypeObject *)PyType_FromSpec(&cursor_spec);
    return CursorType ? DONE : RAISED;
}
