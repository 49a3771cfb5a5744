package dev.pyloop.bridge;

import org.jspecify.annotations.Nullable;

/** What a Python method returned as the type that an interface of Java's promises. */
final class Results {
    private Results() {}

    /** Returns the value as it is, or, where a primitive type or its box is promised, a number of that kind. */
    static @Nullable Object as(Class<?> type, @Nullable Object value) {
        if (value instanceof Number) {
            Number number = (Number) value;
            if (type == int.class || type == Integer.class) {
                return Math.toIntExact(number.longValue());
            }
            if (type == double.class || type == Double.class) {
                return number.doubleValue();
            }
            if (type == float.class || type == Float.class) {
                return number.floatValue();
            }
            if (type == short.class || type == Short.class) {
                return number.shortValue();
            }
            if (type == byte.class || type == Byte.class) {
                return number.byteValue();
            }
        }
        if (value instanceof String && (type == char.class || type == Character.class)) {
            return ((String) value).charAt(0);
        }
        return value;
    }
}
