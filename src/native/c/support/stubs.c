/*
 * Native methods of the JDK that the engine never comes to, though the compiler cannot rule it out. One that is reached
 * all the same says its name and ends the process: to return would be to lie.
 */
#include <stdio.h>
#include <stdlib.h>

static void end(const char *name) {
    fprintf(stderr, "PyLoop: the native engine has no %s; please report this with the trace of a debugger.\n", name);
    abort();
}

#define STUB(name)                                                                                                     \
    void name(void);                                                                                                   \
    void name(void) {                                                                                                  \
        end(#name);                                                                                                    \
    }

#include "stubs.inc"
