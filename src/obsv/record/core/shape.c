// What is known of a class: found once by Python (`obsv.capture.shapes`), then looked up by the class's address.
#include "core.h"

// As Python's table: programs that make classes without end must not fill the memory.
enum { FIRST_SHAPES = 64, MOST_SHAPES = 4096 };

PyTypeObject *ShapeType;

static void shape_dealloc(Shape *shape) {
    PyTypeObject *type = Py_TYPE(shape);
    Py_XDECREF(shape->name);
    Py_XDECREF(shape->fields);
    Py_XDECREF(shape->call);
    PyObject_Free(shape);
    Py_DECREF(type);
}

static PyType_Slot shape_slots[] = {{Py_tp_dealloc, shape_dealloc}, {0, NULL}};
static PyType_Spec shape_spec = {"obsv.record.core._core.Shape", sizeof(Shape), 0, Py_TPFLAGS_DEFAULT, shape_slots};

int shape_ready(void) {
    ShapeType = (PyTypeObject *)PyType_FromSpec(&shape_spec);
    return ShapeType ? DONE : RAISED;
}

// (kind, name, fields, total, hidden, call), or None.
static Shape *read_shape(PyObject *told) {
    Shape *shape = PyObject_New(Shape, ShapeType);
    if (!shape) return NULL;
    shape->kind = SHAPE_NONE;
    shape->hidden = 0;
    shape->total = 0;
    shape->name = shape->fields = shape->call = NULL;
    if (told == Py_None) return shape;
    int kind, hidden;
    PyObject *name, *fields, *call;
    if (!PyArg_ParseTuple(told, "iUO!niO:shape", &kind, &name, &PyTuple_Type, &fields, &shape->total, &hidden, &call)) {
        Py_DECREF(shape);
        return NULL;
    }
    shape->kind = (enum shape_kind)kind;
    shape->hidden = (uint32_t)hidden;
    shape->name = Py_NewRef(name);
    shape->fields = Py_NewRef(fields);
    shape->call = call == Py_None ? NULL : Py_NewRef(call);
    return shape;
}

static inline size_t place(const void *type, size_t size) { return ((uintptr_t)type >> 4) * 0x9E3779B1u & (size - 1); }

static ShapeEntry *find(ShapeEntry *shapes, size_t size, PyTypeObject *type) {
    size_t at = place(type, size);
    while (shapes[at].type && shapes[at].type != type) at = (at + 1) & (size - 1);
    return &shapes[at];
}

void shapes_forget(Encoder *e) {
    // Out of the encoder first: what is given up can run code.
    ShapeEntry *old = e->shapes;
    size_t size = e->shapes_size;
    e->shapes = NULL;
    e->shapes_size = e->shapes_used = 0;
    for (size_t i = 0; old && i < size; i++) {
        Py_XDECREF(old[i].reference);
        Py_XDECREF((PyObject *)old[i].shape);
    }
    PyMem_Free(old);
}

static int make_room(Encoder *e) {
    if (e->shapes_used >= MOST_SHAPES) shapes_forget(e);
    if (e->shapes && e->shapes_used * 2 < e->shapes_size) return DONE;
    size_t size = e->shapes ? e->shapes_size * 2 : FIRST_SHAPES;
    ShapeEntry *larger = PyMem_Calloc(size, sizeof *larger);
    if (!larger) return PyErr_NoMemory(), RAISED;
    for (size_t i = 0; i < e->shapes_size; i++)
        if (e->shapes[i].type) *find(larger, size, e->shapes[i].type) = e->shapes[i];
    PyMem_Free(e->shapes);
    e->shapes = larger;
    e->shapes_size = size;
    return DONE;
}

static int remember(Encoder *e, PyTypeObject *type, Shape *shape) {
    PyObject *reference = PyWeakref_NewRef((PyObject *)type, NULL);
    if (!reference || make_room(e)) {
        Py_XDECREF(reference);
        return RAISED;
    }
    ShapeEntry *entry = find(e->shapes, e->shapes_size, type), old = *entry;
    if (!old.type) e->shapes_used++;
    *entry = (ShapeEntry){type, reference, (Shape *)Py_NewRef((PyObject *)shape)};
    Py_XDECREF(old.reference);
    Py_XDECREF((PyObject *)old.shape);
    return DONE;
}

static NOINLINE Shape *learn(Encoder *e, PyTypeObject *type) {
    PyObject *told = PyObject_CallOneArg(e->shape_of, (PyObject *)type);
    if (!told) return NULL;
    Shape *shape = read_shape(told);
    Py_DECREF(told);
    if (shape && remember(e, type, shape)) Py_CLEAR(shape);
    return shape;
}

static inline int is_of(PyObject *reference, PyTypeObject *type) {
#if PY_VERSION_HEX >= 0x030d0000
    PyObject *held;
    int alive = PyWeakref_GetRef(reference, &held);
    if (alive <= 0) return 0;
    Py_DECREF(held);
    return held == (PyObject *)type;
#else
    return PyWeakref_GET_OBJECT(reference) == (PyObject *)type;
#endif
}

// The reference is the caller's own: while a value is encoded another thread may forget all shapes.
Shape *shape_of(Encoder *e, PyTypeObject *type) {
    if (LIKELY(e->shapes != NULL)) {
        ShapeEntry *entry = find(e->shapes, e->shapes_size, type);
        if (LIKELY(entry->type && is_of(entry->reference, type))) return (Shape *)Py_NewRef((PyObject *)entry->shape);
    }
    return learn(e, type);
}
