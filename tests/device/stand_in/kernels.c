// Stands in for a few of ONNX Runtime's kernels, known by their names: relu, the bias of a Gemm, and sums, differences
// and products of two float32 tensors of one shape or a tensor and a number.
//
// With these a small network of products and relus gives right answers. All other kernels do nothing: a test that looks
// at answers must ask `kernels()` of its log what ran.
#include <string.h>

#include "runtime.h"

#define PREFIX "_ZN11onnxruntime4cuda"

static const char *after(const char *text, const char *start) {
    size_t length = strlen(start);
    return text && strncmp(text, start, length) == 0 ? text + length : NULL;
}

// Arguments: the input, the output, a function without state, how many (64 bits).
static int unary(void **arguments) {
    long long count = *(long long *)arguments[3];
    const float *in = si_view(*(void **)arguments[0], sizeof(float) * (size_t)count);
    float *out = si_view(*(void **)arguments[1], sizeof(float) * (size_t)count);
    if (!in || !out) return SI_ILLEGAL_ADDRESS;
    for (long long i = 0; i < count; i++) out[i] = in[i] > 0 ? in[i] : 0;
    return SI_OK;
}

// Arguments: both inputs, the output, a function without state, how many (32 bits). An input that does not advance is
// one number.
static int binary(void **arguments, int left_advances, int right_advances, char operation) {
    int count = *(int *)arguments[4];
    size_t bytes = sizeof(float) * (size_t)count;
    const float *left = si_view(*(void **)arguments[0], left_advances ? bytes : sizeof(float));
    const float *right = si_view(*(void **)arguments[1], right_advances ? bytes : sizeof(float));
    float *out = si_view(*(void **)arguments[2], bytes);
    if (!left || !right || !out) return SI_ILLEGAL_ADDRESS;
    for (int i = 0; i < count; i++) {
        float a = left[left_advances ? i : 0], b = right[right_advances ? i : 0];
        out[i] = operation == 'A' ? a + b : operation == 'S' ? a - b : a * b;
    }
    return SI_OK;
}

// Arguments: the bias, the output, how many (64 bits), columns, how far the bias advances for a row and for a column.
static int broadcast_bias(void **arguments) {
    long long count = *(long long *)arguments[2], columns = *(int *)arguments[3];
    int by_row = *(int *)arguments[4], by_column = *(int *)arguments[5];
    if (count <= 0 || columns <= 0) return SI_OK;
    long long last = (count - 1) / columns * by_row + (columns - 1) * by_column;
    const float *bias = si_view(*(void **)arguments[0], sizeof(float) * (size_t)(last + 1));
    float *out = si_view(*(void **)arguments[1], sizeof(float) * (size_t)count);
    if (!bias || !out) return SI_ILLEGAL_ADDRESS;
    for (long long i = 0; i < count; i++) out[i] = bias[i / columns * by_row + i % columns * by_column];
    return SI_OK;
}

int kernel(const char *name, void **arguments) {
    if (after(name, PREFIX "17_UnaryElementWiseIffNS0_7OP_ReluIfEE")) return unary(arguments);
    if (after(name, PREFIX "19BroadcastBiasKernelIfiLb0EE")) return broadcast_bias(arguments);
    const char *rest = after(name, PREFIX "24_BinaryElementWiseSimpleILb");
    if (rest && strlen(rest) > 7) {
        const char *operation = after(rest + 1, "ELb") ? after(rest + 5, "EfffNS0_6OP_") : NULL;
        if (operation && strncmp(operation + 3, "IfffEE", 6) == 0 && strchr("ASM", *operation))
            return binary(arguments, rest[0] == '1', rest[4] == '1', *operation);
    }
    return SI_OK;
}
