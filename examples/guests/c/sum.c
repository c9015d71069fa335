/* Numbers on stdin to a model's answer on stdout, in C, by the interface of core modules.
 *
 *     sum [MODEL] < NUMBERS
 *
 * The model (`sum` if none is named) takes f32 [1, N] as its first input, N the count of numbers, and gives f32 as its
 * first output: a line for each. Refused: words that are no numbers, more than 65536 of them. Exit codes: 1 no answer.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NN(name) __attribute__((import_module("wasi_ephemeral_nn"), import_name(name)))

/* Positions of the cases in the interface: f16, f32, ...; success, invalid_argument, ... */
enum { F32 = 1 };
enum { MOST = 65536 };

struct tensor {
    const uint32_t *dims;
    uint32_t dims_length;
    uint8_t type;
    const uint8_t *bytes;
    uint32_t bytes_length;
};

NN("load_by_name") uint32_t nn_load_by_name(const char *name, uint32_t length, uint32_t *graph);
NN("init_execution_context") uint32_t nn_init_execution_context(uint32_t graph, uint32_t *context);
NN("set_input") uint32_t nn_set_input(uint32_t context, uint32_t index, const struct tensor *tensor);
NN("compute") uint32_t nn_compute(uint32_t context);
NN("get_output") uint32_t nn_get_output(uint32_t context, uint32_t index, uint8_t *to, uint32_t room, uint32_t *length);

static void check(uint32_t error, const char *what) {
    static const char *const reasons[] = {
        "success", "invalid argument", "invalid encoding", "missing memory", "busy",
        "runtime error", "unsupported operation", "too large", "not found",
    };
    if (error != 0) {
        int known = error < sizeof reasons / sizeof *reasons;
        fprintf(stderr, "sum: %s: %s (error %u)\n", what, known ? reasons[error] : "unknown", (unsigned)error);
        exit(1);
    }
}

/* Reads all numbers of stdin, and gives how many there are. */
static uint32_t read_numbers(float *numbers) {
    uint32_t count = 0;
    char word[64], *end;
    while (scanf("%63s", word) == 1) {
        if (count == MOST) {
            fprintf(stderr, "sum: stdin has more than %d numbers\n", MOST);
            exit(1);
        }
        numbers[count++] = strtof(word, &end);
        if (*end != '\0') {
            fprintf(stderr, "sum: stdin has '%s' where a number was expected\n", word);
            exit(1);
        }
    }
    return count;
}

int main(int argc, char **argv) {
    static float numbers[MOST], answers[MOST];
    const char *model = argc > 1 ? argv[1] : "sum";
    uint32_t graph, context, length, dims[2] = {1, read_numbers(numbers)};

    check(nn_load_by_name(model, (uint32_t)strlen(model), &graph), "model is not to be had");
    check(nn_init_execution_context(graph, &context), "context was not made");
    struct tensor input = {dims, 2, F32, (const uint8_t *)numbers, dims[1] * (uint32_t)sizeof *numbers};
    check(nn_set_input(context, 0, &input), "input was refused");
    check(nn_compute(context), "inference failed");
    check(nn_get_output(context, 0, (uint8_t *)answers, sizeof answers, &length), "output was not given");

    for (uint32_t index = 0; index < length / sizeof *answers; index++)
        printf("%.9g\n", (double)answers[index]);
    return 0;
}
