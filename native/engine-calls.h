/* The engine for JavaScript: src/native/engine.ts says what each function does. */
#ifndef ENGINE_CALLS_H
#define ENGINE_CALLS_H

#include <node_api.h>

void engine_define(napi_env env, napi_value exports);

#endif
