// Stands in for libcudart.so.13, the runtime: devices, their properties, and errors.
//
// It cannot show what differs between real devices: every property that is not named here is zero.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <string.h>

#include "runtime.h"

static __thread int last;

int rt_give(int code) {
    if (code) last = code;
    return code;
}

int rt_enter(const char *function) {
    int code = si_enter(function);
    if (code) return rt_give(code);
    if (si_devices() == 0) return rt_give(SI_NO_DEVICE);
    if (si_current() < 0) si_set_current(0);
    return SI_OK;
}

int cudaGetLastError(void) {
    int code = si_lost() ? si_lost() : last;
    last = SI_OK;
    return code;
}

int cudaPeekAtLastError(void) { return si_lost() ? si_lost() : last; }

const char *cudaGetErrorName(int code) {
    const char *name = si_error_name(code, 0);
    return name ? name : "unrecognized error code";
}

const char *cudaGetErrorString(int code) {
    const char *text = si_error_text(code);
    return text ? text : "unrecognized error code";
}

int cudaDriverGetVersion(int *version) {
    int code = si_enter(__func__);
    *version = 13000;
    return rt_give(code);
}

int cudaRuntimeGetVersion(int *version) {
    int code = si_enter(__func__);
    *version = 13000;
    return rt_give(code);
}

int cudaGetDeviceCount(int *count) {
    *count = 0;
    ENTER();
    *count = si_devices();
    return SI_OK;
}

int cudaGetDevice(int *device) {
    ENTER();
    *device = si_current();
    return SI_OK;
}

int cudaSetDevice(int device) {
    ENTER();
    if (device < 0 || device >= si_devices()) return rt_give(SI_INVALID_DEVICE);
    si_set_current(device);
    return SI_OK;
}

int cudaDeviceSynchronize(void) {
    ENTER();
    return SI_OK;
}

int cudaDeviceGetAttribute(int *value, int attribute, int device) {
    ENTER();
    if (device < 0 || device >= si_devices()) return rt_give(SI_INVALID_DEVICE);
    switch (attribute) {
    case 1: *value = 1024; break;       // threads of a block
    case 8: *value = 48 << 10; break;   // shared memory of a block
    case 10: *value = 32; break;        // warp size
    case 12: *value = 65536; break;     // registers of a block
    case 16: *value = 8; break;         // multiprocessors
    case 38: *value = 4 << 20; break;   // second level cache
    case 39: *value = 2048; break;      // threads of a multiprocessor
    case 41: *value = 1; break;         // one address space
    case 75: *value = 9; break;         // compute capability, major
    case 76: *value = 0; break;         // and minor
    case 81: *value = 228 << 10; break; // shared memory of a multiprocessor
    case 97: *value = 227 << 10; break; // and of a block that asks
    default: *value = 0;
    }
    return SI_OK;
}

// The layout of CUDA 13 up to the last field that is filled; the whole is 1008 bytes.
struct properties {
    char name[256];
    char uuid[16];
    char luid[8];
    unsigned luid_mask;
    size_t total_memory, shared_of_block;
    int registers_of_block, warp;
    size_t pitch;
    int threads_of_block, block[3], grid[3];
    size_t constant;
    int major, minor;
    size_t texture_alignment, texture_pitch;
    int multiprocessors;
};

int cudaGetDeviceProperties(void *properties, int device) {
    ENTER();
    if (device < 0 || device >= si_devices()) return rt_give(SI_INVALID_DEVICE);
    struct properties *p = properties;
    memset(p, 0, 1008);
    strncpy(p->name, si_name(), sizeof p->name - 1);
    size_t free;
    si_memory(device, &free, &p->total_memory);
    p->shared_of_block = 48 << 10;
    p->registers_of_block = 65536;
    p->warp = 32;
    p->threads_of_block = 1024;
    p->block[0] = p->block[1] = 1024;
    p->block[2] = 64;
    p->grid[0] = 0x7fffffff;
    p->grid[1] = p->grid[2] = 65535;
    p->constant = 64 << 10;
    p->major = 9;
    p->texture_alignment = 512;
    p->multiprocessors = 8;
    return SI_OK;
}

// Functions of the driver by name: what the real runtime looks up in libcuda.so.1.
int cudaGetDriverEntryPointByVersion(const char *name, void **function, unsigned version, unsigned long long flags,
                                     int *found) {
    ENTER();
    (void)version, (void)flags;
    *function = dlsym(RTLD_DEFAULT, name);
    if (found) *found = *function ? 0 : 1;
    return *function ? SI_OK : rt_give(SI_NOT_FOUND);
}
