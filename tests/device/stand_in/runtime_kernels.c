// Stands in for libcudart.so.13, the runtime: kernels. A launch is logged under the kernel's name, and does nothing but
// for the few that kernels.c knows.
//
// The output of a kernel that does nothing keeps the bytes that were there before, so a network with such a kernel
// gives answers without meaning. What it can show is which kernels ran, how often, and on which path of ONNX Runtime.
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "runtime.h"

struct grid {
    unsigned x, y, z;
};

// Kernels by the address of their host function, in a table with open places that doubles when half full.
struct kernel {
    const void *function;
    const char *name;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct kernel *kernels;
static size_t places, count;
static __thread struct {
    struct grid grid, block;
    size_t shared;
    void *stream;
} pushed;

static struct kernel *place_of(const void *function) {
    size_t at = ((uintptr_t)function >> 4) * 0x9e3779b97f4a7c15u % places;
    while (kernels[at].function && kernels[at].function != function) at = (at + 1) % places;
    return &kernels[at];
}

static void insert(const void *function, const char *name) {
    if (count * 2 >= places) {
        struct kernel *before = kernels;
        size_t had = places;
        places = places ? places * 2 : 4096;
        kernels = calloc(places, sizeof *kernels);
        for (size_t i = 0; i < had; i++)
            if (before[i].function) *place_of(before[i].function) = before[i];
        free(before);
    }
    struct kernel *place = place_of(function);
    count += !place->function;
    *place = (struct kernel){function, name};
}

static const char *name_of(const void *function) {
    pthread_mutex_lock(&lock);
    const char *name = places ? place_of(function)->name : NULL;
    pthread_mutex_unlock(&lock);
    return name ? name : "unknown";
}

// The provider's own image calls these as it is loaded, with or without a device: none of them may fail.
void **__cudaRegisterFatBinary(void *image) {
    (void)image;
    static void *handle;
    return &handle;
}

void __cudaRegisterFatBinaryEnd(void **handle) { (void)handle; }
void __cudaUnregisterFatBinary(void **handle) { (void)handle; }

void __cudaRegisterFunction(void **handle, const void *function, char *device_function, const char *name, int limit,
                            void *tid, void *bid, void *block, void *grid, int *warp) {
    (void)handle, (void)device_function, (void)limit, (void)tid, (void)bid, (void)block, (void)grid, (void)warp;
    pthread_mutex_lock(&lock);
    insert(function, name);
    pthread_mutex_unlock(&lock);
}

void __cudaRegisterVar(void **handle, char *shadow, char *address, const char *name, int external, size_t size,
                       int constant, int global) {
    (void)handle, (void)shadow, (void)address, (void)name, (void)external, (void)size, (void)constant, (void)global;
}

int __cudaGetKernel(const void **kernel, const void *function) {
    *kernel = function;
    return SI_OK;
}

unsigned __cudaPushCallConfiguration(struct grid grid, struct grid block, size_t shared, void *stream) {
    pushed.grid = grid, pushed.block = block, pushed.shared = shared, pushed.stream = stream;
    return 0;
}

int __cudaPopCallConfiguration(struct grid *grid, struct grid *block, size_t *shared, void **stream) {
    *grid = pushed.grid, *block = pushed.block, *shared = pushed.shared, *stream = pushed.stream;
    return SI_OK;
}

static int launch(const char *called, const void *function, void **arguments) {
    int code = rt_enter(called);
    if (code) return code;
    const char *name = name_of(function);
    si_log("launch %s", name);
    return rt_give(kernel(name, arguments));
}

int __cudaLaunchKernel(const void *function, struct grid grid, struct grid block, void **arguments, size_t shared,
                       void *stream) {
    (void)grid, (void)block, (void)shared, (void)stream;
    // Programs know it by the name that they call: the compiler puts this one in its place.
    return launch("cudaLaunchKernel", function, arguments);
}

int cudaLaunchKernel(const void *function, struct grid grid, struct grid block, void **arguments, size_t shared,
                     void *stream) {
    (void)grid, (void)block, (void)shared, (void)stream;
    return launch(__func__, function, arguments);
}

int cudaLaunchKernelExC(const void *configuration, const void *function, void **arguments) {
    (void)configuration;
    return launch(__func__, function, arguments);
}

int cudaLaunchCooperativeKernel(const void *function, struct grid grid, struct grid block, void **arguments,
                                size_t shared, void *stream) {
    (void)grid, (void)block, (void)shared, (void)stream;
    return launch(__func__, function, arguments);
}

int cudaLaunchHostFunc(void *stream, void (*function)(void *), void *data) {
    ENTER();
    (void)stream;
    function(data);
    return SI_OK;
}

struct function_attributes {
    size_t shared, constant, local;
    int threads, registers, rest[26];
};

int cudaFuncGetAttributes(struct function_attributes *attributes, const void *function) {
    ENTER();
    (void)function;
    memset(attributes, 0, offsetof(struct function_attributes, rest) + 5 * sizeof(int));
    attributes->threads = 1024;
    attributes->registers = 32;
    return SI_OK;
}

int cudaFuncSetAttribute(const void *function, int attribute, int value) {
    ENTER();
    (void)function, (void)attribute, (void)value;
    return SI_OK;
}

int cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int *blocks, const void *function, int size, size_t shared,
                                                           unsigned flags) {
    ENTER();
    (void)function, (void)size, (void)shared, (void)flags;
    *blocks = 1;
    return SI_OK;
}

int cudaKernelSetAttributeForDevice(const void *kernel, int attribute, int value, int device) {
    ENTER();
    (void)kernel, (void)attribute, (void)value, (void)device;
    return SI_OK;
}

int cudaLibraryLoadData(void **library, ...) {
    ENTER();
    *library = NULL;
    return rt_give(SI_NOT_SUPPORTED);
}

int cudaLibraryGetKernel(void **kernel, void *library, const char *name) {
    ENTER();
    (void)library, (void)name;
    *kernel = NULL;
    return rt_give(SI_NOT_SUPPORTED);
}

int cudaLibraryUnload(void *library) {
    ENTER();
    (void)library;
    return SI_OK;
}
