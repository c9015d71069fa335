// Stands in for libcudart.so.13, the runtime: memory and copies, in the account that the driver's stand-in shares.
//
// A pool is a name only: what is taken from one is taken from the device and given back at once.
#include <stdlib.h>
#include <string.h>

#include "runtime.h"

int cudaMalloc(void **at, size_t bytes) {
    ENTER();
    return rt_give(si_alloc(bytes, at));
}

int cudaFree(void *at) {
    ENTER();
    return rt_give(si_free(at));
}

int cudaFreeAsync(void *at, void *stream) {
    ENTER();
    (void)stream;
    return rt_give(si_free(at));
}

int cudaMallocHost(void **at, size_t bytes) {
    ENTER();
    return rt_give(si_alloc_pinned(bytes, at));
}

int cudaHostAlloc(void **at, size_t bytes, unsigned flags) {
    ENTER();
    (void)flags;
    return rt_give(si_alloc_pinned(bytes, at));
}

int cudaFreeHost(void *at) {
    ENTER();
    return rt_give(si_free_pinned(at));
}

int cudaMemGetInfo(size_t *free, size_t *total) {
    ENTER();
    si_memory(si_current(), free, total);
    return SI_OK;
}

int cudaMemcpy(void *to, const void *from, size_t bytes, int direction) {
    ENTER();
    (void)direction;
    return rt_give(si_copy(to, from, bytes));
}

int cudaMemcpyAsync(void *to, const void *from, size_t bytes, int direction, void *stream) {
    ENTER();
    (void)direction, (void)stream;
    return rt_give(si_copy(to, from, bytes));
}

int cudaMemcpy2DAsync(void *to, size_t to_pitch, const void *from, size_t from_pitch, size_t width, size_t height,
                      int direction, void *stream) {
    ENTER();
    (void)direction, (void)stream;
    int code = SI_OK;
    for (size_t row = 0; row < height && code == SI_OK; row++)
        code = si_copy((char *)to + row * to_pitch, (const char *)from + row * from_pitch, width);
    return rt_give(code);
}

// A variable of the device is known by its shadow in the host's image, which holds its first value.
int cudaMemcpyFromSymbol(void *to, const void *symbol, size_t bytes, size_t offset, int direction) {
    ENTER();
    (void)direction;
    return rt_give(si_copy(to, (const char *)symbol + offset, bytes));
}

int cudaMemset(void *at, int value, size_t bytes) {
    ENTER();
    return rt_give(si_fill(at, value, bytes));
}

int cudaMemsetAsync(void *at, int value, size_t bytes, void *stream) {
    ENTER();
    (void)stream;
    return rt_give(si_fill(at, value, bytes));
}

struct pointer_attributes {
    int type, device;
    void *of_device, *of_host;
    long reserved[8];
};

int cudaPointerGetAttributes(struct pointer_attributes *attributes, const void *at) {
    ENTER();
    memset(attributes, 0, sizeof *attributes);
    int kind = si_kind_of(at, &attributes->device);
    attributes->type = kind;
    attributes->of_device = kind == SI_PAGEABLE ? NULL : (void *)at;
    attributes->of_host = kind == SI_PINNED ? (void *)at : NULL;
    return SI_OK;
}

int cudaMemPoolCreate(void **pool, const void *properties) {
    ENTER();
    (void)properties;
    *pool = malloc(1);
    return SI_OK;
}

int cudaMemPoolDestroy(void *pool) {
    ENTER();
    free(pool);
    return SI_OK;
}

int cudaMemPoolSetAttribute(void *pool, int attribute, void *value) {
    ENTER();
    (void)pool, (void)attribute, (void)value;
    return SI_OK;
}

// The first three attributes are 32 bits wide, the others 64.
int cudaMemPoolGetAttribute(void *pool, int attribute, void *value) {
    ENTER();
    (void)pool;
    memset(value, 0, attribute <= 3 ? 4 : 8);
    return SI_OK;
}

int cudaMemPoolTrimTo(void *pool, size_t bytes) {
    ENTER();
    (void)pool, (void)bytes;
    return SI_OK;
}

int cudaMallocFromPoolAsync(void **at, size_t bytes, void *pool, void *stream) {
    ENTER();
    (void)pool, (void)stream;
    return rt_give(si_alloc(bytes, at));
}
