// What the stand-ins' own tests run: each argument is one step, and each step prints one line.
//
// | step | what it does | what it prints |
// |---|---|---|
// | init | the driver, and device 0's context on this thread | code |
// | driver-alloc=BYTES, runtime-alloc=BYTES | takes device memory | code |
// | driver-free, runtime-free | gives the last one back | code |
// | memory | asks both how much is free | driver's bytes, runtime's bytes |
// | devices | counts devices by the runtime | code, count |
// | copy=BYTES | host to the last allocation (driver), and back (runtime) | code, code, equal or different |
// | touch | reads the last allocation as if it were the host's | does not come back |
// | gemm | a product of two small matrices by cuBLAS | code, the result |
// | load=PATH | opens a library, with all its symbols | ok, or why not |
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int cuInit(unsigned);
int cuDevicePrimaryCtxRetain(void **, int);
int cuCtxSetCurrent(void *);
int cuMemAlloc_v2(unsigned long long *, size_t);
int cuMemFree_v2(unsigned long long);
int cuMemGetInfo_v2(size_t *, size_t *);
int cuMemcpyHtoD_v2(unsigned long long, const void *, size_t);
int cudaMalloc(void **, size_t);
int cudaFree(void *);
int cudaMemGetInfo(size_t *, size_t *);
int cudaMemcpy(void *, const void *, size_t, int);
int cudaGetDeviceCount(int *);
int cublasCreate_v2(void **);
int cublasSgemm_v2(void *, int, int, int, int, int, const float *, const float *, int, const float *, int,
                   const float *, float *, int);

static void *held[64];
static int count;

static int init(void) {
    void *context;
    int code = cuInit(0);
    if (!code) code = cuDevicePrimaryCtxRetain(&context, 0);
    return code ? code : cuCtxSetCurrent(context);
}

static int keep(int code, void *at) {
    if (!code) held[count++] = at;
    return code;
}

static void copy(size_t bytes) {
    unsigned char *from = malloc(bytes), *to = calloc(bytes, 1);
    for (size_t i = 0; i < bytes; i++) from[i] = (unsigned char)(i * 31 + 7);
    int in = cuMemcpyHtoD_v2((uintptr_t)held[count - 1], from, bytes);
    int out = cudaMemcpy(to, held[count - 1], bytes, 2);
    printf("%d %d %s\n", in, out, memcmp(from, to, bytes) ? "different" : "equal");
}

// By columns: a is [1 2; 3 4] and b is [5 6; 7 8], so their product is [19 22; 43 50].
static void gemm(void) {
    const float a[4] = {1, 3, 2, 4}, b[4] = {5, 7, 6, 8}, one = 1, zero = 0;
    float c[4] = {0};
    void *blas, *at[3];
    cublasCreate_v2(&blas);
    for (int i = 0; i < 3; i++) cudaMalloc(&at[i], sizeof a);
    cudaMemcpy(at[0], a, sizeof a, 1);
    cudaMemcpy(at[1], b, sizeof b, 1);
    int code = cublasSgemm_v2(blas, 0, 0, 2, 2, 2, &one, at[0], 2, at[1], 2, &zero, at[2], 2);
    cudaMemcpy(c, at[2], sizeof c, 2);
    printf("%d %g %g %g %g\n", code, c[0], c[1], c[2], c[3]);
}

int main(int argc, char **argv) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (int i = 1; i < argc; i++) {
        char *step = argv[i], *value = strchr(step, '=');
        if (value) *value++ = 0;
        size_t bytes = value ? strtoull(value, NULL, 10) : 0;
        unsigned long long address = 0;
        void *at = NULL;
        if (!strcmp(step, "init")) {
            printf("%d\n", init());
        } else if (!strcmp(step, "driver-alloc")) {
            int code = cuMemAlloc_v2(&address, bytes);
            printf("%d\n", keep(code, (void *)(uintptr_t)address));
        } else if (!strcmp(step, "runtime-alloc")) {
            int code = cudaMalloc(&at, bytes);
            printf("%d\n", keep(code, at));
        } else if (!strcmp(step, "driver-free")) {
            printf("%d\n", cuMemFree_v2((uintptr_t)held[--count]));
        } else if (!strcmp(step, "runtime-free")) {
            printf("%d\n", cudaFree(held[--count]));
        } else if (!strcmp(step, "memory")) {
            size_t by_driver = 0, by_runtime = 0, total;
            cuMemGetInfo_v2(&by_driver, &total);
            cudaMemGetInfo(&by_runtime, &total);
            printf("%zu %zu\n", by_driver, by_runtime);
        } else if (!strcmp(step, "devices")) {
            int devices, code = cudaGetDeviceCount(&devices);
            printf("%d %d\n", code, devices);
        } else if (!strcmp(step, "copy")) {
            copy(bytes);
        } else if (!strcmp(step, "touch")) {
            printf("%d\n", *(volatile char *)held[count - 1]);
        } else if (!strcmp(step, "gemm")) {
            gemm();
        } else if (!strcmp(step, "load")) {
            printf("%s\n", dlopen(value, RTLD_NOW | RTLD_GLOBAL) ? "ok" : dlerror());
        } else {
            fprintf(stderr, "probe: %s is no step\n", step);
            return 2;
        }
    }
    return 0;
}
