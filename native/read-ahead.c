#include "read-ahead.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "must.h"
#include "node-calls.h"

enum {
  /* So much is asked of the disk at once, and this long a stop may have to wait. */
  PIECE_BYTES = 2 * 1024 * 1024,
  /* Of the thread: those who answer come first. */
  NICE = 10,
};

typedef struct {
  pthread_t thread;
  bool is_running;
  volatile const char *bytes;
  size_t size;
  size_t page_bytes;
  bool is_stopping;
} ReadAhead;

/* What the disk cannot read is left to whoever needs it: to touch it would be a SIGBUS. */
static bool is_readable(volatile const char *piece, size_t size) {
#ifdef MADV_POPULATE_READ
  /* EINVAL: a kernel before 5.14. */
  return madvise((void *)piece, size, MADV_POPULATE_READ) == 0 || errno == EINVAL;
#else
  (void)piece, (void)size;
  return true;
#endif
}

static void *read_all(void *state) {
  ReadAhead *ahead = state;
#ifdef __linux__
  /* There it is that of the thread. */
  setpriority(PRIO_PROCESS, (id_t)gettid(), NICE);
#endif
  for (size_t at = 0; at < ahead->size; at += PIECE_BYTES) {
    if (__atomic_load_n(&ahead->is_stopping, __ATOMIC_ACQUIRE)) break;
    size_t left = ahead->size - at;
    size_t size = left < PIECE_BYTES ? left : PIECE_BYTES;
    if (!is_readable(ahead->bytes + at, size)) continue;
    for (size_t page = at; page < at + size; page += ahead->page_bytes) ahead->bytes[page];
  }
  return NULL;
}

/* `stop()`: returns when nothing is read any more. */
static napi_value stop(napi_env env, napi_callback_info info) {
  ReadAhead *ahead = node_arguments(env, info, 0, NULL);
  __atomic_store_n(&ahead->is_stopping, true, __ATOMIC_RELEASE);
  if (ahead->is_running) MUST(pthread_join(ahead->thread, NULL));
  free(ahead);
  return NULL;
}

static napi_value read_ahead(napi_env env, napi_callback_info info) {
  napi_value arguments[2], object;
  node_arguments(env, info, 2, arguments);
  ReadAhead *ahead = calloc(1, sizeof *ahead);
  MUST(ahead == NULL);
  ahead->bytes = node_slice(env, arguments[0]).at;
  ahead->size = (size_t)node_number(env, arguments[1]);
  ahead->page_bytes = (size_t)sysconf(_SC_PAGESIZE);
  /* Without a thread, pages are read as they are needed. */
  ahead->is_running = pthread_create(&ahead->thread, NULL, read_all, ahead) == 0;
  static const NodeCall calls[] = {{"stop", stop}};
  MUST(napi_create_object(env, &object));
  node_define(env, object, calls, sizeof calls / sizeof *calls, ahead);
  return object;
}

void read_ahead_define(napi_env env, napi_value exports) {
  static const NodeCall calls[] = {{"readAhead", read_ahead}};
  node_define(env, exports, calls, sizeof calls / sizeof *calls, NULL);
}
