// The module: makes the types ready.
#include "core.h"

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, .m_name = "obsv.record.core._core", .m_size = -1};

PyMODINIT_FUNC PyInit__core(void) {
    PyObject *module = PyModule_Create(&definition);
    if (!module) return NULL;
    if (shape_ready() || encode_ready() || leaves_ready() ||
        PyModule_AddObjectRef(module, "Encoder", (PyObject *)EncoderType)) {
        Py_DECREF(module);
        return NULL;
    }
    return module;
}
