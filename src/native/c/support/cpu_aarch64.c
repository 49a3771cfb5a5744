/* Tells the runtime what this 64-bit Arm processor can do, as the kernel has it in the auxiliary vector. */
#ifdef __aarch64__

#include "cpu.h"

#include <sys/auxv.h>

#include "aarch64cpufeatures.h"

void determineCPUFeatures(CPUFeatures *features) {
#define FEATURE(name, word, bit) features->f##name = getauxval(word) >> (bit) & 1;
    CPU_FEATURES(FEATURE)
}

int checkCPUFeatures(const unsigned char *required) {
    CPUFeatures features = {0};
    determineCPUFeatures(&features);
    return lacks_features((const unsigned char *)&features, required, sizeof features);
}

#endif
