// Stands in for libcurand.so.10: ONNX Runtime names the library and calls nothing of it.
int blink_stand_in_curand;
