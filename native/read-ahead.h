/*
 * Reads a mapped file before it is needed, in a thread of its own: a page that nobody has touched
 * costs whoever touches it first a fault of the page table, the same again of the hypervisor where
 * it keeps tables of its own (8 µs), and the disk's time where it is not in memory.
 */
#ifndef READ_AHEAD_H
#define READ_AHEAD_H

#include <node_api.h>

/* Defines `readAhead(buffer, byteCount)`: reads so many bytes from its start until `stop()`, to be
 * called once, and before the buffer is unmapped. */
void read_ahead_define(napi_env env, napi_value exports);

#endif
