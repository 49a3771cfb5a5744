package dev.pyloop.bridge;

import org.jspecify.annotations.Nullable;

/** An exception that was raised in Python. Its stack trace begins with the frames of Python, the innermost first. */
public final class PythonException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final String type;
    private final String text;
    private final String traceback;
    private final transient @Nullable Object object;

    /**
     * Describes an exception.
     *
     * @param type the name of its class, with the module unless it is built in
     * @param text what {@code str()} says of it
     * @param traceback what Python prints of it
     * @param object the exception, a {@link PythonValue}
     * @param cause what it was raised from
     */
    public PythonException(
            String type, String text, String traceback, @Nullable Object object, @Nullable Throwable cause) {
        super(text.isEmpty() ? type : type + ": " + text, cause);
        this.type = type;
        this.text = text;
        this.traceback = traceback;
        this.object = object;
    }

    /** Puts the frames of Python before those of Java. */
    public void setFrames(String[] functions, String[] files, int[] lines) {
        StackTraceElement[] java = getStackTrace();
        StackTraceElement[] all = new StackTraceElement[functions.length + java.length];
        for (int i = 0; i < functions.length; i++) {
            all[i] = new StackTraceElement("python", functions[i], files[i], lines[i]);
        }
        System.arraycopy(java, 0, all, functions.length, java.length);
        setStackTrace(all);
    }

    /** The name of the exception's class in Python, with the module unless it is built in. */
    public String getPythonType() {
        return type;
    }

    /** What {@code str()} says of the exception. */
    public String getPythonMessage() {
        return text;
    }

    /** The traceback as Python prints it. */
    public String getPythonTraceback() {
        return traceback;
    }

    /** The exception itself, as something that becomes it again in Python; null if this was serialized meanwhile. */
    public @Nullable Object object() {
        return object;
    }
}
