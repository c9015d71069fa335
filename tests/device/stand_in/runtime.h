// What the parts of the stand-in for libcudart.so.13 share.
#ifndef BLINK_STAND_IN_RUNTIME_H
#define BLINK_STAND_IN_RUNTIME_H

#include "core.h"

// Gives `code` to the caller, and keeps it for cudaGetLastError.
int rt_give(int code);

// The first call on a thread chooses device 0, like the real runtime.
int rt_enter(const char *function);

// Does what a kernel of this name does, where it is one that is known.
int kernel(const char *name, void **arguments);

#define ENTER()                           \
    do {                                  \
        int entered = rt_enter(__func__); \
        if (entered) return entered;      \
    } while (0)

#endif
