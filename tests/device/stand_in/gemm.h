// Matrix products for the stand-ins of libcublas.so.13 and libcublasLt.so.13.
#ifndef BLINK_STAND_IN_GEMM_H
#define BLINK_STAND_IN_GEMM_H

#include "core.h"
#include "numbers.h"

// Codes of cuBLAS.
enum { BLAS_OK = 0, BLAS_INVALID_VALUE = 7, BLAS_EXECUTION_FAILED = 13, BLAS_NOT_SUPPORTED = 15 };

// A matrix in device memory, its columns `lead` elements apart; `transposed` where its rows are read as columns.
struct matrix {
    const void *at;
    int type, transposed;
    long long lead, step; // step: elements from one of a batch to the next
};

// C = alpha A B + beta C, A being m by k and B k by n. `bias` (m elements, of C's type) is added where it is given,
// and `after` is the operation at the end: 0 none, 1 relu, 2 gelu. Gives a code of cuBLAS.
struct product {
    long long m, n, k, batch;
    float alpha, beta;
    struct matrix a, b, c, out;
    const void *bias;
    int after;
};

int gemm(const struct product *product);

// A number that a caller gave by address, of the host or of the device.
float gemm_scalar(const void *at, int type);
// The type of alpha and beta in a product of this compute type.
int gemm_scale_type(int compute);
// What the settings say of a call of this function: a code of cuBLAS.
int gemm_enter(const char *function);

#endif
