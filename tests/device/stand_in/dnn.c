// Stands in for libcudnn.so.9: a handle can be made, and nothing can be computed.
//
// ONNX Runtime finds the library, so a session comes up as on a machine that has it; a Conv fails in its first run with
// "not supported" (3000). Without this library the same Conv fails because the library is missing.
#include <stdlib.h>

#include "core.h"

enum { DNN_OK = 0, DNN_NOT_SUPPORTED = 3000, DNN_EXECUTION_FAILED = 5000 };

#define ENTER()                              \
    do {                                     \
        int code = si_enter(__func__);       \
        if (si_lost()) return DNN_EXECUTION_FAILED; \
        if (code) return code;               \
    } while (0)

size_t cudnnGetVersion(void) { return 91000; }
size_t cudnnGetCudartVersion(void) { return 13000; }

const char *cudnnGetErrorString(int code) {
    switch (code) {
    case DNN_OK: return "CUDNN_STATUS_SUCCESS";
    case DNN_NOT_SUPPORTED: return "CUDNN_STATUS_NOT_SUPPORTED";
    case DNN_EXECUTION_FAILED: return "CUDNN_STATUS_EXECUTION_FAILED";
    default: return "CUDNN_STATUS_INTERNAL_ERROR";
    }
}

void cudnnGetLastErrorString(char *text, size_t bytes) {
    if (bytes) *text = 0;
}

int cudnnCreate(void ***handle) {
    ENTER();
    *handle = calloc(1, sizeof **handle);
    si_log("dnn create %d", si_current());
    return DNN_OK;
}

int cudnnDestroy(void **handle) {
    free(handle);
    si_log("dnn destroy %d", si_current());
    return DNN_OK;
}

int cudnnSetStream(void **handle, void *stream) {
    ENTER();
    *handle = stream;
    return DNN_OK;
}

int cudnnGetStream(void **handle, void **stream) {
    ENTER();
    *stream = *handle;
    return DNN_OK;
}

// Descriptions are made and set, so that ONNX Runtime's kernels can be made; none is ever read.
#define DESCRIPTION(name)                               \
    int cudnnCreate##name##Descriptor(void **made) {    \
        ENTER();                                        \
        *made = malloc(1);                              \
        return DNN_OK;                                  \
    }                                                   \
    int cudnnDestroy##name##Descriptor(void *made) {    \
        free(made);                                     \
        return DNN_OK;                                  \
    }

#define GIVES(code, name) \
    int cudnn##name(void) { \
        ENTER();          \
        return code;      \
    }

DESCRIPTION(Activation)
DESCRIPTION(Convolution)
DESCRIPTION(Dropout)
DESCRIPTION(Filter)
DESCRIPTION(LRN)
DESCRIPTION(Pooling)
DESCRIPTION(RNNData)
DESCRIPTION(RNN)
DESCRIPTION(ReduceTensor)
DESCRIPTION(Tensor)

GIVES(DNN_OK, SetActivationDescriptor)
GIVES(DNN_OK, SetConvolutionGroupCount)
GIVES(DNN_OK, SetConvolutionMathType)
GIVES(DNN_OK, SetConvolutionNdDescriptor)
GIVES(DNN_OK, SetDropoutDescriptor)
GIVES(DNN_OK, SetFilterNdDescriptor)
GIVES(DNN_OK, SetLRNDescriptor)
GIVES(DNN_OK, SetPoolingNdDescriptor)
GIVES(DNN_OK, SetRNNDataDescriptor)
GIVES(DNN_OK, SetRNNDescriptor_v8)
GIVES(DNN_OK, SetReduceTensorDescriptor)
GIVES(DNN_OK, SetTensorNdDescriptor)
GIVES(DNN_OK, DeriveBNTensorDescriptor)

GIVES(DNN_NOT_SUPPORTED, ActivationForward)
GIVES(DNN_NOT_SUPPORTED, AddTensor)
GIVES(DNN_NOT_SUPPORTED, BackendCreateDescriptor)
GIVES(DNN_NOT_SUPPORTED, BackendDestroyDescriptor)
GIVES(DNN_NOT_SUPPORTED, BackendExecute)
GIVES(DNN_NOT_SUPPORTED, BackendFinalize)
GIVES(DNN_NOT_SUPPORTED, BackendGetAttribute)
GIVES(DNN_NOT_SUPPORTED, BackendSetAttribute)
GIVES(DNN_NOT_SUPPORTED, BatchNormalizationForwardInference)
GIVES(DNN_NOT_SUPPORTED, BatchNormalizationForwardTraining)
GIVES(DNN_NOT_SUPPORTED, ConvolutionBiasActivationForward)
GIVES(DNN_NOT_SUPPORTED, ConvolutionForward)
GIVES(DNN_NOT_SUPPORTED, DropoutGetStatesSize)
GIVES(DNN_NOT_SUPPORTED, FindConvolutionForwardAlgorithmEx)
GIVES(DNN_NOT_SUPPORTED, GetConvolutionForwardAlgorithm_v7)
GIVES(DNN_NOT_SUPPORTED, GetConvolutionForwardWorkspaceSize)
GIVES(DNN_NOT_SUPPORTED, GetRNNTempSpaceSizes)
GIVES(DNN_NOT_SUPPORTED, GetRNNWeightParams)
GIVES(DNN_NOT_SUPPORTED, GetRNNWeightSpaceSize)
GIVES(DNN_NOT_SUPPORTED, GetReductionIndicesSize)
GIVES(DNN_NOT_SUPPORTED, GetReductionWorkspaceSize)
GIVES(DNN_NOT_SUPPORTED, GetTensorNdDescriptor)
GIVES(DNN_NOT_SUPPORTED, LRNCrossChannelForward)
GIVES(DNN_NOT_SUPPORTED, PoolingForward)
GIVES(DNN_NOT_SUPPORTED, RNNForward)
GIVES(DNN_NOT_SUPPORTED, ReduceTensor)
GIVES(DNN_NOT_SUPPORTED, SoftmaxForward)
