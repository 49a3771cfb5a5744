package dev.pyloop.architecture;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import com.sun.source.tree.ClassTree;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.tree.Tree;
import com.sun.source.tree.VariableTree;
import com.sun.source.util.JavacTask;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.lang.model.element.Modifier;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The two floors 0 keep one contract: what the rest of the engine may use of either is the same to the letter. */
class SeamTest {
    private static final Path JVM = Path.of("src/jvm/java/dev/pyloop/memory");
    private static final Path NATIVE = Path.of("src/native/java/dev/pyloop/memory");

    @ParameterizedTest
    @ValueSource(strings = {"Memory", "Downcalls", "EntryPoints", "ErrnoState"})
    void bothHaveTheSameMembers(String name) throws IOException {
        Set<String> members = accessible(NATIVE.resolve(name + ".java"));
        assertFalse(members.isEmpty());
        Set<String> jvm = accessible(JVM.resolve(name + ".java"));
        if (name.equals("ErrnoState")) {
            // Only the foreign linker has a place for errno to look at, and only its Downcalls looks at it.
            jvm.removeIf(member -> !member.startsWith("public "));
            jvm.add("public ErrnoState()");
        }
        assertEquals(jvm, members);
    }

    @Test
    void nativeSourcesReplaceNothingElse() throws IOException {
        try (Stream<Path> files = Files.list(NATIVE)) {
            assertEquals(
                    Set.of("Memory.java", "Downcalls.java", "EntryPoints.java", "ErrnoState.java"),
                    files.map(file -> file.getFileName().toString()).collect(Collectors.toSet()));
        }
    }

    private static Set<String> accessible(Path source) throws IOException {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, null)) {
            JavacTask task =
                    (JavacTask) compiler.getTask(null, files, null, null, null, files.getJavaFileObjects(source));
            Set<String> members = new TreeSet<>();
            for (CompilationUnitTree unit : task.parse()) {
                for (Tree declared : unit.getTypeDecls()) {
                    addMembers((ClassTree) declared, members);
                }
            }
            return members;
        }
    }

    private static void addMembers(ClassTree type, Set<String> members) {
        for (Tree member : type.getMembers()) {
            if (member instanceof MethodTree method
                    && !method.getModifiers().getFlags().contains(Modifier.PRIVATE)) {
                members.add(signature(type, method));
            }
        }
    }

    private static String signature(ClassTree type, MethodTree method) {
        Set<Modifier> flags = method.getModifiers().getFlags();
        String parameters = method.getParameters().stream()
                .map(VariableTree::getType)
                .map(Tree::toString)
                .collect(Collectors.joining(", ", "(", ")"));
        String name = method.getReturnType() == null
                ? type.getSimpleName().toString()
                : method.getReturnType() + " " + method.getName();
        return (flags.contains(Modifier.PUBLIC) ? "public " : "")
                + (flags.contains(Modifier.STATIC) ? "static " : "")
                + name
                + parameters;
    }
}
