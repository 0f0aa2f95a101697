// The module: makes the types ready, once a process.
#include "core.h"

static int is_ready;

static int fill(PyObject *module) {
    // What the core remembers is the process's, not an interpreter's: in another one Python records.
    if (PyInterpreterState_Get() != PyInterpreterState_Main()) {
        PyErr_SetString(PyExc_ImportError, "the compiled core works in the main interpreter only");
        return -1;
    }
    if (!is_ready && (shape_ready() || encode_ready() || leaves_ready() || clock_ready() || cursor_ready() || span_ready() || recorder_ready() || texts_ready()))
        return -1;
    is_ready = 1;
    return producer_ready(module) || grams_ready(module) || PyModule_AddObjectRef(module, "Encoder", (PyObject *)EncoderType) ||
           PyModule_AddObjectRef(module, "Cursor", (PyObject *)CursorType) ||
           PyModule_AddObjectRef(module, "Span", (PyObject *)SpanType) ||
           PyModule_AddObjectRef(module, "Recorder", (PyObject *)RecorderType) ||
           PyModule_AddObjectRef(module, "Texts", (PyObject *)TextsType)
               ? -1 : 0;
}

static PyModuleDef_Slot slots[] = {{Py_mod_exec, fill},
#if PY_VERSION_HEX >= 0x030c0000
                                   {Py_mod_multiple_interpreters, Py_MOD_MULTIPLE_INTERPRETERS_NOT_SUPPORTED},
#endif
                                   {0, NULL}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, .m_name = "obsv.record.core._core", .m_slots = slots};

PyMODINIT_FUNC PyInit__core(void) { return PyModuleDef_Init(&definition); }
