/*
 * The extension module `pyloop._native`, for every CPython from 3.11 on. It has one function:
 *
 *     start(module, max_heap_bytes)    starts the engine, which adds its types to the module; RuntimeError if it cannot
 *
 * The C API is declared here by hand, as far as it is used and as all versions have it, and its functions are looked up in
 * whatever loaded this module: the interpreter may be a library that was loaded privately.
 */
#define _GNU_SOURCE
#include "bridge.h"

#include <dlfcn.h>
#include <stddef.h>
#include <stdio.h>

typedef struct PyObject PyObject;

struct PyObject {
    ptrdiff_t ob_refcnt;
    PyObject *ob_type;
};

/* Include/methodobject.h */
typedef struct {
    const char *ml_name;
    PyObject *(*ml_meth)(PyObject *, PyObject *const *, ptrdiff_t);
    int ml_flags;
    const char *ml_doc;
} PyMethodDef;

#define METH_FASTCALL 0x0080

/* Include/moduleobject.h */
typedef struct {
    int slot;
    void *value;
} PyModuleDef_Slot;

typedef struct {
    PyObject ob_base;
    PyObject *(*m_init)(void);
    ptrdiff_t m_index;
    PyObject *m_copy;
    const char *m_name;
    const char *m_doc;
    ptrdiff_t m_size;
    PyMethodDef *m_methods;
    PyModuleDef_Slot *m_slots;
    void *m_traverse;
    void *m_clear;
    void *m_free;
} PyModuleDef;

/* What the interpreter was loaded as; RTLD_DEFAULT for the program itself. */
static void *interpreter;

static long (*long_as_long)(PyObject *);
static void (*set_string)(PyObject *, const char *);
static PyObject *(*get_interpreter)(void);
static PyObject *(*get_main_interpreter)(void);
static PyObject *(*error_occurred)(void);

/* Whether the runtime is there. */
static int started;

/* The module that the engine has added its types to; owned. */
static PyObject *filled;

/* Whether the interpreter whose objects the engine refers to has ended. */
static int interpreter_ended;

static void note_end(void) {
    interpreter_ended = 1;
}

void pyloop_raise(const char *type, const char *message) {
    PyObject **exception = dlsym(interpreter, type);
    set_string(*exception, message);
}

static PyObject *raise(const char *message) {
    pyloop_raise("PyExc_RuntimeError", message);
    return NULL;
}

static PyObject *none(void) {
    PyObject *(*build_value)(const char *, ...) = (PyObject * (*)(const char *, ...)) dlsym(interpreter, "Py_BuildValue");
    return build_value("");
}

/* The import that called start() was interrupted right after it, by Ctrl-C for example, and is made once more. */
static PyObject *fill_again(PyObject *module) {
    PyObject *(*get_dict)(PyObject *) = (PyObject * (*)(PyObject *)) dlsym(interpreter, "PyModule_GetDict");
    int (*merge)(PyObject *, PyObject *, int) = (int (*)(PyObject *, PyObject *, int))dlsym(interpreter, "PyDict_Merge");
    const int replace = 0;
    return merge(get_dict(module), get_dict(filled), replace) == 0 ? none() : NULL;
}

static void keep_filled(PyObject *module) {
    void (*increment)(PyObject *) = (void (*)(PyObject *))dlsym(interpreter, "Py_IncRef");
    int (*at_exit)(void (*)(void)) = (int (*)(void (*)(void)))dlsym(interpreter, "Py_AtExit");
    /* There may be no room for another function; what cannot be noted must not be used. */
    if (at_exit(note_end) == 0) {
        increment(module);
        filled = module;
    }
}

static PyObject *start(PyObject *self, PyObject *const *arguments, ptrdiff_t count) {
    static char message[4096];
    (void)self;
    if (count != 2) {
        return raise("expected a module and the most bytes of the heap");
    }
    if (get_interpreter() != get_main_interpreter()) {
        return raise("PyLoop cannot run here: this is a sub-interpreter");
    }
    if (interpreter_ended) {
        return raise("PyLoop cannot run here: this interpreter was initialized after another one of this process had ended, "
                     "to which PyLoop's engine belongs");
    }
    if (filled != NULL) {
        return fill_again(arguments[0]);
    }
    if (started) {
        return raise("PyLoop's engine was started before in this process");
    }
    size_t max_heap = (size_t)long_as_long(arguments[1]);
    if (error_occurred() != NULL) {
        return NULL;
    }
    int error = pyloop_start_runtime(&max_heap);
    if (error == PYLOOP_NO_ADDRESS_SPACE) {
        return raise("PyLoop's engine could not be started: this process may not map more memory (ulimit -v)");
    }
    if (error != 0) {
        snprintf(message, sizeof message, "PyLoop's engine could not be started: error %d of its runtime", error);
        return raise(message);
    }
    started = 1;
    graal_thread *thread = pyloop_find_thread(pyloop_stack_pointer(), 1);
    if (pyloop_engine_start(thread, (long)dlsym, (long)interpreter, (long)arguments[0], (long)max_heap,
                            (long)message, sizeof message) != 0) {
        return raise(message);
    }
    keep_filled(arguments[0]);
    return none();
}

static PyMethodDef methods[] = {
    {"start", start, METH_FASTCALL, "start($module, module, max_heap_bytes, /)\n--\n\nStart the engine."},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {{0, NULL}};

static PyModuleDef definition = {
    .ob_base = {1, NULL},
    .m_name = "pyloop._native",
    .m_doc = "PyLoop's engine as a native library.",
    .m_methods = methods,
    .m_slots = slots,
};

/* Finds out who called: a library, or the program, whose symbols are then those that everybody sees. */
static void find_interpreter(void *caller) {
    Dl_info info;
    void *library = dladdr(caller, &info) != 0 ? dlopen(info.dli_fname, RTLD_LAZY | RTLD_NOLOAD) : NULL;
    interpreter = library != NULL && dlsym(library, "PyModuleDef_Init") != NULL ? library : RTLD_DEFAULT;
}

__attribute__((visibility("default"))) PyObject *PyInit__native(void) {
    find_interpreter(__builtin_return_address(0));
    PyObject *(*init)(PyModuleDef *) = (PyObject * (*)(PyModuleDef *)) dlsym(interpreter, "PyModuleDef_Init");
    long_as_long = (long (*)(PyObject *))dlsym(interpreter, "PyLong_AsLong");
    set_string = (void (*)(PyObject *, const char *))dlsym(interpreter, "PyErr_SetString");
    get_interpreter = (PyObject * (*)(void)) dlsym(interpreter, "PyInterpreterState_Get");
    get_main_interpreter = (PyObject * (*)(void)) dlsym(interpreter, "PyInterpreterState_Main");
    error_occurred = (PyObject * (*)(void)) dlsym(interpreter, "PyErr_Occurred");
    return init(&definition);
}
