package dev.pyloop.bridge;

import org.jspecify.annotations.Nullable;

/** A call of a method of a Python object, which the loop makes. */
public final class Call extends Event {
    private final String method;
    private final @Nullable Object[] arguments;
    private final Object target;
    private final CoroutineStage stage;
    private final boolean staged;

    Call(Object target, String method, @Nullable Object[] arguments, CoroutineStage stage, boolean staged) {
        this.target = target;
        this.method = method;
        this.arguments = arguments;
        this.stage = stage;
        this.staged = staged;
    }

    /** The object, a {@link PythonValue}. */
    public Object target() {
        return target;
    }

    /** The method's name. */
    public String method() {
        return method;
    }

    /** What it is called with. */
    public @Nullable Object[] arguments() {
        return arguments;
    }

    /** Takes what came of it. */
    public CoroutineStage stage() {
        return stage;
    }

    /** Tells whether the caller gets the stage, and not its value. */
    public boolean isStaged() {
        return staged;
    }

    @Override
    void report(Mailbox mailbox, int row) {
        mailbox.write(row, stage.token(), Kind.CALL, 0, this);
    }

    @Override
    void refuse() {
        stage.raised(new IllegalStateException("the loop that runs " + method + "() is closed"));
    }
}
