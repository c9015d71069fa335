// Stands in for libcuda.so.1, the driver: devices, contexts and errors, as far as BlinkVM or ONNX Runtime ask for them.
//
// Like the real one it wants cuInit before anything else. A context takes no memory here, and releasing the last one
// ends nothing.
#include <string.h>

#include "driver.h"

static int is_ready;
static unsigned retained[8];

int driver_is_ready(void) { return is_ready; }

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
    *version = si_version();
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

int cuGetErrorName(int code, const char **name) {
    *name = si_error_name(code, 1);
    return *name ? SI_OK : SI_INVALID_VALUE;
}

int cuGetErrorString(int code, const char **text) {
    *text = si_error_text(code);
    return *text ? SI_OK : SI_INVALID_VALUE;
}

// Only kernels read what this would write, and none of those is computed here.
int cuTensorMapEncodeTiled(void *map, ...) {
    ENTER();
    (void)map;
    return SI_OK;
}
