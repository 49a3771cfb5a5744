package dev.pyloop.python.loop;

import dev.pyloop.cpython.ArgumentTuples;
import dev.pyloop.cpython.Borrowed;
import dev.pyloop.cpython.Calls;
import dev.pyloop.cpython.DrivenMethod;
import dev.pyloop.cpython.ModuleAttribute;
import dev.pyloop.cpython.Objects;
import dev.pyloop.cpython.Owned;
import dev.pyloop.cpython.References;
import dev.pyloop.cpython.Tuples;
import dev.pyloop.hint.Inlined;
import dev.pyloop.memory.CallRequest;
import dev.pyloop.memory.Memory;
import dev.pyloop.python.names.Imports;
import dev.pyloop.python.names.Names;
import dev.pyloop.python.names.Stock;

/**
 * The method {@code create_task}: {@code Task(coro, loop=self)} in the usual case, otherwise asyncio's own method.
 *
 * <p>The usual case is that of a running loop without a task factory and not in debug mode, and has no option, or that of
 * starting at once. A task may do that in any case, so that the call is made where no Java frame lies under it. The state is the tuple of the task's arguments;
 * NULL if asyncio's method is called, bound, by a reference to it. Stateless; guarded by the GIL.
 */
final class TaskMethod implements DrivenMethod {
    static final DrivenMethod METHOD = new TaskMethod();

    private static final class Task {
        static final @Borrowed long TYPE = Imports.attribute("_asyncio", "Task");
        static final ModuleAttribute CURRENT = new ModuleAttribute(Imports.module("asyncio.tasks"), Names.TASK);
    }

    private TaskMethod() {}

    @Override
    @Inlined
    public @Owned long begin(long request) {
        long self = CallRequest.parameter(request, 0);
        long arguments = CallRequest.parameter(request, 1);
        long count = CallRequest.parameter(request, 2);
        long names = CallRequest.parameter(request, 3);
        @Borrowed long keywords = count == 1 ? keywords(self, arguments, names) : Objects.NULL;
        if (keywords != Objects.NULL) {
            @Owned long tuple = ArgumentTuples.of(Memory.getLong(arguments));
            CallRequest.setState(request, tuple);
            // By then the run may be over, if a call_soon of the program's switches greenlets.
            Calls.requestWithDict(request, Task.TYPE, tuple, References.retain(keywords));
        } else {
            Calls.request(request, Stock.createTask(self), arguments, count, names);
        }
        return Objects.NULL;
    }

    @Override
    public @Owned long resume(@Owned long task, long request) {
        @Owned long tuple = CallRequest.state(request);
        if (tuple != Objects.NULL) {
            ArgumentTuples.release(tuple);
            References.release(CallRequest.argument(request, 2));
        } else {
            References.release(CallRequest.argument(request, 0));
        }
        CallRequest.clear(request);
        return task;
    }

    /** Returns the keyword arguments of the task that is asked for; NULL if asyncio's method is to make it. */
    @Inlined
    private static @Borrowed long keywords(@Borrowed long self, long arguments, @Borrowed long names) {
        LoopObject loop = Loops.findOwn(self);
        // Tools and tests replace the class.
        if (loop == null || !loop.state().makesPlainTasks() || Task.CURRENT.value() != Task.TYPE) {
            return Objects.NULL;
        }
        if (names == Objects.NULL) {
            return loop.taskKeywords().plain();
        }
        long value = Memory.getLong(arguments + Long.BYTES);
        if (isOnly(Names.NAME, names) && value == Objects.NONE) {
            // asyncio's own functions pass it on.
            return loop.taskKeywords().plain();
        }
        return isOnly(Names.EAGER_START, names) && value == Objects.TRUE
                ? loop.taskKeywords().eager()
                : Objects.NULL;
    }

    private static boolean isOnly(@Borrowed long name, @Borrowed long names) {
        return Tuples.size(names) == 1 && Tuples.get(names, 0) == name;
    }
}
