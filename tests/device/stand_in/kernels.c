// Stands in for a few of ONNX Runtime's kernels, known by their names: relu, casts between float32 and float16, the
// bias of a Gemm, and sums, differences and products of two tensors of one shape or a tensor and a number.
//
// With these a small network of products and relus gives right answers. All other kernels do nothing: a test that looks
// at answers must ask `kernels()` of its log what ran.
#include <string.h>

#include "numbers.h"
#include "runtime.h"

#define PREFIX "_ZN11onnxruntime4cuda"

static int starts(const char *text, const char *start) { return strncmp(text, start, strlen(start)) == 0; }

static size_t width(int type) { return type == F32 ? 4 : 2; }

// What the address that an argument holds names, for so many elements.
static void *tensor(void *argument, int type, long long count) {
    return si_view(*(void **)argument, width(type) * (size_t)count);
}

// Arguments: the input, the output, a function without state, how many (64 bits).
static int unary(void **arguments, int from, int to, int is_relu) {
    long long count = *(long long *)arguments[3];
    const void *in = tensor(arguments[0], from, count);
    void *out = tensor(arguments[1], to, count);
    if (!in || !out) return SI_ILLEGAL_ADDRESS;
    for (long long i = 0; i < count; i++) {
        float value = number_load(in, from, i);
        number_store(out, to, i, is_relu && value < 0 ? 0 : value);
    }
    return SI_OK;
}

// Arguments: both inputs, the output, a function without state, how many (32 bits). An input that does not advance is
// one number.
static int binary(void **arguments, int type, int left_advances, int right_advances, char operation) {
    int count = *(int *)arguments[4];
    const void *left = tensor(arguments[0], type, left_advances ? count : 1);
    const void *right = tensor(arguments[1], type, right_advances ? count : 1);
    void *out = tensor(arguments[2], type, count);
    if (!left || !right || !out) return SI_ILLEGAL_ADDRESS;
    for (int i = 0; i < count; i++) {
        float a = number_load(left, type, left_advances ? i : 0), b = number_load(right, type, right_advances ? i : 0);
        number_store(out, type, i, operation == 'A' ? a + b : operation == 'S' ? a - b : a * b);
    }
    return SI_OK;
}

// Arguments: the bias, the output, how many (64 bits), columns, how far the bias advances for a row and for a column.
static int broadcast_bias(void **arguments, int type) {
    long long count = *(long long *)arguments[2], columns = *(int *)arguments[3];
    int by_row = *(int *)arguments[4], by_column = *(int *)arguments[5];
    if (count <= 0 || columns <= 0) return SI_OK;
    long long last = (count - 1) / columns * by_row + (columns - 1) * by_column;
    const void *bias = tensor(arguments[0], type, last + 1);
    void *out = tensor(arguments[1], type, count);
    if (!bias || !out) return SI_ILLEGAL_ADDRESS;
    for (long long i = 0; i < count; i++)
        number_store(out, type, i, number_load(bias, type, i / columns * by_row + i % columns * by_column));
    return SI_OK;
}

// `rest` is what follows "ILb" in the name: whether each input advances, the type, the operation.
static int binary_by_name(const char *rest, void **arguments) {
    if (strlen(rest) < 7 || !starts(rest + 1, "ELb") || rest[5] != 'E') return SI_OK;
    int type = starts(rest + 6, "fffNS0_6OP_") ? F32 : starts(rest + 6, "6__halfS2_S2_NS0_6OP_") ? F16 : -1;
    if (type < 0) return SI_OK;
    const char *operation = strstr(rest, "OP_") + 3;
    int is_known = starts(operation, "AddI") || starts(operation, "SubI") || starts(operation, "MulI");
    return is_known ? binary(arguments, type, rest[0] == '1', rest[4] == '1', *operation) : SI_OK;
}

int kernel(const char *name, void **arguments) {
    if (!starts(name, PREFIX)) return SI_OK;
    name += strlen(PREFIX);
    if (starts(name, "17_UnaryElementWiseIffNS0_7OP_ReluIfEE")) return unary(arguments, F32, F32, 1);
    if (starts(name, "17_UnaryElementWiseI6__halfS2_NS0_7OP_ReluIS2_EE")) return unary(arguments, F16, F16, 1);
    if (starts(name, "17_UnaryElementWiseIf6__halfNS0_7OP_CastIfS2_EE")) return unary(arguments, F32, F16, 0);
    if (starts(name, "17_UnaryElementWiseI6__halffNS0_7OP_CastIS2_fEE")) return unary(arguments, F16, F32, 0);
    if (starts(name, "19BroadcastBiasKernelIfiLb0EE")) return broadcast_bias(arguments, F32);
    if (starts(name, "19BroadcastBiasKernelI6__halfiLb0EE")) return broadcast_bias(arguments, F16);
    if (starts(name, "24_BinaryElementWiseSimpleILb")) return binary_by_name(name + 29, arguments);
    return SI_OK;
}
