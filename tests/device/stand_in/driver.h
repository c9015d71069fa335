// What the parts of the stand-in for libcuda.so.1 share.
#ifndef BLINK_STAND_IN_DRIVER_H
#define BLINK_STAND_IN_DRIVER_H

#include "core.h"

typedef unsigned long long address;

// Whether cuInit was called.
int driver_is_ready(void);

#define ENTER()                                           \
    do {                                                  \
        int entered = si_enter(__func__);                 \
        if (entered) return entered;                      \
        if (!driver_is_ready()) return SI_NOT_INITIALIZED; \
    } while (0)

#define ENTER_CONTEXT()                                  \
    do {                                                 \
        ENTER();                                         \
        if (si_current() < 0) return SI_INVALID_CONTEXT; \
    } while (0)

#endif
