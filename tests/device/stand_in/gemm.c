// Matrix products for the stand-ins of libcublas.so.13 and libcublasLt.so.13: float32, float16 and bfloat16, summed in
// float32 in one order.
//
// It cannot show the rounding of a real device (TF32, sums in float16, another order), nor its speed. Types other than
// these are refused with "not supported".
#include "gemm.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

float gemm_scalar(const void *at, int type) { return number_load(si_view(at, type == F32 ? 4 : 2), type, 0); }

// Compute types 64 and 65 are float16's; the others of these three types scale in float32.
int gemm_scale_type(int compute) { return compute == 64 || compute == 65 ? F16 : F32; }

// A failure on demand gives its own code; a lost device is a failed execution.
int gemm_enter(const char *function) {
    int code = si_enter(function);
    return si_lost() ? BLAS_EXECUTION_FAILED : code;
}

static int is_known(int type) { return type == F32 || type == F16 || type == BF16; }

static size_t bytes_of(const struct matrix *matrix, long long rows, long long columns) {
    if (matrix->transposed) {
        long long held = rows;
        rows = columns, columns = held;
    }
    return (size_t)((columns - 1) * matrix->lead + rows) * (matrix->type == F32 ? 4 : 2);
}

// Where the bytes of one matrix of the batch are; NULL where they are not all inside an allocation.
static void *one(const struct matrix *matrix, long long index, long long rows, long long columns) {
    const char *start = (const char *)matrix->at + index * matrix->step * (matrix->type == F32 ? 4 : 2);
    return si_view(start, bytes_of(matrix, rows, columns));
}

static float ended(const struct product *p, float value) {
    if (p->after == 1) return value > 0 ? value : 0;
    if (p->after == 2) return 0.5f * value * (1 + tanhf(0.7978845608f * (value + 0.044715f * value * value * value)));
    return value;
}

int gemm(const struct product *p) {
    if (!is_known(p->a.type) || !is_known(p->b.type) || !is_known(p->c.type) || !is_known(p->out.type))
        return BLAS_NOT_SUPPORTED;
    if (p->m == 0 || p->n == 0) return BLAS_OK;
    si_log("gemm %lld %lld %lld %lld", p->m, p->n, p->k, p->batch);
    float *wide = malloc(sizeof(float) * (size_t)(p->m * p->k + 1));
    float *sum = malloc(sizeof(float) * (size_t)p->m);
    const void *bias = p->bias ? si_view(p->bias, (size_t)p->m * (p->out.type == F32 ? 4 : 2)) : NULL;
    int code = p->bias && !bias ? BLAS_EXECUTION_FAILED : BLAS_OK;
    for (long long index = 0; index < p->batch && code == BLAS_OK; index++) {
        void *a = one(&p->a, index, p->m, p->k), *b = one(&p->b, index, p->k, p->n);
        void *c = p->beta != 0 ? one(&p->c, index, p->m, p->n) : NULL, *out = one(&p->out, index, p->m, p->n);
        if (!out || (p->k && (!a || !b)) || (p->beta != 0 && !c)) {
            code = BLAS_EXECUTION_FAILED;
            break;
        }
        for (long long l = 0; l < p->k; l++)
            for (long long i = 0; i < p->m; i++)
                wide[l * p->m + i] = number_load(a, p->a.type, p->a.transposed ? i * p->a.lead + l : l * p->a.lead + i);
        for (long long j = 0; j < p->n; j++) {
            memset(sum, 0, sizeof(float) * (size_t)p->m);
            for (long long l = 0; l < p->k; l++) {
                float factor = number_load(b, p->b.type, p->b.transposed ? l * p->b.lead + j : j * p->b.lead + l);
                for (long long i = 0; i < p->m; i++) sum[i] += factor * wide[l * p->m + i];
            }
            for (long long i = 0; i < p->m; i++) {
                float value = p->alpha * sum[i];
                if (c) value += p->beta * number_load(c, p->c.type, j * p->c.lead + i);
                if (bias) value += number_load(bias, p->out.type, i);
                number_store(out, p->out.type, j * p->out.lead + i, ended(p, value));
            }
        }
    }
    free(wide);
    free(sum);
    return code;
}
