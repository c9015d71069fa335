// Part of every stand-in (libblink_stand_in.so): settings from the environment, the log, and failures on demand.
//
// It cannot show when a real device fails, nor in which state it leaves memory: a failed call here did nothing at all.
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core.h"

#define MOST_RULES 16
#define MOST_FUNCTIONS 256

struct rule {
    char function[96];
    unsigned long call;
    int code;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int devices = 1;
static const char *name = "Blink stand-in";
static int version = 13000;
static int log_file = -1;
static struct rule fails[MOST_RULES];
static int fail_count;
static struct rule loss;
static int lost_code;
static struct {
    const char *function;
    unsigned long calls;
} counts[MOST_FUNCTIONS];

static int parse(const char *text, struct rule *rules, int most) {
    int count = 0;
    while (text && *text && count < most) {
        struct rule *rule = &rules[count];
        if (sscanf(text, "%95[^:,]:%lu:%d", rule->function, &rule->call, &rule->code) == 3) {
            count++;
        } else {
            fprintf(stderr, "blink stand-in: \"%s\" is not FUNCTION:CALL:CODE\n", text);
            abort();
        }
        text = strchr(text, ',');
        text = text ? text + 1 : NULL;
    }
    return count;
}

__attribute__((constructor)) static void read_settings(void) {
    const char *text = getenv("BLINK_STAND_IN_DEVICES");
    if (text) devices = atoi(text) < 8 ? atoi(text) : 8;
    text = getenv("BLINK_STAND_IN_NAME");
    if (text) name = strdup(text);
    text = getenv("BLINK_STAND_IN_VERSION");
    if (text) version = atoi(text);
    fail_count = parse(getenv("BLINK_STAND_IN_FAIL"), fails, MOST_RULES);
    parse(getenv("BLINK_STAND_IN_LOST"), &loss, 1);
    text = getenv("BLINK_STAND_IN_LOG");
    if (text) log_file = open(text, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
}

int si_devices(void) { return devices; }
const char *si_name(void) { return name; }
int si_version(void) { return version; }

int si_lost(void) { return __atomic_load_n(&lost_code, __ATOMIC_SEQ_CST); }

static unsigned long count(const char *function) {
    for (int i = 0; i < MOST_FUNCTIONS; i++) {
        if (!counts[i].function) counts[i].function = function;
        if (strcmp(counts[i].function, function) == 0) return ++counts[i].calls;
    }
    abort();
}

int si_enter(const char *function) {
    int code = si_lost();
    if (code) return code;
    if (!fail_count && !loss.call) return SI_OK;
    pthread_mutex_lock(&lock);
    unsigned long call = count(function);
    pthread_mutex_unlock(&lock);
    if (loss.call == call && strcmp(loss.function, function) == 0) {
        __atomic_store_n(&lost_code, loss.code, __ATOMIC_SEQ_CST);
        si_log("lost %s %d", function, loss.code);
        return loss.code;
    }
    for (int i = 0; i < fail_count; i++) {
        if (fails[i].call == call && strcmp(fails[i].function, function) == 0) {
            si_log("fail %s %d", function, fails[i].code);
            return fails[i].code;
        }
    }
    return SI_OK;
}

void si_log(const char *format, ...) {
    if (log_file < 0) return;
    char line[512];
    int length = snprintf(line, sizeof line, "%d ", (int)getpid());
    va_list arguments;
    va_start(arguments, format);
    length += vsnprintf(line + length, sizeof line - length - 1, format, arguments);
    va_end(arguments);
    if (length > (int)sizeof line - 2) length = sizeof line - 2;
    line[length++] = '\n';
    // One write: lines of several processes do not mix in a file opened to append.
    ssize_t written = write(log_file, line, length);
    (void)written;
}

static const struct {
    int code;
    const char *of_driver;
    const char *of_runtime;
    const char *text;
} errors[] = {
    {0, "CUDA_SUCCESS", "cudaSuccess", "no error"},
    {1, "CUDA_ERROR_INVALID_VALUE", "cudaErrorInvalidValue", "invalid argument"},
    {2, "CUDA_ERROR_OUT_OF_MEMORY", "cudaErrorMemoryAllocation", "out of memory"},
    {3, "CUDA_ERROR_NOT_INITIALIZED", "cudaErrorInitializationError", "initialization error"},
    {46, "CUDA_ERROR_DEVICE_UNAVAILABLE", "cudaErrorDevicesUnavailable",
     "CUDA-capable device(s) is/are busy or unavailable"},
    {100, "CUDA_ERROR_NO_DEVICE", "cudaErrorNoDevice", "no CUDA-capable device is detected"},
    {101, "CUDA_ERROR_INVALID_DEVICE", "cudaErrorInvalidDevice", "invalid device ordinal"},
    {201, "CUDA_ERROR_INVALID_CONTEXT", "cudaErrorDeviceUninitialized", "invalid device context"},
    {214, "CUDA_ERROR_ECC_UNCORRECTABLE", "cudaErrorECCUncorrectable", "uncorrectable ECC error encountered"},
    {500, "CUDA_ERROR_NOT_FOUND", "cudaErrorSymbolNotFound", "named symbol not found"},
    {700, "CUDA_ERROR_ILLEGAL_ADDRESS", "cudaErrorIllegalAddress", "an illegal memory access was encountered"},
    {719, "CUDA_ERROR_LAUNCH_FAILED", "cudaErrorLaunchFailure", "unspecified launch failure"},
    {801, "CUDA_ERROR_NOT_SUPPORTED", "cudaErrorNotSupported", "operation not supported"},
    {999, "CUDA_ERROR_UNKNOWN", "cudaErrorUnknown", "unknown error"},
};

const char *si_error_name(int code, int of_driver) {
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        if (errors[i].code == code) return of_driver ? errors[i].of_driver : errors[i].of_runtime;
    return NULL;
}

const char *si_error_text(int code) {
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        if (errors[i].code == code) return errors[i].text;
    return NULL;
}
