// Element types of device memory, and how one element is read and written.
#ifndef BLINK_STAND_IN_NUMBERS_H
#define BLINK_STAND_IN_NUMBERS_H

// Under the numbers that NVIDIA's libraries give them.
enum { F32 = 0, F64 = 1, F16 = 2, BF16 = 14 };

// For all types but F64.
float number_load(const void *at, int type, long long index);
void number_store(void *at, int type, long long index, float value);

#endif
