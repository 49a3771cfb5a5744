package dev.pyloop.architecture;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.CompositeArchRule;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import java.util.ArrayList;
import java.util.List;

/**
 * The floors of the engine: a package imports only from floors below its own, and neighbours on one floor do not know
 * each other. A floor may still be empty.
 */
@AnalyzeClasses(packages = "dev.pyloop", importOptions = DoNotIncludeTests.class)
class FloorsTest {
    /** From the ground up; the packages of one inner list share a floor. */
    private static final List<List<String>> FLOORS = List.of(
            List.of("hint"),
            List.of("memory", "queue"),
            List.of("libc", "cpython"),
            List.of("reactor"),
            List.of("loop"),
            List.of("transport"),
            List.of("python.names"),
            List.of("python.loop"),
            List.of("python.transport"),
            List.of("boot"));

    private static final String ROOMS = "dev.pyloop.python.";

    @ArchTest
    static final ArchRule packagesImportOnlyFromFloorsBelow = importsOnlyFromBelow();

    @ArchTest
    static final ArchRule everyClassStandsOnAFloor = classes()
            .should()
            .resideInAnyPackage(subtrees(FLOORS.stream().flatMap(List::stream).toList()))
            .allowEmptyShould(true);

    /** The engine handles opaque longs: it must run, and be tested, without an interpreter. */
    @ArchTest
    static final ArchRule engineDoesNotKnowPython = noClasses()
            .that()
            .resideOutsideOfPackages(subtrees(List.of("cpython", "python", "boot")))
            .should()
            .dependOnClassesThat()
            .resideInAPackage(subtree("cpython"))
            .allowEmptyShould(true);

    @ArchTest
    static final ArchRule packagesHaveNoCycles =
            slices().matching("dev.pyloop.(**)").should().beFreeOfCycles().allowEmptyShould(true);

    /** Within a room of the Python types everything can be read from the bottom up. */
    @ArchTest
    static final ArchRule classesOfTheRoomsHaveNoCycles =
            slices().assignedFrom(new ClassesOfRooms()).should().beFreeOfCycles();

    /** Each class of the rooms for itself, with those that are nested in it. */
    private static final class ClassesOfRooms implements SliceAssignment {
        @Override
        public String getDescription() {
            return "classes of " + ROOMS;
        }

        @Override
        public SliceIdentifier getIdentifierOf(JavaClass type) {
            String name = type.getName();
            return name.startsWith(ROOMS)
                    ? SliceIdentifier.of(name.replaceFirst("\\$.*", ""))
                    : SliceIdentifier.ignore();
        }
    }

    private static ArchRule importsOnlyFromBelow() {
        List<ArchRule> rules = new ArrayList<>();
        List<String> forbidden = new ArrayList<>();
        for (List<String> floor : FLOORS.reversed()) {
            for (String name : floor) {
                List<String> neighbours = new ArrayList<>(floor);
                neighbours.remove(name);
                neighbours.addAll(forbidden);
                rules.add(noClasses()
                        .that()
                        .resideInAPackage(subtree(name))
                        .should()
                        .dependOnClassesThat(resideInAnyPackage(subtrees(neighbours)))
                        .allowEmptyShould(true));
            }
            forbidden.addAll(floor);
        }
        return CompositeArchRule.of(rules).as("packages import only from floors below their own");
    }

    private static String[] subtrees(List<String> names) {
        return names.stream().map(FloorsTest::subtree).toArray(String[]::new);
    }

    private static String subtree(String name) {
        return "dev.pyloop." + name + "..";
    }
}
