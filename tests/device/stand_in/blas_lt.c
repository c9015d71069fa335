// Stands in for libcublasLt.so.13: the one product of the library, with bias, relu and gelu at its end.
//
// Every algorithm is the same one (gemm.c). Scaled types of 8 bits and transforms of layouts are refused with "not
// supported" (15).
#include <stdlib.h>
#include <string.h>

#include "gemm.h"

#define ENTER()                             \
    do {                                    \
        int code = gemm_enter(__func__);    \
        if (code) return code;              \
    } while (0)

// Descriptions are kept by the number of each attribute; none that counts here is wider than 8 bytes.
struct description {
    int compute, scale;
    union {
        int32_t small;
        uint64_t wide;
        const void *at;
    } of[64];
};

enum { TRANS_A = 3, TRANS_B = 4, EPILOGUE = 7, BIAS = 8 };
enum { TYPE = 0, ROWS = 2, COLUMNS = 3, LEAD = 4, BATCH = 5, STEP = 6 };

static int set(struct description *description, int attribute, const void *value, size_t bytes) {
    if (attribute < 0 || attribute >= 64) return BLAS_INVALID_VALUE;
    memset(&description->of[attribute], 0, 8);
    memcpy(&description->of[attribute], value, bytes < 8 ? bytes : 8);
    return BLAS_OK;
}

int cublasLtCreate(void **handle) {
    ENTER();
    *handle = calloc(1, 8);
    si_log("blas-lt create %d", si_current());
    return BLAS_OK;
}

int cublasLtDestroy(void *handle) {
    free(handle);
    si_log("blas-lt destroy %d", si_current());
    return BLAS_OK;
}

int cublasLtMatmulDescCreate(struct description **made, int compute, int scale) {
    ENTER();
    *made = calloc(1, sizeof **made);
    (*made)->compute = compute;
    (*made)->scale = scale;
    (*made)->of[EPILOGUE].small = 1;
    return BLAS_OK;
}

int cublasLtMatmulDescSetAttribute(struct description *made, int attribute, const void *value, size_t bytes) {
    ENTER();
    return set(made, attribute, value, bytes);
}

int cublasLtMatrixLayoutCreate(struct description **made, int type, uint64_t rows, uint64_t columns, int64_t lead) {
    ENTER();
    *made = calloc(1, sizeof **made);
    (*made)->of[TYPE].small = type;
    (*made)->of[ROWS].wide = rows;
    (*made)->of[COLUMNS].wide = columns;
    (*made)->of[LEAD].wide = (uint64_t)lead;
    (*made)->of[BATCH].small = 1;
    return BLAS_OK;
}

int cublasLtMatrixLayoutSetAttribute(struct description *made, int attribute, const void *value, size_t bytes) {
    ENTER();
    return set(made, attribute, value, bytes);
}

int cublasLtMatmulPreferenceCreate(void **made) {
    ENTER();
    *made = calloc(1, 8);
    return BLAS_OK;
}

int cublasLtMatmulPreferenceSetAttribute(void *made, int attribute, const void *value, size_t bytes) {
    ENTER();
    (void)made, (void)attribute, (void)value, (void)bytes;
    return BLAS_OK;
}

static int destroy(void *made) {
    free(made);
    return BLAS_OK;
}

int cublasLtMatmulDescDestroy(void *made) { return destroy(made); }
int cublasLtMatrixLayoutDestroy(void *made) { return destroy(made); }
int cublasLtMatmulPreferenceDestroy(void *made) { return destroy(made); }
int cublasLtMatrixTransformDescDestroy(void *made) { return destroy(made); }

struct heuristic {
    uint64_t algorithm[8];
    size_t workspace;
    int state;
    float waves;
    int reserved[4];
};

int cublasLtMatmulAlgoGetHeuristic(void *handle, void *description, void *a, void *b, void *c, void *d, void *wanted,
                                   int most, struct heuristic *results, int *count) {
    ENTER();
    (void)handle, (void)description, (void)a, (void)b, (void)c, (void)d, (void)wanted;
    *count = most > 0;
    if (most > 0) memset(results, 0, sizeof *results);
    return BLAS_OK;
}

int cublasLtMatmulAlgoInit(void *handle, ...) {
    ENTER();
    (void)handle;
    return BLAS_OK;
}

int cublasLtMatmulAlgoConfigSetAttribute(void *algorithm, int attribute, const void *value, size_t bytes) {
    ENTER();
    (void)algorithm, (void)attribute, (void)value, (void)bytes;
    return BLAS_OK;
}

static struct matrix matrix(const void *at, const struct description *layout, int transposed) {
    return (struct matrix){at, layout->of[TYPE].small, transposed, (long long)layout->of[LEAD].wide,
                           (long long)layout->of[STEP].wide};
}

int cublasLtMatmul(void *handle, struct description *made, const void *alpha, const void *a, struct description *of_a,
                   const void *b, struct description *of_b, const void *beta, const void *c, struct description *of_c,
                   void *d, struct description *of_d, const void *algorithm, void *workspace, size_t bytes,
                   void *stream) {
    ENTER();
    (void)handle, (void)algorithm, (void)workspace, (void)bytes, (void)stream;
    int end = made->of[EPILOGUE].small, is_a_turned = made->of[TRANS_A].small != 0;
    if (end & ~(1 | 2 | 4 | 32)) return BLAS_NOT_SUPPORTED;
    int scale = made->scale == F16 ? F16 : F32;
    struct product product = {
        .m = (long long)of_d->of[ROWS].wide,
        .n = (long long)of_d->of[COLUMNS].wide,
        .k = (long long)(is_a_turned ? of_a->of[ROWS].wide : of_a->of[COLUMNS].wide),
        .batch = of_d->of[BATCH].small,
        .alpha = gemm_scalar(alpha, scale),
        .beta = gemm_scalar(beta, scale),
        .a = matrix(a, of_a, is_a_turned),
        .b = matrix(b, of_b, made->of[TRANS_B].small != 0),
        .c = matrix(c, of_c, 0),
        .out = matrix(d, of_d, 0),
        .bias = end & 4 ? made->of[BIAS].at : NULL,
        .after = end & 2 ? 1 : end & 32 ? 2 : 0,
    };
    return gemm(&product);
}

int cublasLtMatrixTransformDescCreate(void **made, int scale) {
    ENTER();
    (void)scale;
    *made = calloc(1, 8);
    return BLAS_OK;
}

int cublasLtMatrixTransform(void *handle, ...) {
    ENTER();
    (void)handle;
    return BLAS_NOT_SUPPORTED;
}
