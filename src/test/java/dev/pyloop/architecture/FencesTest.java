package dev.pyloop.architecture;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.lang.foreign.Linker;

/** Parts of the JDK that only some packages may touch. */
@AnalyzeClasses(packages = "dev.pyloop", importOptions = DoNotIncludeTests.class)
class FencesTest {
    @ArchTest
    static final ArchRule nativeMemoryStaysInTheBindings = noClasses()
            .that()
            .resideOutsideOfPackages("dev.pyloop.memory..", "dev.pyloop.libc..", "dev.pyloop.cpython..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("java.lang.foreign..")
            .allowEmptyShould(true);

    @ArchTest
    static final ArchRule onlyMemoryLinks = noClasses()
            .that()
            .resideOutsideOfPackage("dev.pyloop.memory..")
            .should()
            .dependOnClassesThat()
            .areAssignableTo(Linker.class)
            .orShould()
            .dependOnClassesThat()
            .areAssignableTo(Linker.Option.class)
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
