/* What functions for JavaScript have in common. Whoever calls them is our own code, so a wrong
 * argument is an error of the programmer: it ends the process. */
#ifndef NODE_CALLS_H
#define NODE_CALLS_H

#include <node_api.h>

#include "slice.h"

typedef struct {
  const char *name;
  napi_callback call;
} NodeCall;

/* Adds them to `target`; `state` is what they get with node_state. */
void node_define(napi_env env, napi_value target, const NodeCall *calls, size_t count, void *state);

/* The state of the call, and its arguments: absent ones are undefined. */
void *node_arguments(napi_env env, napi_callback_info info, size_t count, napi_value *arguments);

double node_number(napi_env env, napi_value value);

/* The memory of an ArrayBuffer or of a view on one. */
void *node_memory(napi_env env, napi_value value, size_t *size);

/* The same as a slice, good as long as JavaScript does not run. */
Slice node_slice(napi_env env, napi_value value);

bool node_truth(napi_env env, napi_value value);
napi_value node_boolean(napi_env env, bool truth);

napi_value node_element(napi_env env, napi_value array, uint32_t index);

/* The memory of an array's element. */
void *node_shared(napi_env env, napi_value array, uint32_t index, size_t *size);

/* A text of Latin-1 characters into `room`, cut off at its end; its length. */
size_t node_latin1(napi_env env, napi_value value, char *room, size_t size);

#endif
