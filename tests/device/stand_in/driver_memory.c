// Stands in for libcuda.so.1, the driver: memory, copies, streams and events. The runtime's stand-in has the same
// account of memory.
//
// Like the real one it wants a context on the thread. Streams and events are names only: all work is done when its call
// returns, so it cannot show a missing wait.
#include <stdlib.h>

#include "driver.h"

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
