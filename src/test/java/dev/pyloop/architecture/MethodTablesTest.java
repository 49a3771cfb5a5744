package dev.pyloop.architecture;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.ExpressionTree;
import com.sun.source.tree.IdentifierTree;
import com.sun.source.tree.LiteralTree;
import com.sun.source.tree.MemberSelectTree;
import com.sun.source.tree.MethodInvocationTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.tree.NewClassTree;
import com.sun.source.tree.VariableTree;
import com.sun.source.util.JavacTask;
import com.sun.source.util.TreeScanner;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The methods of each Python type stand in four places: the numbers, the table that is built, the {@code call} that they come
 * to, and {@code _engine.pyi}. What stands in one stands in all.
 */
class MethodTablesTest {
    private static final Path SOURCES = Path.of("src/main/java/dev/pyloop/python");
    private static final Path STUBS = Path.of("python/pyloop/_engine.pyi");

    /** The class of the stubs that a class of methods belongs to. That of handles inherits all that it declares. */
    private static final Map<String, String> STUB_CLASSES = Map.of(
            "LoopType", "EventLoop",
            "Outside", "EventLoop",
            "Measures", "EventLoop",
            "StreamType", "StreamTransport",
            "AcceptorType", "Acceptor",
            "DatagramType", "DatagramTransport");

    private static final Map<String, Integer> PARAMETERS =
            Map.of("noArguments", 2, "staticMethod", 2, "oneArgument", 3, "keywords", 5);

    static List<Path> types() throws IOException {
        try (Stream<Path> files = Files.walk(SOURCES)) {
            return files.filter(file -> file.toString().endsWith(".java"))
                    .filter(MethodTablesTest::hasMethods)
                    .toList();
        }
    }

    @Test
    void allTypesAreFound() throws IOException {
        Set<String> expected = new TreeSet<>(STUB_CLASSES.keySet());
        expected.add("HandleTypes");
        Set<String> found = new TreeSet<>();
        types().forEach(file -> found.add(name(file)));
        assertEquals(expected, found);
    }

    @ParameterizedTest
    @MethodSource("types")
    void numbersTableAndCallsAgree(Path file) throws IOException {
        Table table = Table.of(file);
        List<Integer> dense = new ArrayList<>();
        for (int i = 0; i < table.numbers.size(); i++) {
            dense.add(i);
        }
        assertAll(
                () -> assertFalse(table.built.isEmpty()),
                () -> assertEquals(
                        dense, table.numbers.values().stream().sorted().toList(), "the numbers have no holes"),
                () -> assertEquals(table.numbers.keySet(), table.built.keySet(), "every number is in the table"),
                () -> assertEquals(table.built, table.called, "what is in the table comes to its call"));
    }

    @ParameterizedTest
    @MethodSource("types")
    void stubsDeclareWhatOnlyTheEngineHas(Path file) throws IOException {
        String stub = STUB_CLASSES.get(name(file));
        if (stub != null) {
            Set<String> declared = stubs(stub);
            for (String method : Table.of(file).names) {
                assertTrue(!method.startsWith("_") || declared.contains(method), method + " is in " + STUBS);
            }
        }
    }

    @Test
    void theEngineHasWhatStubsDeclare() throws IOException {
        Map<String, Set<String>> missing = new TreeMap<>();
        for (String stub : STUB_CLASSES.values()) {
            missing.put(stub, stubs(stub));
        }
        for (Path file : types()) {
            String stub = STUB_CLASSES.get(name(file));
            if (stub != null) {
                missing.getOrDefault(stub, Set.of()).removeAll(Table.of(file).names);
            }
        }
        missing.forEach((stub, methods) -> assertEquals(Set.of(), methods, stub));
    }

    private static boolean hasMethods(Path file) {
        try {
            return Pattern.compile("class \\w+ implements (Errand)?Methods")
                    .matcher(Files.readString(file))
                    .find();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static String name(Path file) {
        return file.getFileName().toString().replace(".java", "");
    }

    private static Set<String> stubs(String type) throws IOException {
        Matcher body = Pattern.compile("^class " + type + "\\b.*?:\\n((?:[ \\t].*\\n|\\n)*)", Pattern.MULTILINE)
                .matcher(Files.readString(STUBS));
        assertTrue(body.find(), type);
        Set<String> methods = new TreeSet<>();
        Pattern.compile("^    def (\\w+)\\(", Pattern.MULTILINE)
                .matcher(body.group(1))
                .results()
                .forEach(method -> methods.add(method.group(1)));
        return methods;
    }

    /** What one class of methods says of them. */
    private static final class Table extends TreeScanner<@Nullable Void, @Nullable Integer> {
        /** The constants with their numbers. */
        private final Map<String, Integer> numbers = new TreeMap<>();
        /** The names that Python sees. */
        private final Set<String> names = new TreeSet<>();
        /** Of each constant that is built into a type, how many parameters its {@code call} has. */
        private final Map<String, Integer> built = new TreeMap<>();
        /** Of each constant that a {@code call} knows, how many parameters that has. */
        private final Map<String, Integer> called = new TreeMap<>();

        static Table of(Path file) throws IOException {
            JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
            Table table = new Table();
            try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, null)) {
                JavacTask task =
                        (JavacTask) compiler.getTask(null, files, null, null, null, files.getJavaFileObjects(file));
                for (CompilationUnitTree unit : task.parse()) {
                    table.scan(unit, null);
                }
            }
            return table;
        }

        @Override
        public @Nullable Void visitVariable(VariableTree field, @Nullable Integer parameters) {
            if (field.getType() != null
                    && field.getType().toString().equals("int")
                    && field.getInitializer() instanceof LiteralTree number
                    && field.getName().toString().matches("[A-Z_]+")) {
                numbers.put(field.getName().toString(), (Integer) number.getValue());
            }
            return super.visitVariable(field, parameters);
        }

        @Override
        public @Nullable Void visitMethod(MethodTree method, @Nullable Integer parameters) {
            boolean isCall = method.getName().contentEquals("call");
            return super.visitMethod(
                    method, isCall ? Integer.valueOf(method.getParameters().size()) : null);
        }

        @Override
        public @Nullable Void visitIdentifier(IdentifierTree identifier, @Nullable Integer parameters) {
            String name = identifier.getName().toString();
            if (parameters != null && numbers.containsKey(name)) {
                assertEquals(null, called.put(name, parameters), name + " comes to one call, once");
            }
            return null;
        }

        @Override
        public @Nullable Void visitMethodInvocation(MethodInvocationTree call, @Nullable Integer parameters) {
            List<? extends ExpressionTree> arguments = call.getArguments();
            if (call.getMethodSelect() instanceof MemberSelectTree select
                    && !arguments.isEmpty()
                    && arguments.getFirst() instanceof LiteralTree literal
                    && literal.getValue() instanceof String name) {
                String builder = select.getIdentifier().toString();
                if (PARAMETERS.containsKey(builder)) {
                    names.add(name);
                    // Those with an entry point of their own have no number.
                    if (arguments.size() == 4) {
                        build(arguments.get(2), PARAMETERS.get(builder));
                    }
                } else if (builder.startsWith("driven")) {
                    names.add(name);
                    // Others that are driven are no methods with numbers.
                    if (arguments.get(1) instanceof NewClassTree errand) {
                        boolean keywords = builder.equals("drivenKeywords");
                        assertEquals(
                                String.valueOf(keywords),
                                errand.getArguments().get(2).toString(),
                                name);
                        build(errand.getArguments().get(1), keywords ? 5 : 2);
                    }
                }
            }
            return super.visitMethodInvocation(call, parameters);
        }

        private void build(ExpressionTree constant, int parameters) {
            assertEquals(null, built.put(constant.toString(), parameters), constant + " is built once");
        }
    }
}
