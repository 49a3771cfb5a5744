package dev.pyloop.python.names;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What static initializers look up by name is among the strings that are made at the start. */
class TextsTest {
    private static final Pattern LOOK_UP = Pattern.compile(
            "(?:Objects\\.intern\\(|slotOffset\\(\\s*\\w+,|Imports\\.(?:a|hasA)ttribute\\(\\s*[\\w\".]+,"
                    + "|Objects\\.getAttribute\\(\\s*(?:TYPE|HandleLayout\\.\\w+),)\\s*\"([^\"]*)\"");

    @Test
    void everyNameIsThere() throws IOException {
        TreeSet<String> asked = new TreeSet<>();
        try (Stream<Path> files = Files.walk(Path.of("src/main/java/dev/pyloop/python"))) {
            for (Path file :
                    files.filter(path -> path.toString().endsWith(".java")).toList()) {
                LOOK_UP.matcher(Files.readString(file)).results().forEach(found -> asked.add(found.group(1)));
            }
        }
        assertEquals(List.copyOf(asked), Texts.ALL);
    }
}
