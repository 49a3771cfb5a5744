package dev.pyloop.hint;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Marks a small method of the hot path, which the native library's compiler is to compile into its callers.
 *
 * <p>That compiler knows nothing of what runs often, so it inlines the tiniest methods only. A JVM finds out by itself, and
 * takes no notice. The build of the library replaces this annotation by the compiler's own ({@code tools/native_build/hints.py}).
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.METHOD)
public @interface Inlined {
    /** Returns why, for whoever reads the code. */
    String value() default "hot path";
}
