package dev.pyloop.bridge;

import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.LinkedHashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Finding by their methods the interfaces that this package is compiled without. */
final class Types {
    private Types() {}

    /** Returns the public interfaces of a class, those of its superclasses and of the interfaces among them. */
    static Set<Class<?>> interfaces(Class<?> type) {
        Set<Class<?>> found = new LinkedHashSet<>();
        for (Class<?> each = type; each != null; each = each.getSuperclass()) {
            collect(each, found);
        }
        return found;
    }

    private static void collect(Class<?> type, Set<Class<?>> found) {
        if (type.isInterface() && Modifier.isPublic(type.getModifiers())) {
            found.add(type);
        }
        for (Class<?> each : type.getInterfaces()) {
            collect(each, found);
        }
    }

    /** Returns a method that an object of a class has by way of a public interface or class, or null. */
    static @Nullable Method method(Class<?> type, String name, Class<?>... parameters) {
        for (Class<?> each : interfaces(type)) {
            Method method = declared(each, name, parameters);
            if (method != null) {
                return method;
            }
        }
        for (Class<?> each = type; each != null; each = each.getSuperclass()) {
            if (Modifier.isPublic(each.getModifiers())) {
                return declared(each, name, parameters);
            }
        }
        return null;
    }

    private static @Nullable Method declared(Class<?> type, String name, Class<?>... parameters) {
        try {
            return type.getMethod(name, parameters);
        } catch (NoSuchMethodException none) {
            return null;
        }
    }

    /** Answers, for a proxy, the methods that every object has. */
    @SuppressWarnings("ReferenceEquality") // as Object's
    static Object ofObject(Object proxy, Method method, @Nullable Object @Nullable [] arguments) {
        switch (method.getName()) {
            case "equals":
                return arguments != null && proxy == arguments[0];
            case "hashCode":
                return System.identityHashCode(proxy);
            default:
                return "PyLoop's " + proxy.getClass().getInterfaces()[0].getName();
        }
    }
}
