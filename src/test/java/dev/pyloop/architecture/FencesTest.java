package dev.pyloop.architecture;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.lang.invoke.MethodHandle;

/** Parts of the JDK that only some packages may touch. */
@AnalyzeClasses(packages = "dev.pyloop", importOptions = DoNotIncludeTests.class)
class FencesTest {
    /** Nothing above floor 0 may know which of its two implementations it runs on. */
    @ArchTest
    static final ArchRule onlyMemoryKnowsItsEngine = noClasses()
            .that()
            .resideOutsideOfPackage("dev.pyloop.memory..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("java.lang.foreign..", "org.graalvm..", "com.oracle.svm..")
            .orShould()
            .dependOnClassesThat()
            .areAssignableTo(MethodHandle.class)
            .allowEmptyShould(true);

    /** Both cost start-up time and allocations, and what runs per callback or per packet has no use for them. */
    @ArchTest
    static final ArchRule hotPackagesNeitherLogNorReflect = noClasses()
            .that()
            .resideInAnyPackage(
                    "dev.pyloop.memory..",
                    "dev.pyloop.queue..",
                    "dev.pyloop.reactor..",
                    "dev.pyloop.loop..",
                    "dev.pyloop.transport..",
                    "dev.pyloop.python..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("java.util.logging..", "java.lang.reflect..")
            .allowEmptyShould(true);
}
