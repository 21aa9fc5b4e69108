/*
 * A job of native/file-thread.c, and lists in which one thread hands jobs to another, in order and
 * without a lock: whoever gives puts one before those that were not taken yet, and whoever takes
 * takes all of them at once.
 */
#ifndef FILE_JOB_H
#define FILE_JOB_H

#include <stdbool.h>
#include <stdlib.h>

typedef struct FileJob FileJob;
typedef struct FileThread FileThread;

struct FileJob {
  FileJob *next;
  /* Returns an errno. NULL: the end of the thread. */
  int (*run)(FileThread *files, FileJob *job);
  int error;
  char *at;
  size_t size;
  /* Of `size`: written, or kept. */
  size_t part;
  size_t ready;
  size_t piece;
  char *path;
  char *new_path;
};

static inline void file_jobs_put(FileJob **list, FileJob *job) {
  job->next = __atomic_load_n(list, __ATOMIC_RELAXED);
  while (!__atomic_compare_exchange_n(list, &job->next, job, true, __ATOMIC_RELEASE,
                                      __ATOMIC_RELAXED)) {
  }
}

/* The first that was given, and behind it the others; NULL when there is none. */
static inline FileJob *file_jobs_take(FileJob **list) {
  FileJob *newest = __atomic_exchange_n(list, NULL, __ATOMIC_ACQUIRE);
  FileJob *first = NULL;
  while (newest != NULL) {
    FileJob *older = newest->next;
    newest->next = first;
    first = newest;
    newest = older;
  }
  return first;
}

static inline void file_job_free(FileJob *job) {
  free(job->path);
  free(job->new_path);
  free(job);
}

#endif
