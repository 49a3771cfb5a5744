#ifndef PYLOOP_CPU_H
#define PYLOOP_CPU_H

#include <stddef.h>

/*
 * Returns whether a processor lacks a feature that the image was compiled for. Both are arrays of bytes, one for each
 * feature: 1 if the processor has it, and 0xfe if it is required, else 0xff.
 */
static inline int lacks_features(const unsigned char *features, const unsigned char *required, size_t size) {
    for (size_t i = 0; i < size; i++) {
        if ((features[i] | required[i]) != 0xff) {
            return 1;
        }
    }
    return 0;
}

#endif
