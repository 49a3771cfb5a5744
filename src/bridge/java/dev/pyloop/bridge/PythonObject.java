package dev.pyloop.bridge;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/**
 * Implements interfaces by a Python object whose methods run on a loop.
 *
 * <p>A method whose result is a stage or future returns one at once; one without a result returns at once, too. Any other
 * waits for its result, which the loop's own thread must not.
 */
public final class PythonObject implements InvocationHandler {
    private static final @Nullable Object[] NONE = {};

    private final Mailbox mailbox;
    private final Object target;
    private final Set<String> names;

    private PythonObject(Mailbox mailbox, Object target, Set<String> names) {
        this.mailbox = mailbox;
        this.target = target;
        this.names = names;
    }

    /**
     * Makes an object of Java's out of one of Python's.
     *
     * @param target the Python object, a {@link PythonValue}
     * @param names the methods it has: other methods are the interfaces' own default ones
     */
    public static Object implement(Mailbox mailbox, Object target, String[] names, Class<?>[] interfaces) {
        return Proxy.newProxyInstance(
                interfaces[0].getClassLoader() == null
                        ? PythonObject.class.getClassLoader()
                        : interfaces[0].getClassLoader(),
                interfaces,
                new PythonObject(mailbox, target, Set.of(names)));
    }

    /** The names of the methods that a Python object has to have for an interface. */
    public static String[] needed(Class<?> type) {
        return java.util.Arrays.stream(type.getMethods())
                .filter(method -> java.lang.reflect.Modifier.isAbstract(method.getModifiers()))
                .filter(method -> declaredByObject(method) == null)
                .map(Method::getName)
                .distinct()
                .toArray(String[]::new);
    }

    private static @Nullable Method declaredByObject(Method method) {
        try {
            return Object.class.getMethod(method.getName(), method.getParameterTypes());
        } catch (NoSuchMethodException none) {
            return null;
        }
    }

    @Override
    public @Nullable Object invoke(Object proxy, Method method, @Nullable Object @Nullable [] given) throws Throwable {
        @Nullable Object[] arguments = given == null ? NONE : given;
        if (method.getDeclaringClass() == Object.class) {
            return Types.ofObject(proxy, method, arguments);
        }
        if (method.isDefault() && !names.contains(method.getName())) {
            return invokeDefault(proxy, method, arguments);
        }
        CoroutineStage stage = new CoroutineStage(mailbox);
        Class<?> type = method.getReturnType();
        boolean returnsStage = type != Object.class && type.isAssignableFrom(CoroutineStage.class);
        if (!returnsStage && type != void.class && mailbox.isOwn()) {
            throw new IllegalStateException(
                    "the loop's thread cannot wait for " + method.getName() + "(), which it is to run itself");
        }
        mailbox.post(new Call(target, method.getName(), arguments, stage, returnsStage));
        if (returnsStage) {
            return stage;
        }
        if (type == void.class) {
            return null;
        }
        return Results.as(type, result(stage));
    }

    private static @Nullable Object result(CoroutineStage stage) throws Throwable {
        try {
            return stage.join();
        } catch (CompletionException error) {
            Throwable cause = error.getCause();
            throw cause != null ? cause : error;
        } catch (CancellationException error) {
            throw new IllegalStateException("the task that computes the result was cancelled", error);
        }
    }

    private static @Nullable Object invokeDefault(Object proxy, Method method, @Nullable Object[] arguments)
            throws Throwable {
        Class<?> type = method.getDeclaringClass();
        return MethodHandles.lookup()
                .findSpecial(
                        type,
                        method.getName(),
                        MethodType.methodType(method.getReturnType(), method.getParameterTypes()),
                        type)
                .bindTo(proxy)
                .invokeWithArguments(arguments);
    }
}
