/* What the runtime asks of the Java virtual machine, and of the JDK's own libraries when it starts them. */
#define _GNU_SOURCE

#include <jni.h>
#include <sched.h>
#include <unistd.h>

/* Returns how many processors this process may use. */
JNIEXPORT jint JNICALL JVM_ActiveProcessorCount(void) {
    cpu_set_t allowed;
    if (sched_getaffinity(0, sizeof allowed, &allowed) == 0) {
        return CPU_COUNT(&allowed);
    }
    /* There are more processors than fit into the set. */
    return (jint)sysconf(_SC_NPROCESSORS_ONLN);
}

/* Nothing here has a state to set up, so that the start of a library only says which JNI it was written for. */
void initialize(void) {}

JNIEXPORT jint JNICALL JNI_OnLoad_java(JavaVM *vm, void *reserved) {
    (void)vm;
    (void)reserved;
    return JNI_VERSION_1_8;
}

JNIEXPORT jint JNICALL JNI_OnLoad_net(JavaVM *vm, void *reserved) {
    return JNI_OnLoad_java(vm, reserved);
}

JNIEXPORT jint JNICALL JNI_OnLoad_nio(JavaVM *vm, void *reserved) {
    return JNI_OnLoad_java(vm, reserved);
}

JNIEXPORT jint JNICALL JNI_OnLoad_zip(JavaVM *vm, void *reserved) {
    return JNI_OnLoad_java(vm, reserved);
}

/* Tells the encoding of strings outside Java; no function here converts any. */
void InitializeEncoding(JNIEnv *env, const char *name) {
    (void)env;
    (void)name;
}
