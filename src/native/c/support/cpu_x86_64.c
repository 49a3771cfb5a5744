/* Tells the runtime what this x86-64 processor can do, by CPUID. */
#ifdef __x86_64__

#include "cpu.h"

#include <cpuid.h>

#include "amd64cpufeatures.h"

enum { L1, L7, L7_1, X1, X7, LEAVES };
enum { EAX, EBX, ECX, EDX, REGISTERS };

/* CPUID's leaf and subleaf behind each name. */
static const unsigned int LEAF[LEAVES][2] = {{1, 0}, {7, 0}, {7, 1}, {0x80000001, 0}, {0x80000007, 0}};

enum { OSXSAVE = 1 << 27 };
enum { AVX_STATE = 0x06, AVX512_STATE = 0xe6 };

/* Returns the states of registers that the operating system saves when it switches threads. */
static unsigned int saved_states(unsigned int basic_features) {
    if (!(basic_features & OSXSAVE)) {
        return 0;
    }
    unsigned int low, high;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

void determineCPUFeatures(CPUFeatures *features) {
    unsigned int cpuid[LEAVES][REGISTERS] = {{0}};
    for (int i = 0; i < LEAVES; i++) {
        unsigned int *to = cpuid[i];
        __get_cpuid_count(LEAF[i][0], LEAF[i][1], &to[EAX], &to[EBX], &to[ECX], &to[EDX]);
    }
    unsigned int saved = saved_states(cpuid[L1][ECX]);
    int avx = (saved & AVX_STATE) == AVX_STATE;
    int avx512 = (saved & AVX512_STATE) == AVX512_STATE;

#define BIT(leaf, register, bit) (cpuid[leaf][register] >> (bit) & 1)
#define ANY(name, leaf, register, bit) features->f##name = BIT(leaf, register, bit);
#define AVX(name, leaf, register, bit) features->f##name = BIT(leaf, register, bit) && avx;
#define AVX512(name, leaf, register, bit) features->f##name = BIT(leaf, register, bit) && avx512;
    CPU_FEATURES(ANY, AVX, AVX512)
}

int checkCPUFeatures(const unsigned char *required) {
    CPUFeatures features = {0};
    determineCPUFeatures(&features);
    return lacks_features((const unsigned char *)&features, required, sizeof features);
}

#endif
