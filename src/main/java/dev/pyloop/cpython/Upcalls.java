package dev.pyloop.cpython;

import dev.pyloop.memory.NativeLinker;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;

/**
 * Native entry points for Java methods, and the guard around every one of them.
 *
 * <p>Invariant: nothing thrown leaves an upcall, which would end the process. What is thrown becomes the interpreter's
 * error indicator, and the upcall answers the null pointer. Every entry point of one shape shares one guarded target and
 * binds only the receiver and the method's number, so linking is paid once per shape. Entry points live as long as the
 * process.
 */
final class Upcalls {
    private static final int FAILED = -1;

    private Upcalls() {}

    /** {@code PyCFunctionFastWithKeywords}: {@code PyObject *f(PyObject *, PyObject *const *, Py_ssize_t, PyObject *)}. */
    static long keywords(Methods methods, int method) {
        return bind(Shapes.KEYWORDS, methods, method);
    }

    /** {@code PyCFunction} called with {@code METH_NOARGS}: the second parameter is unused. */
    static long noArguments(Methods methods, int method) {
        return bind(Shapes.NO_ARGUMENTS, methods, method);
    }

    /** {@code PyCFunction} called with {@code METH_O}. */
    static long oneArgument(Methods methods, int method) {
        return bind(Shapes.ONE_ARGUMENT, methods, method);
    }

    /** {@code traverseproc}: {@code int f(PyObject *self, visitproc visit, void *arg)}. */
    static long traverse(Traverse traverse) {
        return NativeLinker.entryPoint(Shapes.TRAVERSE.bindTo(traverse));
    }

    private static long bind(MethodHandle shape, Methods methods, int method) {
        return NativeLinker.entryPoint(MethodHandles.insertArguments(shape, 0, methods, method));
    }

    private static final class Shapes {
        static final MethodHandle KEYWORDS = target(
                "callKeywords", long.class, Methods.class, int.class, long.class, long.class, long.class, long.class);
        static final MethodHandle NO_ARGUMENTS =
                target("callNoArguments", long.class, Methods.class, int.class, long.class, long.class);
        static final MethodHandle ONE_ARGUMENT =
                target("callOneArgument", long.class, Methods.class, int.class, long.class, long.class);
        static final MethodHandle TRAVERSE =
                target("callTraverse", int.class, Traverse.class, long.class, long.class, long.class);

        private static MethodHandle target(String name, Class<?> result, Class<?>... parameters) {
            try {
                return MethodHandles.lookup()
                        .findStatic(Upcalls.class, name, MethodType.methodType(result, parameters));
            } catch (ReflectiveOperationException e) {
                throw new LinkageError(name, e);
            }
        }
    }

    @SuppressWarnings("UnusedMethod") // the target of Shapes.KEYWORDS
    private static long callKeywords(Methods methods, int method, long self, long arguments, long count, long names) {
        try {
            return methods.call(method, self, arguments, count, names);
        } catch (Throwable t) {
            return raise(t);
        }
    }

    @SuppressWarnings("UnusedMethod") // the target of Shapes.NO_ARGUMENTS
    private static long callNoArguments(Methods methods, int method, long self, long unused) {
        try {
            return methods.call(method, self);
        } catch (Throwable t) {
            return raise(t);
        }
    }

    @SuppressWarnings("UnusedMethod") // the target of Shapes.ONE_ARGUMENT
    private static long callOneArgument(Methods methods, int method, long self, long argument) {
        try {
            return methods.call(method, self, argument);
        } catch (Throwable t) {
            return raise(t);
        }
    }

    @SuppressWarnings("UnusedMethod") // the target of Shapes.TRAVERSE
    private static int callTraverse(Traverse traverse, long self, long visit, long argument) {
        try {
            Traverse.Visitor visitor = new Traverse.Visitor(visit, argument);
            traverse.traverse(self, visitor);
            return visitor.status();
        } catch (Throwable t) {
            // The collector knows no errors; not having shown a reference only keeps objects alive.
            return FAILED;
        }
    }

    /** Sets the error indicator to what was thrown, and answers what an upcall returns then. */
    private static long raise(Throwable thrown) {
        try {
            setError(thrown);
        } catch (Throwable t) {
            // Making an exception runs Python code, which may raise another: then that one is set. Or Java is out of
            // stack or memory once more: then none is, and CPython makes a SystemError of the null pointer alone.
        }
        return Objects.NULL;
    }

    private static void setError(Throwable thrown) {
        // Not a pattern switch: its bootstrap would make the first exception of every program take milliseconds.
        if (thrown instanceof PythonException e) {
            e.raise();
        } else if (thrown instanceof StackOverflowError) {
            Errors.set("PyExc_RecursionError", "maximum recursion depth exceeded in PyLoop");
        } else if (thrown instanceof OutOfMemoryError) {
            Errors.set("PyExc_MemoryError", "the Java heap is exhausted: " + thrown.getMessage());
        } else {
            Errors.set("PyExc_RuntimeError", "internal error in PyLoop: " + stackTrace(thrown));
        }
    }

    private static String stackTrace(Throwable thrown) {
        StringWriter text = new StringWriter();
        thrown.printStackTrace(new PrintWriter(text));
        return text.toString();
    }
}
