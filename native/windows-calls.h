/* Counting a limit, for the tests that compare it with src/limits/window-table.ts. */
#ifndef WINDOWS_CALLS_H
#define WINDOWS_CALLS_H

#include <node_api.h>

void windows_define(napi_env env, napi_value exports);

#endif
