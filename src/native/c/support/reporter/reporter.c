/*
 * Two native methods of the builder's progress report (com.oracle.svm.hosted.ProgressReporterCHelper), which its Maven
 * artifacts lack. This is a library for the JDK that runs the builder; nothing of it gets into PyLoop's.
 */
#include <jni.h>
#include <sys/resource.h>

enum { UNKNOWN = -1 };

/* The width of the terminal. The report goes to a log. */
JNIEXPORT jint JNICALL Java_com_oracle_svm_hosted_ProgressReporterCHelper_getTerminalWindowColumns0(JNIEnv *env,
                                                                                                    jclass type) {
    (void)env;
    (void)type;
    return UNKNOWN;
}

/* The most memory that the builder has taken, in bytes. */
JNIEXPORT jlong JNICALL Java_com_oracle_svm_hosted_ProgressReporterCHelper_getPeakRSS0(JNIEnv *env, jclass type) {
    struct rusage usage;
    (void)env;
    (void)type;
    return getrusage(RUSAGE_SELF, &usage) == 0 ? usage.ru_maxrss * 1024L : UNKNOWN;
}
