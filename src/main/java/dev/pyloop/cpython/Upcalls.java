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
 * error indicator, and the upcall answers the null pointer. All entry points have one signature, {@code long f(long, long,
 * long, long)}, and bind one object, so linking is paid once: in the calling conventions that {@code NativeFunction}
 * describes, a parameter that the caller does not pass is a register with something in it, and what is returned in place
 * of an {@code int} is cut by the caller. Entry points live as long as the process.
 */
final class Upcalls {
    private static final int FAILED = -1;

    private Upcalls() {}

    /** {@code PyCFunctionFastWithKeywords}: {@code PyObject *f(PyObject *, PyObject *const *, Py_ssize_t, PyObject *)}. */
    static long keywords(Methods methods, int method) {
        return bind(Functions.KEYWORDS, new Target(methods, method));
    }

    /** {@code PyCFunction} called with {@code METH_NOARGS}: the second parameter is unused. */
    static long noArguments(Methods methods, int method) {
        return bind(Functions.NO_ARGUMENTS, new Target(methods, method));
    }

    /** {@code PyCFunction} called with {@code METH_O}. */
    static long oneArgument(Methods methods, int method) {
        return bind(Functions.ONE_ARGUMENT, new Target(methods, method));
    }

    /** {@code traverseproc}: {@code int f(PyObject *self, visitproc visit, void *arg)}. */
    static long traverse(Traverse traverse) {
        return bind(Functions.TRAVERSE, traverse);
    }

    private static long bind(MethodHandle function, Object target) {
        return NativeLinker.entryPoint(function.bindTo(target));
    }

    /** A method, by its number among those of an object. */
    private record Target(Methods methods, int method) {}

    private static final class Functions {
        static final MethodHandle KEYWORDS = function("callKeywords", Target.class);
        static final MethodHandle NO_ARGUMENTS = function("callNoArguments", Target.class);
        static final MethodHandle ONE_ARGUMENT = function("callOneArgument", Target.class);
        static final MethodHandle TRAVERSE = function("callTraverse", Traverse.class);

        private static MethodHandle function(String name, Class<?> target) {
            MethodType type = MethodType.methodType(long.class, target, long.class, long.class, long.class, long.class);
            try {
                return MethodHandles.lookup().findStatic(Upcalls.class, name, type);
            } catch (ReflectiveOperationException e) {
                throw new LinkageError(name, e);
            }
        }
    }

    @SuppressWarnings({"UnusedMethod", "UnusedVariable"}) // the target of Functions.KEYWORDS
    private static long callKeywords(Target target, long self, long arguments, long count, long names) {
        try {
            return target.methods().call(target.method(), self, arguments, count, names);
        } catch (Throwable t) {
            return raise(t);
        }
    }

    @SuppressWarnings({"UnusedMethod", "UnusedVariable"}) // the target of Functions.NO_ARGUMENTS
    private static long callNoArguments(Target target, long self, long none, long noCount, long noNames) {
        try {
            return target.methods().call(target.method(), self);
        } catch (Throwable t) {
            return raise(t);
        }
    }

    @SuppressWarnings({"UnusedMethod", "UnusedVariable"}) // the target of Functions.ONE_ARGUMENT
    private static long callOneArgument(Target target, long self, long argument, long noCount, long noNames) {
        try {
            return target.methods().call(target.method(), self, argument);
        } catch (Throwable t) {
            return raise(t);
        }
    }

    @SuppressWarnings({"UnusedMethod", "UnusedVariable"}) // the target of Functions.TRAVERSE
    private static long callTraverse(Traverse traverse, long self, long visit, long argument, long none) {
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
