// What the stand-in libraries share: settings, the log, failures on demand, and one account of "device memory".
//
// The stand-ins take the place of NVIDIA's libraries in tests, so that ONNX Runtime's own CUDA provider comes up on a
// machine without a GPU. Device memory is host memory behind addresses that the host itself cannot read or write: code
// that treats a device pointer as its own ends with SIGSEGV here too. Matrix products are computed; kernels do nothing,
// but for a few (kernels.c).
//
// Settings are environment variables, read once, when the first stand-in is loaded:
//
// | variable | what it does |
// |---|---|
// | BLINK_STAND_IN_DEVICES | how many devices there are; 1 where unset, at most 8, 0 gives "no device" (100) |
// | BLINK_STAND_IN_MEMORY | bytes of memory of each device; 8 GiB where unset |
// | BLINK_STAND_IN_NAME | the name of each device; "Blink stand-in" where unset |
// | BLINK_STAND_IN_VERSION | what the driver says that it knows of CUDA; 13000 where unset |
// | BLINK_STAND_IN_FAIL | FUNCTION:N:CODE, comma separated: the N-th call (from 1) of FUNCTION gives CODE |
// | BLINK_STAND_IN_LOST | FUNCTION:N:CODE: from that call on every call of every function gives CODE |
// | BLINK_STAND_IN_COPY_US | every copy takes so many microseconds longer |
// | BLINK_STAND_IN_LOG | a file that gets a line for each event, with the process's id in front |
#ifndef BLINK_STAND_IN_CORE_H
#define BLINK_STAND_IN_CORE_H

#include <stddef.h>
#include <stdint.h>

// Codes that the runtime and the driver have in common.
enum {
    SI_OK = 0,
    SI_INVALID_VALUE = 1,
    SI_OUT_OF_MEMORY = 2,
    SI_NOT_INITIALIZED = 3,
    SI_NO_DEVICE = 100,
    SI_INVALID_DEVICE = 101,
    SI_INVALID_CONTEXT = 201,
    SI_NOT_FOUND = 500,
    SI_ILLEGAL_ADDRESS = 700,
    SI_NOT_SUPPORTED = 801,
};

enum si_kind { SI_PAGEABLE = 0, SI_PINNED = 1, SI_DEVICE = 2 };

// Settings.
int si_devices(void);
const char *si_name(void);
int si_version(void);

// Counts a call of `function` and gives the code that the settings ask for; SI_OK where it goes on.
int si_enter(const char *function);
// The code that a lost device gives, SI_OK while it is there.
int si_lost(void);
// Appends one line to the log.
void si_log(const char *format, ...) __attribute__((format(printf, 1, 2)));
// The constant's name (the driver's or the runtime's) and what it means.
const char *si_error_name(int code, int of_driver);
const char *si_error_text(int code);

// The device that is current on this thread; -1 where none was chosen.
int si_current(void);
void si_set_current(int device);

// The account.
int si_alloc(size_t bytes, void **address);
int si_free(void *address);
int si_alloc_pinned(size_t bytes, void **address);
int si_free_pinned(void *address);
int si_register(void *address, size_t bytes);
int si_unregister(void *address);
int si_copy(void *to, const void *from, size_t bytes);
int si_fill(void *address, int value, size_t bytes);
void si_memory(int device, size_t *free, size_t *total);
enum si_kind si_kind_of(const void *address, int *device);
// Where the host reads and writes what `address` names; NULL for `bytes` that are not all inside one allocation of a
// device. Host addresses come back as they are.
void *si_view(const void *address, size_t bytes);

#endif
