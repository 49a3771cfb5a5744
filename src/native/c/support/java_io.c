/* Printing from Java: the native methods of java.io that System.out and System.err come to, and the end of a process. */
#include <errno.h>
#include <jni.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Returns the descriptor in the field `fd` of a FileOutputStream; -1 when it is closed, or a Java exception is set. */
static int descriptor_of(JNIEnv *env, jobject stream) {
    jclass type = (*env)->GetObjectClass(env, stream);
    jfieldID field = (*env)->GetFieldID(env, type, "fd", "Ljava/io/FileDescriptor;");
    jobject descriptor = field ? (*env)->GetObjectField(env, stream, field) : NULL;
    if (descriptor == NULL) {
        return -1;
    }
    type = (*env)->GetObjectClass(env, descriptor);
    field = (*env)->GetFieldID(env, type, "fd", "I");
    return field ? (*env)->GetIntField(env, descriptor, field) : -1;
}

static void throw_io_exception(JNIEnv *env, const char *message) {
    jclass type = (*env)->FindClass(env, "java/io/IOException");
    if (type != NULL) {
        (*env)->ThrowNew(env, type, message);
    }
}

static void write_all(JNIEnv *env, int descriptor, const jbyte *data, jint size) {
    while (size > 0) {
        ssize_t written = write(descriptor, data, (size_t)size);
        if (written >= 0) {
            data += written;
            size -= (jint)written;
        } else if (errno != EINTR) {
            throw_io_exception(env, strerror(errno));
            return;
        }
    }
}

JNIEXPORT void JNICALL Java_java_io_FileOutputStream_writeBytes(JNIEnv *env, jobject stream, jbyteArray bytes,
                                                                jint offset, jint size, jboolean append) {
    (void)append; /* The descriptor was opened for it. */
    if (size <= 0) {
        return;
    }
    jbyte *data = malloc((size_t)size);
    if (data == NULL) {
        throw_io_exception(env, "no memory to print from");
        return;
    }
    /* Copied: other threads must not wait for a write. The exception of wrong bounds is set by the copying. */
    (*env)->GetByteArrayRegion(env, bytes, offset, size, data);
    if (!(*env)->ExceptionCheck(env)) {
        int descriptor = descriptor_of(env, stream);
        if (!(*env)->ExceptionCheck(env)) {
            write_all(env, descriptor, data, size);
        }
    }
    free(data);
}

/* What natives of other classes would remember of their fields from here on; those above look theirs up each time. */
#define NOTHING_TO_REMEMBER(name)                                                                                      \
    JNIEXPORT void JNICALL Java_java_io_##name##_initIDs(JNIEnv *env, jclass type) {                                   \
        (void)env;                                                                                                     \
        (void)type;                                                                                                    \
    }

NOTHING_TO_REMEMBER(FileDescriptor)
NOTHING_TO_REMEMBER(FileInputStream)
NOTHING_TO_REMEMBER(FileOutputStream)
NOTHING_TO_REMEMBER(UnixFileSystem)
