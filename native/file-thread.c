#include "file-thread.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "file-job.h"
#include "libuv.h"
#include "must.h"
#include "node-calls.h"

enum { ZERO_BYTES = 2 * 1024 * 1024, READYING_MAX = 4 };

/* Nobody writes it: it takes no memory. */
static char zeros[ZERO_BYTES];

/* Pages that are to be made ready, from `at` to `end`. */
typedef struct {
  char *at;
  char *end;
  size_t piece;
} Readying;

struct FileThread {
  pthread_t thread;
  /* Counts those of `given` that the thread has not seen yet. */
  sem_t waiting;
  FileJob *given;
  FileJob *done;
  /* The thread's own; the oldest first. */
  Readying readying[READYING_MAX];
  int readying_count;
  /* The loop's own. */
  uv_async_t *async;
  uint32_t under_way;
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

static int map(int descriptor, FileJob *job) {
  job->at = mmap(NULL, job->size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  if (job->at == MAP_FAILED) return errno;
  /* Else the first store into a new file may clear megabytes at once: 1.7 ms for 4 MiB. */
  madvise(job->at, job->size, MADV_RANDOM);
  return 0;
}

/* More than a few wait only if nobody has time for them. */
static void ready_later(FileThread *files, const FileJob *job) {
  if (job->ready == 0 || files->readying_count == READYING_MAX) return;
  files->readying[files->readying_count] = (Readying){job->at, job->at + job->ready, job->piece};
  files->readying_count += 1;
}

static void forget_readying(FileThread *files, int index) {
  files->readying_count -= 1;
  for (; index < files->readying_count; index += 1) {
    files->readying[index] = files->readying[index + 1];
  }
}

static void ready_piece(FileThread *files) {
  Readying *first = &files->readying[0];
  size_t left = (size_t)(first->end - first->at);
  size_t size = left < first->piece ? left : first->piece;
  bool is_possible = true;
#ifdef MADV_POPULATE_WRITE
  /* EINVAL: a kernel before 5.14, where the first store into each page does it. ENOMEM: they are
   * not mapped any more. */
  is_possible = madvise(first->at, size, MADV_POPULATE_WRITE) == 0;
#endif
  first->at += size;
  if (!is_possible || first->at == first->end) forget_readying(files, 0);
  sched_yield();
}

static int run_make(FileThread *files, FileJob *job) {
  int descriptor = open(job->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) return errno;
  int error = posix_fallocate(descriptor, 0, (off_t)job->size);
  if (error == 0) error = write_zeros(descriptor, job->part);
  if (error == 0) error = map(descriptor, job);
  close(descriptor);
  if (error == 0) ready_later(files, job);
  return error;
}

static int run_end(FileThread *files, FileJob *job) {
  for (int index = files->readying_count - 1; index >= 0; index -= 1) {
    char *end = files->readying[index].end;
    if (end > job->at && end <= job->at + job->size) forget_readying(files, index);
  }
  if (job->at != NULL) munmap(job->at, job->size);
  if (truncate(job->path, (off_t)job->part) != 0) return errno;
  return rename(job->path, job->new_path) == 0 ? 0 : errno;
}

/* False at the end of the thread. */
static bool run_given(FileThread *files) {
  for (FileJob *job = file_jobs_take(&files->given), *next; job != NULL; job = next) {
    next = job->next;
    if (job->run == NULL) {
      file_job_free(job);
      return false;
    }
    job->error = job->run(files, job);
    file_jobs_put(&files->done, job);
    uv_async_send(files->async);
  }
  return true;
}

static void *work(void *state) {
  FileThread *files = state;
  do {
    while (files->readying_count > 0 && sem_trywait(&files->waiting) != 0) ready_piece(files);
    /* One count too many stands for a job that was taken with the one before. */
    if (files->readying_count == 0) sem_wait(&files->waiting);
  } while (run_given(files));
  return NULL;
}

static void give(FileThread *files, FileJob *job) {
  file_jobs_put(&files->given, job);
  MUST(sem_post(&files->waiting));
}

static void tell(FileThread *files, const FileJob *job) {
  napi_env env = files->env;
  napi_value on_done, arguments[2], result;
  MUST(napi_get_reference_value(env, files->on_done, &on_done));
  MUST(napi_create_int32(env, job->error, &arguments[0]));
  MUST(napi_create_bigint_uint64(env, (uint64_t)(uintptr_t)job->at, &arguments[1]));
  MUST(napi_make_callback(env, files->context, on_done, on_done, 2, arguments, &result));
}

static void on_async(uv_async_t *async) {
  FileThread *files = uv_handle_get_data((uv_handle_t *)async);
  napi_handle_scope scope;
  MUST(napi_open_handle_scope(files->env, &scope));
  for (FileJob *job = file_jobs_take(&files->done), *next; job != NULL; job = next) {
    next = job->next;
    files->under_way -= 1;
    if (files->under_way == 0) uv_unref((uv_handle_t *)async);
    tell(files, job);
    file_job_free(job);
  }
  MUST(napi_close_handle_scope(files->env, scope));
}

static FileJob *new_job(int (*run)(FileThread *, FileJob *)) {
  FileJob *job = calloc(1, sizeof *job);
  MUST(job == NULL);
  job->run = run;
  return job;
}

/* The process waits for it, as long as anything is under way. */
static void start(FileThread *files, FileJob *job) {
  files->under_way += 1;
  uv_ref((uv_handle_t *)files->async);
  give(files, job);
}

static char *path_of(napi_env env, napi_value value) {
  size_t length;
  MUST(napi_get_value_string_utf8(env, value, NULL, 0, &length));
  char *path = malloc(length + 1);
  MUST(path == NULL);
  MUST(napi_get_value_string_utf8(env, value, path, length + 1, &length));
  return path;
}

static char *address(napi_env env, napi_value value) {
  uint64_t at;
  bool is_whole;
  MUST(napi_get_value_bigint_uint64(env, value, &at, &is_whole));
  return (char *)(uintptr_t)at;
}

/* What both have: `(_, sizeBytes, partBytes, _)`. */
static FileJob *read_job(napi_env env, const napi_value *arguments,
                         int (*run)(FileThread *, FileJob *)) {
  FileJob *job = new_job(run);
  job->size = (size_t)node_number(env, arguments[1]);
  job->part = (size_t)node_number(env, arguments[2]);
  return job;
}

static napi_value make(napi_env env, napi_callback_info info) {
  napi_value arguments[4];
  FileThread *files = node_arguments(env, info, 4, arguments);
  FileJob *job = read_job(env, arguments, run_make);
  job->path = path_of(env, arguments[0]);
  job->ready = (size_t)node_number(env, node_element(env, arguments[3], 0));
  job->piece = (size_t)node_number(env, node_element(env, arguments[3], 1));
  start(files, job);
  return NULL;
}

static napi_value end(napi_env env, napi_callback_info info) {
  napi_value arguments[4];
  FileThread *files = node_arguments(env, info, 4, arguments);
  FileJob *job = read_job(env, arguments, run_end);
  job->at = address(env, arguments[0]);
  job->path = path_of(env, node_element(env, arguments[3], 0));
  job->new_path = path_of(env, node_element(env, arguments[3], 1));
  start(files, job);
  return NULL;
}

static void free_closed(uv_handle_t *async) {
  free(uv_handle_get_data(async));
  free(async);
}

static napi_value stop(napi_env env, napi_callback_info info) {
  FileThread *files = node_arguments(env, info, 0, NULL);
  MUST(files->under_way != 0);
  give(files, new_job(NULL));
  MUST(pthread_join(files->thread, NULL));
  MUST(sem_destroy(&files->waiting));
  MUST(napi_delete_reference(env, files->on_done));
  MUST(napi_async_destroy(env, files->context));
  uv_close((uv_handle_t *)files->async, free_closed);
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
  MUST(sem_init(&files->waiting, 0, 0));
  MUST(napi_get_uv_event_loop(env, &loop));
  files->async = malloc(uv_handle_size(UV_ASYNC));
  MUST(files->async == NULL || uv_async_init(loop, files->async, on_async) != 0);
  uv_handle_set_data((uv_handle_t *)files->async, files);
  uv_unref((uv_handle_t *)files->async);
  MUST(pthread_create(&files->thread, NULL, work, files));
  return files;
}

static napi_value file_thread(napi_env env, napi_callback_info info) {
  napi_value listener, object;
  node_arguments(env, info, 1, &listener);
  static const NodeCall calls[] = {{"make", make}, {"end", end}, {"stop", stop}};
  MUST(napi_create_object(env, &object));
  node_define(env, object, calls, sizeof calls / sizeof *calls, create(env, listener));
  return object;
}

void file_thread_define(napi_env env, napi_value exports) {
  static const NodeCall calls[] = {{"fileThread", file_thread}};
  node_define(env, exports, calls, sizeof calls / sizeof *calls, NULL);
}
