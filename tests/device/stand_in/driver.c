// Stands in for libcuda.so.1, the driver: the part of it that BlinkVM itself calls, and what ONNX Runtime links to.
//
// Like the real one it wants cuInit before anything else and a context on the thread before memory is touched. Streams
// and events are names only: all work is done when its call returns, so it cannot show a missing wait.
#include <stdlib.h>
#include <string.h>

#include "core.h"

typedef unsigned long long address;

static int is_ready;
static unsigned retained[8];

#define ENTER()                                     \
    do {                                            \
        int code = si_enter(__func__);              \
        if (code) return code;                      \
        if (!is_ready) return SI_NOT_INITIALIZED;   \
    } while (0)

#define ENTER_CONTEXT()                                    \
    do {                                                   \
        ENTER();                                           \
        if (si_current() < 0) return SI_INVALID_CONTEXT;   \
    } while (0)

int cuInit(unsigned flags) {
    int code = si_enter(__func__);
    if (code) return code;
    if (flags) return SI_INVALID_VALUE;
    if (si_devices() == 0) return SI_NO_DEVICE;
    is_ready = 1;
    return SI_OK;
}

int cuDriverGetVersion(int *version) {
    int code = si_enter(__func__);
    if (code) return code;
    *version = 13000;
    return SI_OK;
}

int cuDeviceGetCount(int *count) {
    ENTER();
    *count = si_devices();
    return SI_OK;
}

int cuDeviceGet(int *device, int ordinal) {
    ENTER();
    if (ordinal < 0 || ordinal >= si_devices()) return SI_INVALID_DEVICE;
    *device = ordinal;
    return SI_OK;
}

int cuDeviceGetName(char *name, int length, int device) {
    ENTER();
    if (device < 0 || device >= si_devices()) return SI_INVALID_DEVICE;
    if (length <= 0) return SI_INVALID_VALUE;
    strncpy(name, si_name(), length - 1);
    name[length - 1] = 0;
    return SI_OK;
}

int cuDeviceTotalMem_v2(size_t *bytes, int device) {
    ENTER();
    if (device < 0 || device >= si_devices()) return SI_INVALID_DEVICE;
    size_t free;
    si_memory(device, &free, bytes);
    return SI_OK;
}

// A GPU's UUID is 16 bytes; ours differ in the last one.
int cuDeviceGetUuid_v2(unsigned char uuid[16], int device) {
    ENTER();
    if (device < 0 || device >= si_devices()) return SI_INVALID_DEVICE;
    memcpy(uuid, "Blink stand-in \0", 16);
    uuid[15] = (unsigned char)device;
    return SI_OK;
}

int cuDeviceGetAttribute(int *value, int attribute, int device) {
    ENTER();
    if (device < 0 || device >= si_devices()) return SI_INVALID_DEVICE;
    switch (attribute) {
    case 10: *value = 32; break;   // warp size
    case 16: *value = 8; break;    // multiprocessors
    case 41: *value = 1; break;    // one address space
    case 75: *value = 9; break;    // compute capability, major
    case 76: *value = 0; break;    // and minor
    default: *value = 0;
    }
    return SI_OK;
}

int cuDevicePrimaryCtxRetain(void **context, int device) {
    ENTER();
    if (device < 0 || device >= si_devices()) return SI_INVALID_DEVICE;
    __atomic_add_fetch(&retained[device], 1, __ATOMIC_SEQ_CST);
    si_log("context retain %d", device);
    *context = &retained[device];
    return SI_OK;
}

int cuDevicePrimaryCtxRelease_v2(int device) {
    ENTER();
    if (device < 0 || device >= si_devices()) return SI_INVALID_DEVICE;
    if (retained[device] == 0) return SI_INVALID_CONTEXT;
    __atomic_sub_fetch(&retained[device], 1, __ATOMIC_SEQ_CST);
    si_log("context release %d", device);
    return SI_OK;
}

int cuCtxSetCurrent(void *context) {
    ENTER();
    si_set_current(context ? (int)((unsigned *)context - retained) : -1);
    return SI_OK;
}

int cuCtxGetCurrent(void **context) {
    ENTER();
    *context = si_current() < 0 ? NULL : &retained[si_current()];
    return SI_OK;
}

int cuCtxSynchronize(void) {
    ENTER_CONTEXT();
    return SI_OK;
}

int cuMemGetInfo_v2(size_t *free, size_t *total) {
    ENTER_CONTEXT();
    si_memory(si_current(), free, total);
    return SI_OK;
}

int cuMemAlloc_v2(address *at, size_t bytes) {
    ENTER_CONTEXT();
    if (bytes == 0) return SI_INVALID_VALUE;
    return si_alloc(bytes, (void **)at);
}

int cuMemFree_v2(address at) {
    ENTER_CONTEXT();
    return si_free((void *)at);
}

int cuMemHostAlloc(void **at, size_t bytes, unsigned flags) {
    ENTER_CONTEXT();
    (void)flags;
    return si_alloc_pinned(bytes, at);
}

int cuMemFreeHost(void *at) {
    ENTER_CONTEXT();
    return si_free_pinned(at);
}

int cuMemHostRegister_v2(void *at, size_t bytes, unsigned flags) {
    ENTER_CONTEXT();
    (void)flags;
    return si_register(at, bytes);
}

int cuMemHostUnregister(void *at) {
    ENTER_CONTEXT();
    return si_unregister(at);
}

int cuMemcpyHtoD_v2(address to, const void *from, size_t bytes) {
    ENTER_CONTEXT();
    return si_copy((void *)to, from, bytes);
}

int cuMemcpyDtoH_v2(void *to, address from, size_t bytes) {
    ENTER_CONTEXT();
    return si_copy(to, (void *)from, bytes);
}

int cuMemcpyDtoD_v2(address to, address from, size_t bytes) {
    ENTER_CONTEXT();
    return si_copy((void *)to, (void *)from, bytes);
}

int cuMemcpyHtoDAsync_v2(address to, const void *from, size_t bytes, void *stream) {
    ENTER_CONTEXT();
    (void)stream;
    return si_copy((void *)to, from, bytes);
}

int cuMemcpyDtoHAsync_v2(void *to, address from, size_t bytes, void *stream) {
    ENTER_CONTEXT();
    (void)stream;
    return si_copy(to, (void *)from, bytes);
}

int cuMemcpyDtoDAsync_v2(address to, address from, size_t bytes, void *stream) {
    ENTER_CONTEXT();
    (void)stream;
    return si_copy((void *)to, (void *)from, bytes);
}

int cuMemsetD8_v2(address at, unsigned char value, size_t bytes) {
    ENTER_CONTEXT();
    return si_fill((void *)at, value, bytes);
}

int cuMemsetD8Async(address at, unsigned char value, size_t bytes, void *stream) {
    ENTER_CONTEXT();
    (void)stream;
    return si_fill((void *)at, value, bytes);
}

int cuStreamCreate(void **stream, unsigned flags) {
    ENTER_CONTEXT();
    (void)flags;
    *stream = malloc(1);
    si_log("stream create %d", si_current());
    return SI_OK;
}

int cuStreamCreateWithPriority(void **stream, unsigned flags, int priority) {
    ENTER_CONTEXT();
    (void)flags, (void)priority;
    *stream = malloc(1);
    si_log("stream create %d", si_current());
    return SI_OK;
}

int cuStreamSynchronize(void *stream) {
    ENTER_CONTEXT();
    (void)stream;
    return SI_OK;
}

int cuStreamQuery(void *stream) {
    ENTER_CONTEXT();
    (void)stream;
    return SI_OK;
}

int cuStreamWaitEvent(void *stream, void *event, unsigned flags) {
    ENTER_CONTEXT();
    (void)stream, (void)event, (void)flags;
    return SI_OK;
}

int cuStreamDestroy_v2(void *stream) {
    ENTER_CONTEXT();
    free(stream);
    si_log("stream destroy %d", si_current());
    return SI_OK;
}

int cuEventCreate(void **event, unsigned flags) {
    ENTER_CONTEXT();
    (void)flags;
    *event = malloc(1);
    return SI_OK;
}

int cuEventRecord(void *event, void *stream) {
    ENTER_CONTEXT();
    (void)event, (void)stream;
    return SI_OK;
}

int cuEventSynchronize(void *event) {
    ENTER_CONTEXT();
    (void)event;
    return SI_OK;
}

int cuEventDestroy_v2(void *event) {
    ENTER_CONTEXT();
    free(event);
    return SI_OK;
}

int cuGetErrorName(int code, const char **name) {
    *name = si_error_name(code, 1);
    return *name ? SI_OK : SI_INVALID_VALUE;
}

int cuGetErrorString(int code, const char **text) {
    *text = si_error_text(code);
    return *text ? SI_OK : SI_INVALID_VALUE;
}

// Only kernels read what this would write, and kernels do nothing.
int cuTensorMapEncodeTiled(void *map, ...) {
    ENTER();
    (void)map;
    return SI_OK;
}
