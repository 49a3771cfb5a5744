package dev.pyloop.cpython;

import dev.pyloop.memory.EntryPoint;
import dev.pyloop.memory.EntryPoints;

/**
 * Native entry points for Java methods, and the guard around every one of them.
 *
 * <p>Invariant: nothing thrown leaves an upcall, which would end the process. What is thrown becomes the interpreter's
 * error indicator, and the upcall answers the null pointer. All have the one signature of {@link EntryPoint}: in the
 * calling conventions that {@code NativeFunction} describes, a parameter that the caller does not pass is a register with
 * something in it. Entry points live as long as the process.
 *
 * <p>{@code OutOfMemoryError} has a handler of its own wherever everything is caught. In the native library, the error of
 * an allocation in a {@code try} block, or in a method compiled into it, reaches no handler but one that names it.
 */
final class Upcalls {
    private static final int FAILED = -1;

    private Upcalls() {}

    /** {@code PyCFunctionFastWithKeywords}: {@code PyObject *f(PyObject *, PyObject *const *, Py_ssize_t, PyObject *)}. */
    static long keywords(Methods methods, int method) {
        return EntryPoints.addressOf(new Keywords(methods, method));
    }

    /** {@code PyCFunction} called with {@code METH_NOARGS}: the second parameter is unused. */
    static long noArguments(Methods methods, int method) {
        return EntryPoints.addressOf(new NoArguments(methods, method));
    }

    /** {@code PyCFunction} called with {@code METH_O}. */
    static long oneArgument(Methods methods, int method) {
        return EntryPoints.addressOf(new OneArgument(methods, method));
    }

    /** {@code traverseproc}: {@code int f(PyObject *self, visitproc visit, void *arg)}. */
    static long traverse(Traverse traverse) {
        return EntryPoints.addressOf(new Collector(traverse, new Traverse.Visitor()));
    }

    private record Keywords(Methods methods, int method) implements KeywordsMethod {
        @Override
        public long call(long self, long arguments, long count, long names) {
            return methods.call(method, self, arguments, count, names);
        }
    }

    private record NoArguments(Methods methods, int method) implements KeywordsMethod {
        @Override
        public long call(long self, long none, long noCount, long noNames) {
            return methods.call(method, self);
        }
    }

    private record OneArgument(Methods methods, int method) implements KeywordsMethod {
        @Override
        public long call(long self, long argument, long noCount, long noNames) {
            return methods.call(method, self, argument);
        }
    }

    private record Collector(Traverse traverse, Traverse.Visitor visitor) implements EntryPoint {
        @Override
        public long call(long self, long visit, long argument, long none) {
            visitor.begin(visit, argument);
            traverse.traverse(self, visitor);
            return visitor.status();
        }

        @Override
        public long failed(Throwable thrown) {
            // The collector knows no errors; not having shown a reference only keeps objects alive.
            return FAILED;
        }

        @Override
        public boolean isInfallible() {
            return true;
        }
    }

    /** Sets the error indicator to what was thrown, and answers what an upcall returns then. */
    static long raise(Throwable thrown) {
        try {
            Errors.raise(thrown);
        } catch (OutOfMemoryError e) {
            return Objects.NULL;
        } catch (Throwable t) {
            // Making an exception runs Python code, which may raise another: then that one is set. Or Java is out of
            // stack or memory once more: then none is, and CPython makes a SystemError of the null pointer alone.
        }
        return Objects.NULL;
    }
}
