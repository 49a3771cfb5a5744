package dev.pyloop.builder;

import com.oracle.graal.pointsto.infrastructure.OriginalClassProvider;
import com.oracle.svm.core.classinitialization.EnsureClassInitializedNode;
import com.oracle.svm.hosted.meta.HostedMethod;
import java.util.Optional;
import java.util.Set;
import jdk.graal.compiler.nodes.GraphState;
import jdk.graal.compiler.nodes.StructuredGraph;
import jdk.graal.compiler.phases.BasePhase;
import jdk.graal.compiler.phases.tiers.HighTierContext;
import jdk.vm.ci.meta.ResolvedJavaType;

/**
 * Leaves out the question whether a class is initialized, where it is one that always is when the engine has started, and the
 * code does not run before that.
 */
final class InitializedClasses extends BasePhase<HighTierContext> {
    private final Set<Class<?>> started;
    private final BeforeStart beforeStart;

    InitializedClasses(Set<Class<?>> started, BeforeStart beforeStart) {
        this.started = started;
        this.beforeStart = beforeStart;
    }

    @Override
    public Optional<NotApplicable> notApplicableTo(GraphState state) {
        return ALWAYS_APPLICABLE;
    }

    @Override
    protected void run(StructuredGraph graph, HighTierContext context) {
        if (!(graph.method() instanceof HostedMethod method) || beforeStart.contains(method.getWrapped())) {
            return;
        }
        for (var node :
                graph.getNodes().filter(EnsureClassInitializedNode.class).snapshot()) {
            ResolvedJavaType type = node.constantTypeOrNull(context.getConstantReflection());
            if (type != null && started.contains(OriginalClassProvider.getJavaClass(type))) {
                node.killExceptionEdge();
                graph.removeSplit(node, node.next());
            }
        }
    }
}
