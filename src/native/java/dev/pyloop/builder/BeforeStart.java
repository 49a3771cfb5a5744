package dev.pyloop.builder;

import com.oracle.graal.pointsto.meta.AnalysisMethod;
import com.oracle.graal.pointsto.meta.AnalysisUniverse;
import com.oracle.graal.pointsto.meta.InvokeInfo;
import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.Set;

/**
 * The methods that may run before the engine has started: all that its start leads to by calls, and all that initializers of
 * classes lead to, which run in between.
 *
 * <p>Too many rather than too few: the analysis takes into account whatever object a call may be made on.
 */
final class BeforeStart {
    private static final String ENGINE = "Ldev/pyloop/";
    private static final String START = "Ldev/pyloop/boot/NativeRuntime;";

    private final Set<AnalysisMethod> methods = new HashSet<>();

    /** Finds them, when the analysis is done. */
    void find(AnalysisUniverse universe) {
        ArrayDeque<AnalysisMethod> found = new ArrayDeque<>();
        for (AnalysisMethod method : universe.getMethods()) {
            String owner = method.getDeclaringClass().getName();
            if (method.isReachable()
                    && owner.startsWith(ENGINE)
                    && (method.isClassInitializer() || owner.equals(START))) {
                add(method, found);
            }
        }
        while (!found.isEmpty()) {
            for (InvokeInfo call : found.pop().getInvokes()) {
                for (AnalysisMethod callee : call.getAllCallees()) {
                    add(callee, found);
                }
            }
        }
    }

    /** Tells whether it is one of them. */
    boolean contains(AnalysisMethod method) {
        return methods.contains(method);
    }

    private void add(AnalysisMethod method, ArrayDeque<AnalysisMethod> found) {
        if (methods.add(method)) {
            found.push(method);
        }
    }
}
