package dev.pyloop.bridge;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Arrays;
import java.util.Objects;
import java.util.concurrent.Flow;
import org.jspecify.annotations.Nullable;

/**
 * Publishers of {@link Flow}, and of interfaces that look like its: those of {@code org.reactivestreams}.
 *
 * <p>Such an interface is found by its methods, in the class loader of whoever brings it.
 */
public final class Publishers {
    private static final String SUBSCRIBE = "subscribe";

    /** The {@code subscribe} of such an interface that a class implements. */
    private static final ClassValue<@Nullable Method> LIKENESS = new ClassValue<>() {
        @Override
        protected @Nullable Method computeValue(Class<?> type) {
            for (Class<?> each : Types.interfaces(type)) {
                Method method = subscribeOf(each);
                if (method != null) {
                    return method;
                }
            }
            return null;
        }
    };

    private Publishers() {}

    /** Tells whether an object is a publisher. */
    public static boolean isPublisher(Object object) {
        return object instanceof Flow.Publisher || LIKENESS.get(object.getClass()) != null;
    }

    private static @Nullable Method subscribeOf(Class<?> type) {
        for (Method method : type.getMethods()) {
            Class<?>[] parameters = method.getParameterTypes();
            if (method.getName().equals(SUBSCRIBE) && parameters.length == 1 && isSubscriber(parameters[0])) {
                return method;
            }
        }
        return null;
    }

    private static boolean isSubscriber(Class<?> type) {
        return type.isInterface()
                && Arrays.stream(type.getMethods())
                                .map(Method::getName)
                                .filter(name -> name.equals("onSubscribe")
                                        || name.equals("onNext")
                                        || name.equals("onError")
                                        || name.equals("onComplete"))
                                .distinct()
                                .count()
                        == 4;
    }

    @SuppressWarnings("unchecked")
    static void subscribe(Object publisher, Intake intake) throws Throwable {
        if (publisher instanceof Flow.Publisher) {
            ((Flow.Publisher<Object>) publisher).subscribe(intake);
            return;
        }
        Method subscribe = LIKENESS.get(publisher.getClass());
        if (subscribe == null) {
            throw new IllegalArgumentException("not a publisher");
        }
        Class<?> type = subscribe.getParameterTypes()[0];
        call(subscribe, publisher, implementation(type, new Subscriber(intake)));
    }

    /** Returns a publisher of {@link Flow}'s as one of another interface that looks like it. */
    public static Object as(Class<?> type, Flow.Publisher<Object> publisher) {
        if (type == Flow.Publisher.class) {
            return publisher;
        }
        if (!type.isInterface() || subscribeOf(type) == null) {
            throw new IllegalArgumentException(type.getName() + " is no publisher's interface");
        }
        return implementation(type, new Source(publisher));
    }

    private static Object implementation(Class<?> type, InvocationHandler handler) {
        return Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler);
    }

    static @Nullable Object call(Method method, Object target, @Nullable Object... arguments) throws Throwable {
        try {
            return method.invoke(target, arguments);
        } catch (InvocationTargetException error) {
            throw error.getTargetException();
        }
    }

    /** A subscription, or subscriber, of another interface, called by the names of its methods. */
    private static final class Other {
        private final Object object;

        Other(Object object) {
            this.object = object;
        }

        void call(String name, Class<?> parameter, @Nullable Object argument) {
            send(Types.method(object.getClass(), name, parameter), argument);
        }

        void call(String name) {
            send(Types.method(object.getClass(), name));
        }

        private void send(@Nullable Method method, @Nullable Object... arguments) {
            if (method == null) {
                throw new IllegalArgumentException(object.getClass().getName() + " is not of a publisher's interfaces");
            }
            try {
                Publishers.call(method, object, arguments);
            } catch (RuntimeException | Error error) {
                throw error;
            } catch (Throwable error) {
                throw new IllegalStateException(error);
            }
        }
    }

    /** An intake as a subscriber of another interface. */
    private static final class Subscriber implements InvocationHandler {
        private final Intake intake;

        Subscriber(Intake intake) {
            this.intake = intake;
        }

        @Override
        public @Nullable Object invoke(Object proxy, Method method, @Nullable Object @Nullable [] arguments) {
            if (method.getDeclaringClass() == Object.class) {
                return Types.ofObject(proxy, method, arguments);
            }
            Object argument = arguments == null ? null : arguments[0];
            switch (method.getName()) {
                case "onNext":
                    intake.onNext(Objects.requireNonNull(argument));
                    break;
                case "onSubscribe":
                    Other subscription = new Other(Objects.requireNonNull(argument));
                    intake.start(new Intake.Demand() {
                        @Override
                        public void request(long count) {
                            subscription.call("request", long.class, count);
                        }

                        @Override
                        public void cancel() {
                            subscription.call("cancel");
                        }
                    });
                    break;
                case "onError":
                    intake.onError((Throwable) Objects.requireNonNull(argument));
                    break;
                default:
                    intake.onComplete();
            }
            return null;
        }
    }

    /** A publisher of Flow's as one of another interface. */
    private static final class Source implements InvocationHandler {
        private final Flow.Publisher<Object> publisher;

        Source(Flow.Publisher<Object> publisher) {
            this.publisher = publisher;
        }

        @Override
        public @Nullable Object invoke(Object proxy, Method method, @Nullable Object @Nullable [] arguments) {
            if (method.getDeclaringClass() == Object.class || arguments == null) {
                return Types.ofObject(proxy, method, arguments);
            }
            Class<?> subscriberType = method.getParameterTypes()[0];
            Class<?> subscriptionType = Arrays.stream(subscriberType.getMethods())
                    .filter(each -> each.getName().equals("onSubscribe"))
                    .findFirst()
                    .orElseThrow()
                    .getParameterTypes()[0];
            Other subscriber = new Other(Objects.requireNonNull(arguments[0]));
            publisher.subscribe(new Flow.Subscriber<>() {
                @Override
                public void onSubscribe(Flow.Subscription subscription) {
                    Object other = implementation(subscriptionType, new Subscription(subscription));
                    subscriber.call("onSubscribe", subscriptionType, other);
                }

                @Override
                public void onNext(Object item) {
                    subscriber.call("onNext", Object.class, item);
                }

                @Override
                public void onError(Throwable error) {
                    subscriber.call("onError", Throwable.class, error);
                }

                @Override
                public void onComplete() {
                    subscriber.call("onComplete");
                }
            });
            return null;
        }
    }

    /** A subscription of Flow's as one of another interface. */
    private static final class Subscription implements InvocationHandler {
        private final Flow.Subscription subscription;

        Subscription(Flow.Subscription subscription) {
            this.subscription = subscription;
        }

        @Override
        public @Nullable Object invoke(Object proxy, Method method, @Nullable Object @Nullable [] arguments) {
            if (method.getDeclaringClass() == Object.class) {
                return Types.ofObject(proxy, method, arguments);
            }
            if (arguments != null) {
                subscription.request((Long) Objects.requireNonNull(arguments[0]));
            } else {
                subscription.cancel();
            }
            return null;
        }
    }
}
