/*
 * Jobs that one thread hands to another, in order, without a lock: whoever gives puts one before
 * those that were not taken yet, and whoever takes takes all of them at once.
 */
#ifndef JOB_LIST_H
#define JOB_LIST_H

#include <stdbool.h>
#include <stdlib.h>

typedef struct Job Job;
typedef struct FileThread FileThread;

struct Job {
  Job *next;
  /* Returns an errno. NULL: the end of the thread. */
  int (*run)(FileThread *files, Job *job);
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

static inline void job_list_put(Job **list, Job *job) {
  job->next = __atomic_load_n(list, __ATOMIC_RELAXED);
  while (!__atomic_compare_exchange_n(list, &job->next, job, true, __ATOMIC_RELEASE,
                                      __ATOMIC_RELAXED)) {
  }
}

/* The first that was given, and behind it the others; NULL when there is none. */
static inline Job *job_list_take(Job **list) {
  Job *newest = __atomic_exchange_n(list, NULL, __ATOMIC_ACQUIRE);
  Job *first = NULL;
  while (newest != NULL) {
    Job *older = newest->next;
    newest->next = first;
    first = newest;
    newest = older;
  }
  return first;
}

static inline void job_free(Job *job) {
  free(job->path);
  free(job->new_path);
  free(job);
}

#endif
