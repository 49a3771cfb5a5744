package dev.pyloop.builder;

import com.oracle.graal.pointsto.infrastructure.OriginalFieldProvider;
import com.oracle.svm.hosted.meta.HostedMethod;
import java.lang.reflect.Field;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import jdk.graal.compiler.core.common.type.AbstractObjectStamp;
import jdk.graal.compiler.nodes.GraphState;
import jdk.graal.compiler.nodes.NodeView;
import jdk.graal.compiler.nodes.StructuredGraph;
import jdk.graal.compiler.nodes.java.LoadFieldNode;
import jdk.graal.compiler.phases.BasePhase;
import jdk.graal.compiler.phases.tiers.HighTierContext;
import jdk.vm.ci.meta.ResolvedJavaField;
import org.jspecify.annotations.Nullable;

/**
 * Leaves out the question whether a field of the engine's is null, where its type is not {@code @Nullable}: then javac has
 * made sure that it never is.
 *
 * <p>Constructors are excepted, in which a field may not be set yet, and so is what class initializers lead to, for static
 * fields.
 */
final class NonNullFields extends BasePhase<HighTierContext> {
    private static final String ENGINE = "dev.pyloop.";

    private final BeforeStart beforeStart;
    private final Map<ResolvedJavaField, Boolean> known = new ConcurrentHashMap<>();

    NonNullFields(BeforeStart beforeStart) {
        this.beforeStart = beforeStart;
    }

    @Override
    public Optional<NotApplicable> notApplicableTo(GraphState state) {
        return ALWAYS_APPLICABLE;
    }

    @Override
    protected void run(StructuredGraph graph, HighTierContext context) {
        if (!(graph.method() instanceof HostedMethod method)
                || beforeStart.contains(method.getWrapped())
                || method.isConstructor()) {
            return;
        }
        for (LoadFieldNode load : graph.getNodes().filter(LoadFieldNode.class)) {
            if (load.stamp(NodeView.DEFAULT) instanceof AbstractObjectStamp stamp
                    && !stamp.nonNull()
                    && known.computeIfAbsent(load.field(), NonNullFields::isNeverNull)) {
                load.setStamp(stamp.asNonNull());
            }
        }
    }

    private static boolean isNeverNull(ResolvedJavaField field) {
        Field java = OriginalFieldProvider.getJavaField(field);
        // What lambdas and inner classes take from around them has no annotations.
        return java != null
                && !java.isSynthetic()
                && !java.getDeclaringClass().isHidden()
                && java.getDeclaringClass().getName().startsWith(ENGINE)
                && !java.getAnnotatedType().isAnnotationPresent(Nullable.class);
    }
}
