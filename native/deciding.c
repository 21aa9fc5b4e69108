#include "deciding.h"

#include "answer-json.h"
#include "inquiry.h"

static bool is_visible(Slice text) {
  for (size_t at = 0; at < text.size; at += 1) {
    if (text.at[at] < 0x21 || text.at[at] > 0x7e) return false;
  }
  return text.size > 0;
}

int find_asker(const Engine *engine, Asker asker, double now_ms) {
  if (!asker.is_open && !is_visible(asker.token)) return UNUSUAL;
  char name[ROOT_KEY_NAME_BYTES_MAX];
  size_t size = root_key_name(asker.token, asker.is_open, asker.api_id, name);
  if (size == 0) return UNUSUAL;
  const Learned *learned = &engine->learned;
  int number = text_table_find(&learned->root_key_numbers, (Slice){name, size});
  if (number < 0) return UNKNOWN_ROOT_KEY;
  double expires_at_ms = learned->root_keys[number].expires_at_ms;
  return expires_at_ms != 0 && now_ms > expires_at_ms ? UNUSUAL : number;
}

int find_root_key(const Engine *engine, Slice authorization, double now_ms) {
  const Slice scheme = SLICE("Bearer ");
  if (!slice_starts_with(authorization, scheme)) return UNUSUAL;
  Slice token = {authorization.at + scheme.size, authorization.size - scheme.size};
  return find_asker(engine, (Asker){.token = token, .api_id = SLICE("")}, now_ms);
}

void take_limits(Engine *engine, Verdict *verdict) {
  int count = verdict->checked_limit_count = verdict->traits->limit_count;
  WindowVerdict *found = verdict->checked_limits;
  Windows *windows = &engine->windows;
  if (count == 1) {
    WindowRequest request = limit_request(verdict, 0);
    windows_take_aimed(windows, &request, &verdict->counter, verdict->now_ms, found);
  } else if (count > 1) {
    WindowRequest requests[LIMITS_MAX];
    for (int index = 0; index < count; index += 1) requests[index] = limit_request(verdict, index);
    windows_take_all(windows, requests, (size_t)count, verdict->now_ms, found);
  }
  for (int index = 0; index < count; index += 1) {
    if (found[index].is_exceeded) verdict->outcome = RATE_LIMITED;
  }
}

static void count(const Counters *counters, Outcome outcome, uint32_t latency_us) {
  int bound = 0;
  while (bound < counters->latency_bound_count && latency_us > counters->latency_bounds_us[bound]) {
    bound += 1;
  }
  int64_t *cells = counters->cells;
  __atomic_fetch_add(&cells[counters->outcome_at[outcome]], 1, __ATOMIC_RELAXED);
  __atomic_fetch_add(&cells[counters->latency_at[bound]], 1, __ATOMIC_RELAXED);
  __atomic_fetch_add(&cells[counters->latency_sum_at], latency_us, __ATOMIC_RELAXED);
  __atomic_fetch_add(&cells[counters->decided_at], 1, __ATOMIC_RELAXED);
}

uint32_t latency_us_since(int64_t started_at_ns) {
  return (uint32_t)((monotonic_ns() - started_at_ns + 500) / 1000);
}

void record(Engine *engine, const Verdict *verdict, const Original *original,
            uint32_t latency_us) {
  uint32_t size = event_pack(engine->event_words, verdict, original, latency_us);
  bool is_spooled = spool_segment_append(&engine->segment, VERIFICATION_WIRE_NUMBER,
                                         engine->event_words, size);
  engine->status[STATUS_EVENT_BYTES] = is_spooled ? 0 : (int32_t)size;
  count(&engine->counters, verdict->outcome, latency_us);
}

const Original no_original = {{"", 0}, {"", 0}, {"", 0}};

int decide(Engine *engine, Room room, Verdict *verdict) {
  if (!event_fits(verdict, &no_original)) return UNUSUAL;
  if (answer_bytes_max(verdict) > (size_t)(room.end - room.to)) return FULL;
  if (verdict->outcome == VALID) take_limits(engine, verdict);
  return 0;
}
