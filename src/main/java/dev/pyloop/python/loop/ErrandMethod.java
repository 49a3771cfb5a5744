package dev.pyloop.python.loop;

import dev.pyloop.cpython.DrivenMethod;
import dev.pyloop.cpython.Errors;
import dev.pyloop.cpython.Objects;
import dev.pyloop.cpython.Owned;
import dev.pyloop.cpython.PythonException;
import dev.pyloop.cpython.References;
import dev.pyloop.hint.Inlined;
import dev.pyloop.memory.CallRequest;

/**
 * A method that may leave {@link Errands}, which are run before it returns, without a Java frame under them.
 *
 * <p>Where something else is to be done after the errands, the method answers {@link #AGAIN}, and is called once more when
 * they have been run. Guarded by the GIL.
 *
 * @param takesArguments how it is called: as {@code METH_FASTCALL | METH_KEYWORDS} or as {@code METH_NOARGS}
 */
public record ErrandMethod(ErrandMethods methods, int method, boolean takesArguments) implements DrivenMethod {
    /** The answer of a method that has left errands, and goes on when they have been run. */
    public static final long AGAIN = Objects.NULL;

    @Override
    @Inlined
    public @Owned long begin(long request) {
        int before = Errands.total();
        @Owned long result = call(request);
        return before == Errands.total() && result != AGAIN ? result : end(result, request);
    }

    @Override
    public @Owned long resume(@Owned long done, long request) {
        Errands.endRequest(CallRequest.argument(request, 1));
        CallRequest.clear(request);
        @Owned long result = CallRequest.state(request);
        if (done == Objects.NULL) {
            @Owned long failure = Errors.take();
            References.releaseUnlessNull(result);
            Errors.restore(failure);
            throw PythonException.PENDING;
        }
        References.release(done);
        return end(result == AGAIN ? call(request) : result, request);
    }

    /** Has the errands run that there are by now. */
    private @Owned long end(@Owned long result, long request) {
        LoopObject loop = methods.loopOf(CallRequest.parameter(request, 0));
        return loop == null || loop.errands().isEmpty() ? result : runErrands(loop, result, request);
    }

    private static long runErrands(LoopObject loop, @Owned long result, long request) {
        CallRequest.setState(request, result);
        try {
            loop.errands().request(request);
        } catch (OutOfMemoryError | PythonException e) {
            References.releaseUnlessNull(result);
            throw e;
        }
        return Objects.NULL;
    }

    @Inlined
    private @Owned long call(long request) {
        long self = CallRequest.parameter(request, 0);
        return takesArguments
                ? methods.call(
                        method,
                        self,
                        CallRequest.parameter(request, 1),
                        CallRequest.parameter(request, 2),
                        CallRequest.parameter(request, 3))
                : methods.call(method, self);
    }
}
