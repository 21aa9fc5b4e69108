/*
 * The load driver: one thread, keep-alive connections with one request each.
 *
 *   load --port N --template FILE [--keys N] [--mix uniform|zipf|unknown] [--connections N]
 *        [--rate R] [--seconds S] [--warm-up S] [--expect TEXT] [--seed N] [--progress]
 *
 * Without a rate the loop is closed: whoever is answered asks again at once. With a rate it is
 * open: request number n is meant for the instant n/R, whatever the server does, and its latency
 * counts from that instant. If no connection is free then, or this program is late, the wait is
 * part of the latency: a stalled server cannot keep its own stall from being measured.
 *
 * Prints one JSON object; `busy` is what this program itself used of its processor. Any answer that
 * is not the expected one is counted in `unexpected`.
 */
#include <sys/epoll.h>
#include <sys/prctl.h>

#include "failure.h"
#include "histogram.h"
#include "instant.h"
#include "key-mix.h"
#include "load-options.h"
#include "request-template.h"
#include "wire.h"

enum { EVENTS_MAX = 256 };
/*
 * Answers are looked for so often, or when a request is due; they wake nobody. On one machine it is
 * the server that does the work of waking its client: 5 µs a request for one who is slow enough for
 * the client to fall asleep, and none for one who keeps it busy.
 */
static const int64_t look_every_ns = 100000;
/*
 * A request that is due sooner waits so long, and the wait counts as its latency. To wake up for
 * each of 50,000 a second took nine tenths of a processor, and Linux takes it from whoever is first
 * (SCHED_FIFO) for more than 95 % of a second: every third run stood still for 25 ms.
 */
static const int64_t doze_min_ns = 25000;
/* How long after the end an open loop waits for what is still due. */
static const int64_t patience_ns = 5000000000;

static LoadOptions options;
static RequestTemplate request;
static KeyMix mix;
static Wire *wires;
static Wire **idle;
static int idle_count;
static int poll;

static int64_t start_ns;
static int64_t measured_from_ns;
static int64_t end_ns;
/* Requests that were meant to be sent up to now, in an open loop. */
static uint64_t arrival_count;

static uint64_t answer_count;
static uint64_t measured_count;
static uint64_t unexpected_count;
static char first_unexpected[300];
static Histogram latency;
/* How late this program itself sent what was due while it had a connection for it. */
static Histogram lateness;
/* When it last had none, though a request was due. */
static int64_t starved_ns;

static void ask(Wire *wire, int64_t intended_ns) {
  for (size_t place = 0; place < request.place_count; place += 1) {
    request_template_set(&request, place, key_mix_next(&mix));
  }
  wire_send(wire, (Slice){request.bytes, request.size}, intended_ns);
}

static void open_wires(void) {
  poll = epoll_create1(EPOLL_CLOEXEC);
  wires = calloc((size_t)options.connection_count, sizeof *wires);
  idle = calloc((size_t)options.connection_count, sizeof *idle);
  if (poll < 0 || wires == NULL || idle == NULL) fail_of_system("connections");
  for (int index = 0; index < options.connection_count; index += 1) {
    wire_open(&wires[index], options.port);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &wires[index]};
    if (epoll_ctl(poll, EPOLL_CTL_ADD, wires[index].socket, &event) != 0) fail_of_system("epoll");
    idle[idle_count++] = &wires[index];
  }
}

static void note_unexpected(const Response *response) {
  if (unexpected_count++ > 0) return;
  size_t size = response->body.size < 200 ? response->body.size : 200;
  snprintf(first_unexpected, sizeof first_unexpected, "%d %.*s", response->status, (int)size,
           response->body.at);
}

static void take_answer(const Wire *wire, const Response *response, int64_t now_ns) {
  answer_count += 1;
  size_t expected_size = strlen(options.expected);
  bool is_expected =
      response->status == 200 &&
      (expected_size == 0 ||
       memmem(response->body.at, response->body.size, options.expected, expected_size) != NULL);
  if (!is_expected) note_unexpected(response);
  /* A closed loop is measured by when it is answered, an open one by what it had to do. */
  int64_t decisive_ns = options.rate > 0 ? wire->intended_ns : now_ns;
  if (decisive_ns < measured_from_ns || decisive_ns >= end_ns) return;
  measured_count += 1;
  histogram_add(&latency, now_ns - wire->intended_ns);
}

static int64_t arrival_ns(uint64_t number) {
  return start_ns + (int64_t)((double)number * 1e9 / options.rate);
}

/* Sends what is due as far as there are connections; returns when there is more to do. */
static int64_t send_due(int64_t now_ns) {
  while (idle_count > 0) {
    if (options.rate == 0) {
      if (now_ns >= end_ns) return end_ns;
      ask(idle[--idle_count], now_ns);
      continue;
    }
    int64_t due_ns = arrival_ns(arrival_count);
    if (due_ns >= end_ns) return end_ns + patience_ns;
    if (due_ns > now_ns) return due_ns;
    bool is_ours = due_ns > starved_ns;
    if (due_ns >= measured_from_ns && is_ours) histogram_add(&lateness, now_ns - due_ns);
    ask(idle[--idle_count], due_ns);
    arrival_count += 1;
  }
  if (options.rate > 0 && arrival_ns(arrival_count) <= now_ns) starved_ns = now_ns;
  return options.rate > 0 ? end_ns + patience_ns : end_ns;
}

/* Sleeps until then, or until it is time to look for answers, but not for less than it costs. */
static void doze(int64_t until_ns, int64_t now_ns) {
  int64_t wake_ns = until_ns;
  if (wake_ns > now_ns + look_every_ns) wake_ns = now_ns + look_every_ns;
  if (wake_ns < now_ns + doze_min_ns) wake_ns = now_ns + doze_min_ns;
  struct timespec wake = {wake_ns / 1000000000, wake_ns % 1000000000};
  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &wake, NULL);
}

static void receive_answers(int64_t until_ns, int64_t now_ns) {
  struct epoll_event events[EVENTS_MAX];
  int count = epoll_wait(poll, events, EVENTS_MAX, 0);
  if (count == 0) doze(until_ns, now_ns);
  if (count < 0 && errno != EINTR) fail_of_system("epoll_wait");
  for (int index = 0; index < count; index += 1) {
    Wire *wire = events[index].data.ptr;
    Response response;
    if (!wire_receive(wire, &response)) continue;
    int64_t answered_ns = monotonic_ns();
    take_answer(wire, &response, answered_ns);
    if (options.rate == 0 && answered_ns < end_ns) ask(wire, answered_ns);
    else idle[idle_count++] = wire;
  }
}

static void show_progress(int64_t now_ns) {
  static int64_t shown_ns;
  static uint64_t shown_count;
  if (!options.shows_progress || now_ns - shown_ns < 1000000000) return;
  double seconds = (double)(now_ns - (shown_ns == 0 ? start_ns : shown_ns)) / 1e9;
  if (seconds > 0.5) {
    double rate = (double)(answer_count - shown_count) / seconds;
    fprintf(stderr, "\r%5.1f s  %9.0f/s ", (double)(now_ns - start_ns) / 1e9, rate);
  }
  shown_ns = now_ns;
  shown_count = answer_count;
}

static bool is_finished(int64_t now_ns) {
  if (now_ns < end_ns) return false;
  if (options.rate == 0) return idle_count == options.connection_count;
  bool is_all_sent = arrival_ns(arrival_count) >= end_ns;
  bool is_all_answered = idle_count == options.connection_count;
  return (is_all_sent && is_all_answered) || now_ns >= end_ns + patience_ns;
}

static void run(void) {
  start_ns = monotonic_ns();
  measured_from_ns = start_ns + (int64_t)(options.warm_up_seconds * 1e9);
  end_ns = measured_from_ns + (int64_t)(options.seconds * 1e9);
  for (int64_t now_ns = start_ns; !is_finished(now_ns); now_ns = monotonic_ns()) {
    int64_t until_ns = send_due(now_ns);
    show_progress(now_ns);
    bool is_over = options.rate == 0 && now_ns >= end_ns;
    receive_answers(is_over ? now_ns + look_every_ns : until_ns, now_ns);
  }
  if (options.shows_progress) fputc('\n', stderr);
}

static void print_percentiles(const char *name, const Histogram *histogram) {
  printf(",\"%s\":{\"p50\":%.1f,\"p90\":%.1f,\"p99\":%.1f,\"p999\":%.1f,\"max\":%.1f}", name,
         (double)histogram_at(histogram, 0.5) / 1e3, (double)histogram_at(histogram, 0.9) / 1e3,
         (double)histogram_at(histogram, 0.99) / 1e3, (double)histogram_at(histogram, 0.999) / 1e3,
         (double)histogram->max / 1e3);
}

/* Of an open loop, those that were due and have no answer, most of them not even sent. */
static uint64_t unanswered_count(void) {
  if (options.rate == 0) return 0;
  uint64_t due_count = arrival_count;
  while (arrival_ns(due_count) < end_ns) due_count += 1;
  return due_count - answer_count;
}

static void report(void) {
  printf("{\"answers\":%lu,\"measured\":%lu,\"perSecond\":%.1f", answer_count, measured_count,
         (double)measured_count / options.seconds);
  double spent_ns = (double)(monotonic_ns() - start_ns);
  printf(",\"seconds\":%.4f,\"busy\":%.4f", spent_ns / 1e9, (double)processor_ns() / spent_ns);
  printf(",\"unexpected\":%lu,\"unanswered\":%lu", unexpected_count, unanswered_count());
  print_percentiles("latencyUs", &latency);
  if (options.rate > 0) print_percentiles("latenessUs", &lateness);
  printf("}\n");
  if (unexpected_count > 0) fprintf(stderr, "unexpected, the first one: %s\n", first_unexpected);
}

int main(int argument_count, char **arguments) {
  options = load_options_read(argument_count, arguments);
  /* Timers that are 50 µs late, as is usual, would be measured as latency. */
  prctl(PR_SET_TIMERSLACK, 1);
  request_template_read(&request, options.template_path);
  key_mix_open(&mix, options.mix, options.key_count, options.seed);
  open_wires();
  run();
  report();
}
