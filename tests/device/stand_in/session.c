// What the stand-ins' own tests run: ONNX Runtime with its CUDA provider, by its C interface, and nothing of ours.
//
//     session LIBRARY MODEL ROWS COLUMNS COUNT VALUE...
//
// runs a model of one input, `x` f32 [ROWS, COLUMNS], and one output, `y` f32 of COUNT elements, in one session, twice.
// It prints the elements of the second run, or what failed.
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

// Places in the table of functions; they never change.
enum {
    ERROR_MESSAGE = 2,
    CREATE_ENV = 3,
    CREATE_SESSION = 7,
    RUN = 9,
    CREATE_OPTIONS = 10,
    CREATE_TENSOR = 49,
    TENSOR_DATA = 51,
    CREATE_CPU_MEMORY_INFO = 69,
    RELEASE_SESSION = 95,
    APPEND_CUDA = 204,
    CREATE_CUDA_OPTIONS = 205,
};

typedef void *(*function)();
static function *api;

static void check(void *status) {
    if (!status) return;
    printf("%s\n", (const char *)api[ERROR_MESSAGE](status));
    exit(1);
}

int main(int argc, char **argv) {
    void *library = argc > 5 ? dlopen(argv[1], RTLD_NOW) : NULL;
    if (!library) {
        printf("%s\n", argc > 5 ? dlerror() : "session LIBRARY MODEL ROWS COLUMNS COUNT VALUE...");
        return 2;
    }
    function *base = ((function * (*)(void)) dlsym(library, "OrtGetApiBase"))();
    api = (function *)base[0](24);

    void *env, *options, *cuda, *session, *info, *x, *y, *data;
    check(api[CREATE_ENV](3, "stand-ins", &env));
    check(api[CREATE_OPTIONS](&options));
    check(api[CREATE_CUDA_OPTIONS](&cuda));
    check(api[APPEND_CUDA](options, cuda));
    check(api[CREATE_SESSION](env, argv[2], options, &session));

    int64_t shape[2] = {atoll(argv[3]), atoll(argv[4])};
    size_t count = (size_t)(shape[0] * shape[1]);
    float *values = calloc(count, sizeof *values);
    for (size_t i = 0; i < count && 6 + (int)i < argc; i++) values[i] = strtof(argv[6 + i], NULL);
    check(api[CREATE_CPU_MEMORY_INFO](0, 0, &info));
    check(api[CREATE_TENSOR](info, values, count * sizeof *values, shape, (size_t)2, 1, &x));
    const char *inputs[] = {"x"}, *outputs[] = {"y"};
    for (int i = 0; i < 2; i++) {
        y = NULL;
        check(api[RUN](session, NULL, inputs, &x, (size_t)1, outputs, (size_t)1, &y));
    }
    check(api[TENSOR_DATA](y, &data));
    for (int i = 0; i < atoi(argv[5]); i++) printf("%s%g", i ? " " : "", ((float *)data)[i]);
    printf("\n");
    api[RELEASE_SESSION](session);
    return 0;
}
