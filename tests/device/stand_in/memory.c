// Part of every stand-in (libblink_stand_in.so): the one account of "device memory", and of pinned host memory.
//
// A device's memory is two mappings of equal size. One is never readable and gives the addresses that callers see; the
// other, the view, holds the bytes. Every copy is checked against the allocations and is done when the call returns.
//
// It cannot show what a real device's order of work would: a copy that a stream has yet to do, memory freed while a
// kernel reads it, fragments, or what a context itself takes.
#define _GNU_SOURCE
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core.h"

#define MOST_DEVICES 8
#define GRAIN 512

struct block {
    uintptr_t start;
    size_t bytes; // as asked for
    struct block *next;
};

static struct {
    char *addresses; // what callers see
    char *view;      // where the bytes are
    size_t used;
    struct block *blocks; // by address, ascending
} memory[MOST_DEVICES];

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct block *pinned;
static size_t total = (size_t)8 << 30;
static unsigned copy_us;
static __thread int current = -1;

__attribute__((constructor)) static void read_settings(void) {
    const char *text = getenv("BLINK_STAND_IN_MEMORY");
    if (text) total = strtoull(text, NULL, 10);
    total = total / GRAIN * GRAIN;
    text = getenv("BLINK_STAND_IN_COPY_US");
    if (text) copy_us = strtoul(text, NULL, 10);
}

int si_current(void) { return current; }
void si_set_current(int device) { current = device; }

static size_t grains(size_t bytes) { return (bytes + GRAIN - 1) / GRAIN * GRAIN; }

static char *map(int protection) {
    char *start = mmap(NULL, total, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return start == MAP_FAILED ? NULL : start;
}

int si_alloc(size_t bytes, void **address) {
    *address = NULL;
    int device = current < 0 ? 0 : current;
    if (bytes == 0) return SI_OK;
    struct block *new = malloc(sizeof *new);
    pthread_mutex_lock(&lock);
    if (!memory[device].addresses) {
        memory[device].addresses = map(PROT_NONE);
        memory[device].view = map(PROT_READ | PROT_WRITE);
    }
    uintptr_t at = (uintptr_t)memory[device].addresses, end = at + total;
    struct block **place = &memory[device].blocks;
    while (*place && (*place)->start - at < grains(bytes)) {
        at = (*place)->start + grains((*place)->bytes);
        place = &(*place)->next;
    }
    int fits = bytes <= total && end - at >= grains(bytes) && memory[device].view;
    if (fits) {
        *new = (struct block){at, bytes, *place};
        *place = new;
        memory[device].used += grains(bytes);
        *address = (void *)at;
    }
    pthread_mutex_unlock(&lock);
    if (!fits) {
        free(new);
        si_log("refuse device %zu %d", bytes, device);
        return SI_OUT_OF_MEMORY;
    }
    si_log("alloc device %zu %d", bytes, device);
    return SI_OK;
}

// The device whose addresses hold `address`; -1 for memory of the host.
static int device_of(const void *address) {
    for (int device = 0; device < MOST_DEVICES; device++) {
        char *start = memory[device].addresses;
        if (start && (char *)address >= start && (char *)address < start + total) return device;
    }
    return -1;
}

static struct block *take(struct block **place, const void *address) {
    while (*place && (*place)->start != (uintptr_t)address) place = &(*place)->next;
    struct block *found = *place;
    if (found) *place = found->next;
    return found;
}

int si_free(void *address) {
    if (!address) return SI_OK;
    pthread_mutex_lock(&lock);
    int device = device_of(address);
    struct block *block = device < 0 ? NULL : take(&memory[device].blocks, address);
    if (block) {
        memory[device].used -= grains(block->bytes);
        size_t page = sysconf(_SC_PAGESIZE);
        size_t from = (block->start - (uintptr_t)memory[device].addresses + page - 1) / page * page;
        size_t to = (block->start - (uintptr_t)memory[device].addresses + block->bytes) / page * page;
        if (to > from) madvise(memory[device].view + from, to - from, MADV_DONTNEED);
    }
    pthread_mutex_unlock(&lock);
    if (!block) return SI_INVALID_VALUE;
    si_log("free device %zu %d", block->bytes, device);
    free(block);
    return SI_OK;
}

static int pin(void *address, size_t bytes) {
    struct block *new = malloc(sizeof *new);
    pthread_mutex_lock(&lock);
    *new = (struct block){(uintptr_t)address, bytes, pinned};
    pinned = new;
    pthread_mutex_unlock(&lock);
    return SI_OK;
}

static int unpin(void *address, const char *verb, const char *kind) {
    pthread_mutex_lock(&lock);
    struct block *block = take(&pinned, address);
    pthread_mutex_unlock(&lock);
    if (!block) return SI_INVALID_VALUE;
    si_log("%s %s %zu", verb, kind, block->bytes);
    free(block);
    return SI_OK;
}

int si_alloc_pinned(size_t bytes, void **address) {
    *address = NULL;
    if (bytes == 0) return SI_OK;
    if (posix_memalign(address, 4096, bytes)) return SI_OUT_OF_MEMORY;
    si_log("alloc pinned %zu", bytes);
    return pin(*address, bytes);
}

int si_free_pinned(void *address) {
    if (!address) return SI_OK;
    int code = unpin(address, "free", "pinned");
    if (code == SI_OK) free(address);
    return code;
}

int si_register(void *address, size_t bytes) {
    si_log("register pinned %zu", bytes);
    return pin(address, bytes);
}

int si_unregister(void *address) { return unpin(address, "unregister", "pinned") == SI_OK ? SI_OK : 713; }

void *si_view(const void *address, size_t bytes) {
    pthread_mutex_lock(&lock);
    int device = device_of(address);
    void *view = (void *)address;
    if (device >= 0) {
        struct block *block = memory[device].blocks;
        uintptr_t at = (uintptr_t)address;
        while (block && block->start + block->bytes <= at) block = block->next;
        int inside = block && block->start <= at && block->start + block->bytes - at >= bytes;
        view = inside ? memory[device].view + ((char *)address - memory[device].addresses) : NULL;
    }
    pthread_mutex_unlock(&lock);
    return view;
}

int si_copy(void *to, const void *from, size_t bytes) {
    if (bytes == 0) return SI_OK;
    static const char *const ways[2][2] = {{"on-host", "to-device"}, {"to-host", "on-device"}};
    int target = device_of(to), source = device_of(from);
    void *write = si_view(to, bytes), *read = si_view(from, bytes);
    if (!write || !read) return SI_INVALID_VALUE;
    si_log("copy %s %zu %d", ways[source >= 0][target >= 0], bytes, target >= 0 ? target : source);
    if (copy_us) usleep(copy_us);
    memmove(write, read, bytes);
    return SI_OK;
}

int si_fill(void *address, int value, size_t bytes) {
    if (bytes == 0) return SI_OK;
    void *view = si_view(address, bytes);
    if (!view) return SI_INVALID_VALUE;
    memset(view, value, bytes);
    return SI_OK;
}

void si_memory(int device, size_t *free, size_t *all) {
    pthread_mutex_lock(&lock);
    *all = total;
    *free = total - memory[device].used;
    pthread_mutex_unlock(&lock);
}

enum si_kind si_kind_of(const void *address, int *device) {
    pthread_mutex_lock(&lock);
    int owner = device_of(address);
    enum si_kind kind = owner >= 0 ? SI_DEVICE : SI_PAGEABLE;
    for (struct block *block = pinned; block && kind == SI_PAGEABLE; block = block->next)
        if ((uintptr_t)address - block->start < block->bytes) kind = SI_PINNED;
    pthread_mutex_unlock(&lock);
    *device = owner >= 0 ? owner : 0;
    return kind;
}
