package dev.pyloop.boot;

import com.oracle.svm.core.hub.DynamicHub;
import org.graalvm.nativeimage.ImageSingletons;

/**
 * Classes that are initialized when the engine has started, so that no code that runs later has to look whether they are.
 *
 * <p>The builder puts the one instance into the library ({@code dev.pyloop.builder}).
 */
public final class StartedClasses {
    private final Class<?>[] classes;

    /** Takes the classes over. */
    public StartedClasses(Class<?>[] classes) {
        this.classes = classes;
    }

    /** Initializes what the start of the engine has not. */
    static void initialize() {
        for (Class<?> each : ImageSingletons.lookup(StartedClasses.class).classes) {
            DynamicHub.fromClass(each).ensureInitialized();
        }
    }
}
