package dev.pyloop.builder;

import com.oracle.svm.core.feature.InternalFeature;
import com.oracle.svm.hosted.FeatureImpl.AfterAnalysisAccessImpl;
import dev.pyloop.boot.StartedClasses;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import jdk.graal.compiler.phases.PhaseSuite;
import jdk.graal.compiler.phases.tiers.HighTierContext;
import jdk.graal.compiler.phases.tiers.Suites;
import jdk.graal.compiler.phases.util.Providers;
import org.graalvm.nativeimage.ImageSingletons;
import org.graalvm.nativeimage.hosted.RuntimeClassInitialization;

/**
 * Tells the compiler of the native library what need not be checked where callbacks run.
 *
 * <p>The builder makes the one instance, by the class's name, and calls it in the order of its methods.
 */
public final class EngineFeature implements InternalFeature {
    /** What the hot paths use of the classes that read the running interpreter when they are initialized. */
    private static final List<String> STARTED = List.of(
            "dev.pyloop.cpython.ArgumentTuples",
            "dev.pyloop.cpython.Bytes",
            "dev.pyloop.cpython.Calls",
            "dev.pyloop.cpython.ContextLayout",
            "dev.pyloop.cpython.Contexts",
            "dev.pyloop.cpython.Errors",
            "dev.pyloop.cpython.Gil",
            "dev.pyloop.cpython.Numbers",
            "dev.pyloop.cpython.Objects",
            "dev.pyloop.cpython.References",
            "dev.pyloop.cpython.Strings",
            "dev.pyloop.cpython.Tuples",
            "dev.pyloop.cpython.Types",
            "dev.pyloop.cpython.WakeupDescriptor",
            "dev.pyloop.python.loop.HandleRunner",
            "dev.pyloop.python.loop.Handles",
            "dev.pyloop.python.loop.LoopRun",
            "dev.pyloop.python.loop.Loops",
            "dev.pyloop.python.names.Clock",
            "dev.pyloop.python.names.HandleLayout",
            "dev.pyloop.python.names.LoopFunctions",
            "dev.pyloop.python.names.LoopFunctions$Breath",
            "dev.pyloop.python.names.Names",
            "dev.pyloop.python.names.StreamNames",
            "dev.pyloop.python.names.Stock");

    private final BeforeStart beforeStart = new BeforeStart();
    private Set<Class<?>> started = Set.of();

    @Override
    public String getDescription() {
        return "PyLoop: leaves out checks that always hold once the engine has started";
    }

    @Override
    public void beforeAnalysis(BeforeAnalysisAccess access) {
        started = STARTED.stream().map(name -> find(access, name)).collect(Collectors.toUnmodifiableSet());
        RuntimeClassInitialization.initializeAtBuildTime(StartedClasses.class);
        ImageSingletons.add(StartedClasses.class, new StartedClasses(started.toArray(new Class<?>[0])));
    }

    @Override
    public void afterAnalysis(AfterAnalysisAccess access) {
        beforeStart.find(((AfterAnalysisAccessImpl) access).getUniverse());
    }

    @Override
    public void registerGraalPhases(Providers providers, Suites suites, boolean hosted) {
        if (hosted) {
            PhaseSuite<HighTierContext> tier = suites.getHighTier();
            tier.prependPhase(new InitializedClasses(started, beforeStart));
            tier.prependPhase(new NonNullFields(beforeStart));
        }
    }

    private static Class<?> find(BeforeAnalysisAccess access, String name) {
        Class<?> found = access.findClassByName(name);
        if (found == null) {
            throw new IllegalStateException("there is no class " + name);
        }
        return found;
    }
}
