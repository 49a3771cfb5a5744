#ifndef PYLOOP_RISCV64CPUFEATURES_H
#define PYLOOP_RISCV64CPUFEATURES_H

/* native-image asks for the features of every processor that it knows, whichever it builds for. */
typedef struct {
    char fI;
    char fM;
    char fA;
    char fF;
    char fD;
    char fC;
    char fV;
} CPUFeatures;

#endif
