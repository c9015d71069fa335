// Stands in for libcublas.so.13: matrix products are computed (gemm.c), vectors copied and scaled.
//
// Products of float64 and what factors a matrix are refused with "not supported" (15), which ONNX Runtime reports as a
// failed node.
#include <stdlib.h>
#include <string.h>

#include "gemm.h"

#define ENTER()                             \
    do {                                    \
        int code = gemm_enter(__func__);    \
        if (code) return code;              \
    } while (0)

int cublasCreate_v2(void **handle) {
    ENTER();
    *handle = calloc(1, 8);
    si_log("blas create %d", si_current());
    return BLAS_OK;
}

int cublasDestroy_v2(void *handle) {
    free(handle);
    si_log("blas destroy %d", si_current());
    return BLAS_OK;
}

int cublasSetStream_v2(void *handle, void *stream) {
    ENTER();
    (void)handle, (void)stream;
    return BLAS_OK;
}

int cublasSetMathMode(int *handle, int mode) {
    ENTER();
    *handle = mode;
    si_log("blas math %d", mode);
    return BLAS_OK;
}

int cublasGetMathMode(int *handle, int *mode) {
    ENTER();
    *mode = *handle;
    return BLAS_OK;
}

const char *cublasGetStatusName(int code) {
    switch (code) {
    case BLAS_OK: return "CUBLAS_STATUS_SUCCESS";
    case 1: return "CUBLAS_STATUS_NOT_INITIALIZED";
    case 3: return "CUBLAS_STATUS_ALLOC_FAILED";
    case BLAS_INVALID_VALUE: return "CUBLAS_STATUS_INVALID_VALUE";
    case BLAS_EXECUTION_FAILED: return "CUBLAS_STATUS_EXECUTION_FAILED";
    case 14: return "CUBLAS_STATUS_INTERNAL_ERROR";
    case BLAS_NOT_SUPPORTED: return "CUBLAS_STATUS_NOT_SUPPORTED";
    default: return "CUBLAS_STATUS_UNKNOWN";
    }
}

const char *cublasGetStatusString(int code) { return cublasGetStatusName(code); }

static int run(int ta, int tb, int m, int n, int k, const void *alpha, const void *beta, int compute, struct matrix a,
               struct matrix b, struct matrix c, int batch) {
    int scale = gemm_scale_type(compute);
    a.transposed = ta != 0;
    b.transposed = tb != 0;
    struct product product = {
        .m = m, .n = n, .k = k, .batch = batch, .a = a, .b = b, .c = c, .out = c,
        .alpha = gemm_scalar(alpha, scale), .beta = gemm_scalar(beta, scale),
    };
    return gemm(&product);
}

int cublasSgemm_v2(void *handle, int ta, int tb, int m, int n, int k, const void *alpha, const void *a, int lda,
                   const void *b, int ldb, const void *beta, void *c, int ldc) {
    ENTER();
    (void)handle;
    return run(ta, tb, m, n, k, alpha, beta, 68, (struct matrix){a, F32, 0, lda, 0}, (struct matrix){b, F32, 0, ldb, 0},
               (struct matrix){c, F32, 0, ldc, 0}, 1);
}

int cublasGemmEx(void *handle, int ta, int tb, int m, int n, int k, const void *alpha, const void *a, int a_type,
                 int lda, const void *b, int b_type, int ldb, const void *beta, void *c, int c_type, int ldc,
                 int compute, int algorithm) {
    ENTER();
    (void)handle, (void)algorithm;
    return run(ta, tb, m, n, k, alpha, beta, compute, (struct matrix){a, a_type, 0, lda, 0},
               (struct matrix){b, b_type, 0, ldb, 0}, (struct matrix){c, c_type, 0, ldc, 0}, 1);
}

int cublasSgemmStridedBatched(void *handle, int ta, int tb, int m, int n, int k, const void *alpha, const void *a,
                              int lda, long long a_step, const void *b, int ldb, long long b_step, const void *beta,
                              void *c, int ldc, long long c_step, int batch) {
    ENTER();
    (void)handle;
    return run(ta, tb, m, n, k, alpha, beta, 68, (struct matrix){a, F32, 0, lda, a_step},
               (struct matrix){b, F32, 0, ldb, b_step}, (struct matrix){c, F32, 0, ldc, c_step}, batch);
}

int cublasGemmStridedBatchedEx(void *handle, int ta, int tb, int m, int n, int k, const void *alpha, const void *a,
                               int a_type, int lda, long long a_step, const void *b, int b_type, int ldb,
                               long long b_step, const void *beta, void *c, int c_type, int ldc, long long c_step,
                               int batch, int compute, int algorithm) {
    ENTER();
    (void)handle, (void)algorithm;
    return run(ta, tb, m, n, k, alpha, beta, compute, (struct matrix){a, a_type, 0, lda, a_step},
               (struct matrix){b, b_type, 0, ldb, b_step}, (struct matrix){c, c_type, 0, ldc, c_step}, batch);
}

int cublasGemmBatchedEx(void *handle, int ta, int tb, int m, int n, int k, const void *alpha, const void *const *as,
                        int a_type, int lda, const void *const *bs, int b_type, int ldb, const void *beta,
                        void *const *cs, int c_type, int ldc, int batch, int compute, int algorithm) {
    ENTER();
    (void)handle, (void)algorithm;
    as = si_view(as, sizeof *as * (size_t)batch);
    bs = si_view(bs, sizeof *bs * (size_t)batch);
    cs = si_view(cs, sizeof *cs * (size_t)batch);
    if (!as || !bs || !cs) return BLAS_EXECUTION_FAILED;
    int code = BLAS_OK;
    for (int i = 0; i < batch && code == BLAS_OK; i++)
        code = run(ta, tb, m, n, k, alpha, beta, compute, (struct matrix){as[i], a_type, 0, lda, 0},
                   (struct matrix){bs[i], b_type, 0, ldb, 0}, (struct matrix){cs[i], c_type, 0, ldc, 0}, 1);
    return code;
}

int cublasSgemmBatched(void *handle, int ta, int tb, int m, int n, int k, const void *alpha, const void *const *as,
                       int lda, const void *const *bs, int ldb, const void *beta, void *const *cs, int ldc, int batch) {
    ENTER();
    return cublasGemmBatchedEx(handle, ta, tb, m, n, k, alpha, as, F32, lda, bs, F32, ldb, beta, cs, F32, ldc, batch,
                               68, 0);
}

// C = alpha A + beta B, each read by rows where its flag says so.
int cublasSgeam(void *handle, int ta, int tb, int m, int n, const float *alpha, const float *a, int lda,
                const float *beta, const float *b, int ldb, float *c, int ldc) {
    ENTER();
    (void)handle;
    float of_a = gemm_scalar(alpha, F32), of_b = gemm_scalar(beta, F32);
    const float *x = si_view(a, sizeof *a), *y = of_b != 0 ? si_view(b, sizeof *b) : NULL;
    float *out = si_view(c, sizeof *c);
    if (!x || !out || (of_b != 0 && !y)) return BLAS_EXECUTION_FAILED;
    for (long long j = 0; j < n; j++)
        for (long long i = 0; i < m; i++) {
            float value = of_a * x[ta ? i * lda + j : j * lda + i];
            if (y) value += of_b * y[tb ? i * ldb + j : j * ldb + i];
            out[j * ldc + i] = value;
        }
    return BLAS_OK;
}

int cublasScopy_v2(void *handle, int n, const float *x, int x_step, float *y, int y_step) {
    ENTER();
    (void)handle;
    const float *from = si_view(x, sizeof *x);
    float *to = si_view(y, sizeof *y);
    if (!from || !to) return BLAS_EXECUTION_FAILED;
    for (long long i = 0; i < n; i++) to[i * y_step] = from[i * x_step];
    return BLAS_OK;
}

int cublasSscal_v2(void *handle, int n, const float *alpha, float *x, int step) {
    ENTER();
    (void)handle;
    float factor = gemm_scalar(alpha, F32), *at = si_view(x, sizeof *x);
    if (!at) return BLAS_EXECUTION_FAILED;
    for (long long i = 0; i < n; i++) at[i * step] *= factor;
    return BLAS_OK;
}

#define REFUSED(function)         \
    int function(void) {          \
        ENTER();                  \
        return BLAS_NOT_SUPPORTED; \
    }

REFUSED(cublasDgeam)
REFUSED(cublasDgemmBatched)
REFUSED(cublasDgemmStridedBatched)
REFUSED(cublasDgemm_v2)
REFUSED(cublasDgetrfBatched)
REFUSED(cublasDgetriBatched)
REFUSED(cublasSgetrfBatched)
REFUSED(cublasSgetriBatched)
