#include "file-thread.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "libuv.h"
#include "must.h"
#include "node-calls.h"

enum { ZERO_BYTES = 2 * 1024 * 1024 };

/* Nobody writes it: it takes no memory. */
static char zeros[ZERO_BYTES];

typedef struct FileThread FileThread;

typedef struct {
  /* NULL: the end of the thread. Returns an errno. */
  int (*run)(FileThread *files);
  char *at;
  size_t size;
  /* Of `size`: to be written, or kept, or done at a time. */
  size_t part;
  char path[PATH_MAX];
  char new_path[PATH_MAX];
} Job;

struct FileThread {
  pthread_t thread;
  sem_t given;
  Job job;
  int error;
  uv_async_t *done;
  napi_env env;
  napi_ref on_done;
  napi_async_context context;
};

static int write_zeros(int descriptor, size_t size) {
  for (size_t at = 0; at < size;) {
    size_t left = size - at;
    ssize_t written = pwrite(descriptor, zeros, left < ZERO_BYTES ? left : ZERO_BYTES, (off_t)at);
    if (written >= 0) at += (size_t)written;
    else if (errno != EINTR) return errno;
  }
  return 0;
}

static int reserve(int descriptor, size_t size) {
#ifdef __APPLE__
  return ftruncate(descriptor, (off_t)size) == 0 ? 0 : errno;
#else
  return posix_fallocate(descriptor, 0, (off_t)size);
#endif
}

static int map(int descriptor, Job *job) {
  job->at = mmap(NULL, job->size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  if (job->at == MAP_FAILED) return errno;
  /* Else the first store into a new file may clear megabytes at once: 1.7 ms for 4 MiB. */
  madvise(job->at, job->size, MADV_RANDOM);
  return 0;
}

static int run_make(FileThread *files) {
  Job *job = &files->job;
  int descriptor = open(job->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) return errno;
  int error = reserve(descriptor, job->size);
  if (error == 0) error = write_zeros(descriptor, job->part);
  if (error == 0) error = map(descriptor, job);
  close(descriptor);
  return error;
}

static int run_populate(FileThread *files) {
  const Job *job = &files->job;
#ifdef MADV_POPULATE_WRITE
  for (size_t at = 0; at < job->size; at += job->part) {
    size_t left = job->size - at;
    /* A kernel before 5.14 does not know it: the first store into each page does it then. */
    if (madvise(job->at + at, left < job->part ? left : job->part, MADV_POPULATE_WRITE)) break;
    sched_yield();
  }
#else
  (void)job;
#endif
  return 0;
}

static int run_end(FileThread *files) {
  const Job *job = &files->job;
  if (job->at != NULL) munmap(job->at, job->size);
  if (truncate(job->path, (off_t)job->part) != 0) return errno;
  return rename(job->path, job->new_path) == 0 ? 0 : errno;
}

static void *work(void *state) {
  FileThread *files = state;
  for (;;) {
    while (sem_wait(&files->given) != 0) continue;
    if (files->job.run == NULL) return NULL;
    files->error = files->job.run(files);
    uv_async_send(files->done);
  }
}

static void give(FileThread *files, int (*run)(FileThread *)) {
  files->job.run = run;
  MUST(sem_post(&files->given));
}

/* Something is under way: the process has to wait for it. */
static void start_job(FileThread *files, int (*run)(FileThread *)) {
  uv_ref((uv_handle_t *)files->done);
  give(files, run);
}

static void tell(FileThread *files) {
  napi_env env = files->env;
  napi_value on_done, arguments[2], result;
  MUST(napi_get_reference_value(env, files->on_done, &on_done));
  MUST(napi_create_int32(env, files->error, &arguments[0]));
  MUST(napi_create_bigint_uint64(env, (uint64_t)(uintptr_t)files->job.at, &arguments[1]));
  MUST(napi_make_callback(env, files->context, on_done, on_done, 2, arguments, &result));
}

static void on_done(uv_async_t *done) {
  FileThread *files = uv_handle_get_data((uv_handle_t *)done);
  napi_handle_scope scope;
  uv_unref((uv_handle_t *)done);
  MUST(napi_open_handle_scope(files->env, &scope));
  tell(files);
  MUST(napi_close_handle_scope(files->env, scope));
}

static char *address(napi_env env, napi_value value) {
  uint64_t at;
  bool is_whole;
  MUST(napi_get_value_bigint_uint64(env, value, &at, &is_whole));
  return (char *)(uintptr_t)at;
}

/* One that was cut off names no file that there is. */
static void path_into(napi_env env, napi_value value, char *room) {
  MUST(napi_get_value_string_utf8(env, value, room, PATH_MAX, NULL));
}

static napi_value make(napi_env env, napi_callback_info info) {
  napi_value arguments[3];
  FileThread *files = node_arguments(env, info, 3, arguments);
  path_into(env, arguments[0], files->job.path);
  files->job.size = (size_t)node_number(env, arguments[1]);
  files->job.part = (size_t)node_number(env, arguments[2]);
  start_job(files, run_make);
  return NULL;
}

static napi_value populate(napi_env env, napi_callback_info info) {
  napi_value arguments[3];
  FileThread *files = node_arguments(env, info, 3, arguments);
  files->job.at = address(env, arguments[0]);
  files->job.size = (size_t)node_number(env, arguments[1]);
  files->job.part = (size_t)node_number(env, arguments[2]);
  start_job(files, run_populate);
  return NULL;
}

static napi_value end(napi_env env, napi_callback_info info) {
  napi_value arguments[4];
  FileThread *files = node_arguments(env, info, 4, arguments);
  files->job.at = address(env, arguments[0]);
  files->job.size = (size_t)node_number(env, arguments[1]);
  files->job.part = (size_t)node_number(env, arguments[2]);
  path_into(env, node_element(env, arguments[3], 0), files->job.path);
  path_into(env, node_element(env, arguments[3], 1), files->job.new_path);
  start_job(files, run_end);
  return NULL;
}

static void free_closed(uv_handle_t *done) {
  free(uv_handle_get_data(done));
  free(done);
}

static napi_value stop(napi_env env, napi_callback_info info) {
  FileThread *files = node_arguments(env, info, 0, NULL);
  give(files, NULL);
  MUST(pthread_join(files->thread, NULL));
  MUST(sem_destroy(&files->given));
  MUST(napi_delete_reference(env, files->on_done));
  MUST(napi_async_destroy(env, files->context));
  uv_close((uv_handle_t *)files->done, free_closed);
  return NULL;
}

static FileThread *create(napi_env env, napi_value listener) {
  FileThread *files = calloc(1, sizeof *files);
  uv_loop_t *loop;
  napi_value name;
  MUST(files == NULL);
  files->env = env;
  MUST(napi_create_reference(env, listener, 1, &files->on_done));
  MUST(napi_create_string_utf8(env, "latchkey:file-thread", NAPI_AUTO_LENGTH, &name));
  MUST(napi_async_init(env, NULL, name, &files->context));
  MUST(sem_init(&files->given, 0, 0));
  MUST(napi_get_uv_event_loop(env, &loop));
  files->done = malloc(uv_handle_size(UV_ASYNC));
  MUST(files->done == NULL || uv_async_init(loop, files->done, on_done) != 0);
  uv_handle_set_data((uv_handle_t *)files->done, files);
  uv_unref((uv_handle_t *)files->done);
  MUST(pthread_create(&files->thread, NULL, work, files));
  return files;
}

static napi_value file_thread(napi_env env, napi_callback_info info) {
  napi_value listener, object;
  node_arguments(env, info, 1, &listener);
  static const NodeCall calls[] = {
      {"make", make}, {"populate", populate}, {"end", end}, {"stop", stop}};
  MUST(napi_create_object(env, &object));
  node_define(env, object, calls, sizeof calls / sizeof *calls, create(env, listener));
  return object;
}

void file_thread_define(napi_env env, napi_value exports) {
  static const NodeCall calls[] = {{"fileThread", file_thread}};
  node_define(env, exports, calls, sizeof calls / sizeof *calls, NULL);
}
