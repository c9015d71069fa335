// Stands in for libcudart.so.13, the runtime: streams, events and graphs.
//
// All work is done when its call returns, so streams and events order nothing, and it cannot show a missing wait.
// Graphs are refused with "not supported" (801): capturing needs work that waits.
#include <stdlib.h>

#include "runtime.h"

static int new_stream(void **stream) {
    *stream = malloc(1);
    si_log("stream create %d", si_current());
    return SI_OK;
}

int cudaStreamCreate(void **stream) {
    ENTER();
    return new_stream(stream);
}

int cudaStreamCreateWithFlags(void **stream, unsigned flags) {
    ENTER();
    (void)flags;
    return new_stream(stream);
}

int cudaStreamDestroy(void *stream) {
    ENTER();
    free(stream);
    si_log("stream destroy %d", si_current());
    return SI_OK;
}

int cudaStreamSynchronize(void *stream) {
    ENTER();
    (void)stream;
    return SI_OK;
}

int cudaStreamWaitEvent(void *stream, void *event, unsigned flags) {
    ENTER();
    (void)stream, (void)event, (void)flags;
    return SI_OK;
}

int cudaStreamIsCapturing(void *stream, int *status) {
    ENTER();
    (void)stream;
    *status = 0;
    return SI_OK;
}

int cudaEventCreate(void **event) {
    ENTER();
    *event = malloc(1);
    return SI_OK;
}

int cudaEventCreateWithFlags(void **event, unsigned flags) {
    ENTER();
    (void)flags;
    *event = malloc(1);
    return SI_OK;
}

int cudaEventDestroy(void *event) {
    ENTER();
    free(event);
    return SI_OK;
}

int cudaEventRecord(void *event, void *stream) {
    ENTER();
    (void)event, (void)stream;
    return SI_OK;
}

int cudaEventRecordWithFlags(void *event, void *stream, unsigned flags) {
    ENTER();
    (void)event, (void)stream, (void)flags;
    return SI_OK;
}

int cudaEventSynchronize(void *event) {
    ENTER();
    (void)event;
    return SI_OK;
}

int cudaEventElapsedTime(float *milliseconds, void *from, void *to) {
    ENTER();
    (void)from, (void)to;
    *milliseconds = 0;
    return SI_OK;
}

int cudaStreamBeginCapture(void *stream, int mode) {
    ENTER();
    (void)stream, (void)mode;
    return rt_give(SI_NOT_SUPPORTED);
}

int cudaStreamEndCapture(void *stream, void **graph) {
    ENTER();
    (void)stream;
    *graph = NULL;
    return rt_give(SI_NOT_SUPPORTED);
}

int cudaGraphInstantiate(void **executable, void *graph, unsigned long long flags) {
    ENTER();
    (void)graph, (void)flags;
    *executable = NULL;
    return rt_give(SI_NOT_SUPPORTED);
}

int cudaGraphLaunch(void *executable, void *stream) {
    ENTER();
    (void)executable, (void)stream;
    return rt_give(SI_NOT_SUPPORTED);
}

int cudaGraphDestroy(void *graph) {
    ENTER();
    (void)graph;
    return SI_OK;
}

int cudaGraphExecDestroy(void *executable) {
    ENTER();
    (void)executable;
    return SI_OK;
}
