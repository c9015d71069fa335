// Numbers of three types, read and written as float32: for matrix products and for the few kernels that are computed.
#include "numbers.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

static float from_half(uint16_t bits) {
    uint32_t sign = (uint32_t)(bits & 0x8000) << 16, exponent = bits >> 10 & 31, fraction = bits & 0x3ff;
    if (exponent == 0) return ldexpf((float)fraction, -24) * (sign ? -1.0f : 1.0f);
    uint32_t wide = sign | (exponent == 31 ? 255 : exponent + 112) << 23 | fraction << 13;
    float value;
    memcpy(&value, &wide, 4);
    return value;
}

// Rounds to nearest, ties to even.
static uint16_t to_half(float value) {
    uint32_t wide;
    memcpy(&wide, &value, 4);
    uint16_t sign = wide >> 16 & 0x8000;
    float size = fabsf(value);
    if (size != size) return sign | 0x7e00;
    if (size >= 65520.0f) return sign | 0x7c00;
    if (size < 0x1p-14f) return sign | (uint16_t)lrintf(ldexpf(size, 24));
    wide &= 0x7fffffff;
    wide += 0xfff + (wide >> 13 & 1);
    return sign | (uint16_t)((wide >> 13) - (112 << 10));
}

static uint16_t to_bfloat(float value) {
    uint32_t wide;
    memcpy(&wide, &value, 4);
    if (value != value) return wide >> 16 | 0x40;
    return (wide + 0x7fff + (wide >> 16 & 1)) >> 16;
}

float number_load(const void *at, int type, long long index) {
    if (type == F32) return ((const float *)at)[index];
    uint16_t bits = ((const uint16_t *)at)[index];
    if (type == F16) return from_half(bits);
    uint32_t wide = (uint32_t)bits << 16;
    float value;
    memcpy(&value, &wide, 4);
    return value;
}

void number_store(void *at, int type, long long index, float value) {
    if (type == F32) ((float *)at)[index] = value;
    else ((uint16_t *)at)[index] = type == F16 ? to_half(value) : to_bfloat(value);
}
