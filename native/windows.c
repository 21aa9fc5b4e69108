#include "windows.h"

#include "must.h"
#include "window-layout.h"

/* The counters of one windows_take_all. */
typedef struct {
  WindowCounter counters[windows_per_take_max];
  uint32_t counter_count;
  /* One object for the requests that address the same counter. */
  WindowCounter *of_request[windows_per_take_max];
  /* Those that cost something, in the order of their tags. */
  WindowCounter *spending[windows_per_take_max];
  uint32_t spending_count;
} Counters;

void windows_open(Windows *windows, void *bytes, uint32_t seat) {
  slots_open(&windows->slots, bytes, seat);
}

void windows_set_clock(Windows *windows, double (*clock)(void)) {
  windows->slots.clock = clock;
}

void windows_limit(const Windows *windows, WindowLimit *limit, Slice workspace_id, Slice scope,
                   double duration_ms) {
  if (duration_ms < duration_min_ms) duration_ms = duration_min_ms;
  if (duration_ms > duration_max_ms) duration_ms = duration_max_ms;
  limit->duration_ms = floor_of(duration_ms);
  const Slice texts[2] = {workspace_id, scope};
  tag_begin(&limit->prefix, windows->slots.tag_key, (uint64_t)limit->duration_ms, texts);
}

void windows_aim(Windows *windows, const WindowRequest *request, WindowCounter *counter) {
  MUST(!(request->cost >= 0 && request->cost <= number_exact_max &&
         floor_of(request->cost) == request->cost));
  const WindowLimit *limit = request->of;
  slots_aim(&windows->slots, counter, limit->duration_ms, &limit->prefix, request->identifier);
}

void windows_fetch(const Windows *windows, const WindowCounter *counter) {
  slots_fetch(&windows->slots, counter);
}

static bool is_ready(const WindowCounter *counter) {
  return counter->tag_at != 0 && !counter_is_behind(counter);
}

/* False: there is no slot for this counter. Otherwise it is to be loaded again. */
static bool make_ready(Windows *windows, WindowCounter *counter, double now_ms) {
  if (counter->tag_at == 0) return slots_claim(&windows->slots, counter, now_ms);
  if (counter_is_behind(counter)) slots_roll(&windows->slots, counter);
  return true;
}

static void judge(const WindowRequest *request, const WindowCounter *counter,
                  WindowVerdict *verdict) {
  double limit = request->limit > number_exact_max ? number_exact_max : request->limit;
  double used_after = counter_used_with(counter, counter->current) + counter->cost;
  verdict->is_exceeded = !(limit > 0 && used_after <= limit);
  verdict->is_table_full = false;
  verdict->remaining = verdict->is_exceeded ? 0 : limit - used_after;
  verdict->reset_at_ms = counter_reset_at_ms(counter);
}

/* An item's verdict in a request that is refused as a whole tells what remains without it. */
static void withdraw(WindowVerdict *verdict, const WindowCounter *counter) {
  if (!verdict->is_exceeded) verdict->remaining += counter->cost;
}

static void refuse_for_want_of_slot(Windows *windows, const WindowCounter *counter,
                                    WindowVerdict *verdict) {
  verdict->is_exceeded = true;
  verdict->is_table_full = true;
  verdict->remaining = 0;
  verdict->reset_at_ms = counter_reset_at_ms(counter);
  int64_t *words = windows->slots.words.words;
  __atomic_fetch_add(&words[header_spare_at], 1, __ATOMIC_SEQ_CST);
}

void windows_take(Windows *windows, const WindowRequest *request, double now_ms,
                  WindowVerdict *verdict) {
  WindowCounter counter;
  windows_aim(windows, request, &counter);
  windows_fetch(windows, &counter);
  windows_take_aimed(windows, request, &counter, now_ms, verdict);
}

void windows_take_aimed(Windows *windows, const WindowRequest *request, WindowCounter *counter,
                        double now_ms, WindowVerdict *verdict) {
  counter->cost = request->cost;
  for (;;) {
    slots_load(&windows->slots, counter, now_ms);
    judge(request, counter, verdict);
    if (verdict->is_exceeded || counter->cost == 0) return;
    if (is_ready(counter)) {
      if (slots_add(&windows->slots, counter)) return;
    } else if (!make_ready(windows, counter, now_ms)) {
      refuse_for_want_of_slot(windows, counter, verdict);
      return;
    }
  }
}

/* The order of the tags is the same in all processes, so those that take the same counters do not
 * cross each other. */
static void list_spending(Counters *all) {
  all->spending_count = 0;
  for (uint32_t index = 0; index < all->counter_count; index += 1) {
    WindowCounter *counter = &all->counters[index];
    if (counter->cost == 0) continue;
    uint32_t place = all->spending_count;
    for (; place > 0; place -= 1) {
      WindowCounter *before = all->spending[place - 1];
      if ((int32_t)before->tag.word <= (int32_t)counter->tag.word) break;
      all->spending[place] = before;
    }
    all->spending[place] = counter;
    all->spending_count += 1;
  }
}

static void aim_all(Windows *windows, Counters *all, const WindowRequest *requests,
                    size_t count) {
  all->counter_count = 0;
  for (size_t item = 0; item < count; item += 1) {
    const WindowRequest *request = &requests[item];
    WindowCounter *aimed = &all->counters[all->counter_count];
    windows_aim(windows, request, aimed);
    windows_fetch(windows, aimed);
    WindowCounter *counter = all->counters;
    while (!counter_equals(counter, aimed)) counter += 1;
    if (counter == aimed) all->counter_count += 1;
    counter->cost += request->cost;
    if (request->limit < counter->limit) counter->limit = request->limit;
    all->of_request[item] = counter;
  }
  list_spending(all);
}

/* Whether all would pass; if not, the verdicts are those of a request refused as a whole. */
static bool judge_all(const Counters *all, const WindowRequest *requests, size_t count,
                      WindowVerdict *verdicts) {
  bool is_exceeded = false;
  for (size_t item = 0; item < count; item += 1) {
    judge(&requests[item], all->of_request[item], &verdicts[item]);
    is_exceeded |= verdicts[item].is_exceeded;
  }
  for (size_t item = 0; is_exceeded && item < count; item += 1) {
    withdraw(&verdicts[item], all->of_request[item]);
  }
  return !is_exceeded;
}

static bool are_ready(const Counters *all) {
  for (uint32_t index = 0; index < all->spending_count; index += 1) {
    if (!is_ready(all->spending[index])) return false;
  }
  return true;
}

/* The first counter that finds no slot, or NULL: then all are to be loaded again. */
static WindowCounter *make_all_ready(Windows *windows, Counters *all, double now_ms) {
  for (uint32_t index = 0; index < all->spending_count; index += 1) {
    WindowCounter *counter = all->spending[index];
    if (!make_ready(windows, counter, now_ms)) return counter;
  }
  return NULL;
}

/* Of verdicts that would all have passed. */
static void refuse_all(const Counters *all, const WindowCounter *slotless,
                       const WindowVerdict *refusal, WindowVerdict *verdicts, size_t count) {
  for (size_t item = 0; item < count; item += 1) {
    const WindowCounter *counter = all->of_request[item];
    if (counter == slotless) verdicts[item] = *refusal;
    else withdraw(&verdicts[item], counter);
  }
}

void windows_take_all(Windows *windows, const WindowRequest *requests, size_t count,
                      double now_ms, WindowVerdict *verdicts) {
  MUST(count > windows_per_take_max);
  if (count == 1) {
    windows_take(windows, requests, now_ms, verdicts);
    return;
  }
  Counters all;
  aim_all(windows, &all, requests, count);
  for (;;) {
    for (uint32_t index = 0; index < all.counter_count; index += 1) {
      slots_load(&windows->slots, &all.counters[index], now_ms);
    }
    if (!judge_all(&all, requests, count, verdicts) || all.spending_count == 0) return;
    if (are_ready(&all)) {
      if (slots_add_all(&windows->slots, all.spending, all.spending_count)) return;
      continue;
    }
    const WindowCounter *slotless = make_all_ready(windows, &all, now_ms);
    if (!slotless) continue;
    WindowVerdict refusal;
    refuse_for_want_of_slot(windows, slotless, &refusal);
    refuse_all(&all, slotless, &refusal, verdicts, count);
    return;
  }
}
