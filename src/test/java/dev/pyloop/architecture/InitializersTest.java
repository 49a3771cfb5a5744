package dev.pyloop.architecture;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.domain.JavaMethodCall;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Set;

/**
 * No static initializer runs Python code, however indirectly.
 *
 * <p>Python code may give the GIL up. A thread that did so in an initializer would hold the lock of the class, and another
 * would wait for it with the GIL. An exception would make the class unusable for ever.
 */
@AnalyzeClasses(packages = "dev.pyloop", importOptions = ImportOption.DoNotIncludeTests.class)
class InitializersTest {
    /** What runs Python code, or makes objects of the garbage collector's, which may. */
    private static final Set<String> FORBIDDEN = Set.of(
            "dev.pyloop.cpython.Calls",
            "dev.pyloop.cpython.Contexts",
            "dev.pyloop.cpython.ContextProbe.run",
            "dev.pyloop.cpython.Gil",
            "dev.pyloop.cpython.Objects.importModule",
            "dev.pyloop.cpython.Objects.isTrue",
            "dev.pyloop.cpython.Objects.length",
            "dev.pyloop.cpython.TypeBuilder.build",
            "dev.pyloop.cpython.Types.allocateUntracked",
            "dev.pyloop.python.names.Imports.fetch");

    @ArchTest
    static final ArchRule initializersRunNoPython = classes().should(notInitializeByPython());

    private static ArchCondition<JavaClass> notInitializeByPython() {
        return new ArchCondition<>("run no Python code in static initializers") {
            @Override
            public void check(JavaClass type, ConditionEvents events) {
                type.getStaticInitializer().ifPresent(initializer -> search(initializer, events));
            }
        };
    }

    private static void search(JavaCodeUnit initializer, ConditionEvents events) {
        Set<JavaCodeUnit> seen = new HashSet<>(Set.of(initializer));
        Deque<JavaCodeUnit> open = new ArrayDeque<>(seen);
        while (!open.isEmpty()) {
            for (JavaMethodCall call : open.pop().getMethodCallsFromSelf()) {
                String owner = call.getTargetOwner().getName();
                if (FORBIDDEN.contains(owner) || FORBIDDEN.contains(owner + "." + call.getName())) {
                    events.add(SimpleConditionEvent.violated(
                            initializer, initializer.getFullName() + " comes to " + call.getDescription()));
                }
                call.getTarget().resolveMember().filter(seen::add).ifPresent(open::push);
            }
        }
    }
}
