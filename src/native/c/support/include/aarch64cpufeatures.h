#ifndef PYLOOP_AARCH64CPUFEATURES_H
#define PYLOOP_AARCH64CPUFEATURES_H

/*
 * What a 64-bit Arm processor can do, by the names that the compiler has for it: F(name, word, bit), where the word is
 * the key of the auxiliary vector in which Linux tells of it.
 */
#define CPU_FEATURES(F)                                                                                                \
    F(FP, AT_HWCAP, 0)                                                                                                 \
    F(ASIMD, AT_HWCAP, 1)                                                                                              \
    F(EVTSTRM, AT_HWCAP, 2)                                                                                            \
    F(AES, AT_HWCAP, 3)                                                                                                \
    F(PMULL, AT_HWCAP, 4)                                                                                              \
    F(SHA1, AT_HWCAP, 5)                                                                                               \
    F(SHA2, AT_HWCAP, 6)                                                                                               \
    F(CRC32, AT_HWCAP, 7)                                                                                              \
    F(LSE, AT_HWCAP, 8)                                                                                                \
    F(FPHP, AT_HWCAP, 9)                                                                                               \
    F(ASIMDHP, AT_HWCAP, 10)                                                                                           \
    F(DCPOP, AT_HWCAP, 16)                                                                                             \
    F(SHA3, AT_HWCAP, 17)                                                                                              \
    F(SHA512, AT_HWCAP, 21)                                                                                            \
    F(SVE, AT_HWCAP, 22)                                                                                               \
    F(PACA, AT_HWCAP, 30)                                                                                              \
    F(SVE2, AT_HWCAP2, 1)                                                                                              \
    F(SVEBITPERM, AT_HWCAP2, 4)

#define CPU_FEATURE_FIELD(name, word, bit) char f##name;

/* One byte for each feature, 1 if the processor has it; native-image reads the offsets from here. */
typedef struct {
    CPU_FEATURES(CPU_FEATURE_FIELD)
    /* What only suits or mends some models, and is never required: these stay 0. */
    char fSTXR_PREFETCH;
    char fA53MAC;
    char fDMB_ATOMICS;
} CPUFeatures;

#endif
