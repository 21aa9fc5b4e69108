/* The door's functions for JavaScript: src/native/door.ts. */
#ifndef DOOR_CALLS_H
#define DOOR_CALLS_H

#include <node_api.h>

void door_define(napi_env env, napi_value exports);

#endif
