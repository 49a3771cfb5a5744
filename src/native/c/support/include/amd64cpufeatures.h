#ifndef PYLOOP_AMD64CPUFEATURES_H
#define PYLOOP_AMD64CPUFEATURES_H

/*
 * What an x86-64 processor can do, by the names that the compiler has for it. F(name, leaf, register, bit) says where
 * CPUID tells of it; A and Z are as F, but their use also needs an operating system that saves the registers of AVX (A)
 * or of AVX-512 (Z). Leaves: L1, L7, L7_1 (the second part of 7), X1 and X7 (0x80000001 and 0x80000007).
 */
#define CPU_FEATURES(F, A, Z) \
    F(SSE3, L1, ECX, 0) \
    F(CLMUL, L1, ECX, 1) \
    F(SSSE3, L1, ECX, 9) \
    A(FMA, L1, ECX, 12) \
    F(SSE4_1, L1, ECX, 19) \
    F(SSE4_2, L1, ECX, 20) \
    F(POPCNT, L1, ECX, 23) \
    F(AES, L1, ECX, 25) \
    A(AVX, L1, ECX, 28) \
    A(VZEROUPPER, L1, ECX, 28) \
    A(F16C, L1, ECX, 29) \
    F(HV, L1, ECX, 31) \
    F(TSC, L1, EDX, 4) \
    F(CX8, L1, EDX, 8) \
    F(CMOV, L1, EDX, 15) \
    F(FLUSH, L1, EDX, 19) \
    F(MMX, L1, EDX, 23) \
    F(FXSR, L1, EDX, 24) \
    F(SSE, L1, EDX, 25) \
    F(SSE2, L1, EDX, 26) \
    F(HT, L1, EDX, 28) \
    F(BMI1, L7, EBX, 3) \
    A(AVX2, L7, EBX, 5) \
    F(BMI2, L7, EBX, 8) \
    F(ERMS, L7, EBX, 9) \
    F(RTM, L7, EBX, 11) \
    Z(AVX512F, L7, EBX, 16) \
    Z(AVX512DQ, L7, EBX, 17) \
    F(ADX, L7, EBX, 19) \
    Z(AVX512_IFMA, L7, EBX, 21) \
    F(FLUSHOPT, L7, EBX, 23) \
    F(CLWB, L7, EBX, 24) \
    Z(AVX512PF, L7, EBX, 26) \
    Z(AVX512ER, L7, EBX, 27) \
    Z(AVX512CD, L7, EBX, 28) \
    F(SHA, L7, EBX, 29) \
    Z(AVX512BW, L7, EBX, 30) \
    Z(AVX512VL, L7, EBX, 31) \
    Z(AVX512_VBMI, L7, ECX, 1) \
    F(PKU, L7, ECX, 3) \
    F(OSPKE, L7, ECX, 4) \
    Z(AVX512_VBMI2, L7, ECX, 6) \
    F(CET_SS, L7, ECX, 7) \
    F(GFNI, L7, ECX, 8) \
    Z(AVX512_VAES, L7, ECX, 9) \
    Z(AVX512_VPCLMULQDQ, L7, ECX, 10) \
    Z(AVX512_VNNI, L7, ECX, 11) \
    Z(AVX512_BITALG, L7, ECX, 12) \
    Z(AVX512_VPOPCNTDQ, L7, ECX, 14) \
    F(RDPID, L7, ECX, 22) \
    F(FSRM, L7, EDX, 4) \
    F(SERIALIZE, L7, EDX, 14) \
    F(CET_IBT, L7, EDX, 20) \
    Z(AVX512_FP16, L7, EDX, 23) \
    A(SHA512, L7_1, EAX, 0) \
    A(AVX_IFMA, L7_1, EAX, 23) \
    F(LZCNT, X1, ECX, 5) \
    F(SSE4A, X1, ECX, 6) \
    F(AMD_3DNOW_PREFETCH, X1, ECX, 8) \
    F(RDTSCP, X1, EDX, 27) \
    F(TSCINV_BIT, X7, EDX, 8)

#define CPU_FEATURE_FIELD(name, leaf, register, bit) char f##name;

/* One byte for each feature, 1 if the processor has it; native-image reads the offsets from here. */
typedef struct {
    CPU_FEATURES(CPU_FEATURE_FIELD, CPU_FEATURE_FIELD, CPU_FEATURE_FIELD)
    /* That the counters of all cores run as one: CPUID does not tell. It stays 0. */
    char fTSCINV;
    /* Nothing is compiled for these, so that nothing asks whether they are there. They stay 0. */
    char fAPX_F;
    char fAVX10_1;
    char fAVX10_2;
} CPUFeatures;

#endif
