// Exceptions that come up while obsv works: ours end here, the program's own go on to it.
#include "core.h"

int swallow(PyObject *is_from_signal) {
    if (!PyErr_ExceptionMatches(PyExc_Exception)) return 0;
#if PY_VERSION_HEX >= 0x030c0000
    PyObject *error = PyErr_GetRaisedException();
#else
    PyObject *type, *error, *frames;
    PyErr_Fetch(&type, &error, &frames);
    PyErr_NormalizeException(&type, &error, &frames);
    if (frames) PyException_SetTraceback(error, frames);
#endif
    PyObject *answer = PyObject_CallOneArg(is_from_signal, error);
    int swallowed = answer == Py_False;
    if (!answer) {
        // No answer, as near the recursion limit: ours. What is no Exception came in between and is the program's.
        if (PyErr_ExceptionMatches(PyExc_Exception)) PyErr_Clear(), swallowed = 1;
    } else if (!swallowed) {
#if PY_VERSION_HEX >= 0x030c0000
        PyErr_SetRaisedException(Py_NewRef(error));
#else
        PyErr_Restore(Py_XNewRef(type), Py_XNewRef(error), Py_XNewRef(frames));
#endif
    }
    Py_XDECREF(answer);
    Py_DECREF(error);
#if PY_VERSION_HEX < 0x030c0000
    Py_XDECREF(type);
    Py_XDECREF(frames);
#endif
    return swallowed;
}
