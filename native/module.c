/* What the module gives to JavaScript: each file that has functions for it defines its own. */
#include <node_api.h>

#include "door-calls.h"
#include "engine-calls.h"
#include "file-thread.h"
#include "read-ahead.h"
#include "windows-calls.h"

NAPI_MODULE_INIT() {
  door_define(env, exports);
  engine_define(env, exports);
  file_thread_define(env, exports);
  read_ahead_define(env, exports);
  windows_define(env, exports);
  return exports;
}
