#include "window-slots.h"

#include <time.h>

#include "must.h"
#include "window-layout.h"

/* Reads that do not fit together, before the slot is taken for damaged; one roll explains one. */
enum { mismatch_max = 1000 };

typedef struct {
  double sequence, current, previous;
} SlotState;

static double real_time_ms(void) {
  struct timespec now;
  MUST(clock_gettime(CLOCK_REALTIME, &now));
  return (double)(now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000);
}

void slots_open(WindowSlots *slots, void *bytes, uint32_t seat) {
  words_open(&slots->words, bytes, seats_at, seat);
  const uint32_t *header = bytes;
  slots->bucket_count = header[3];
  memcpy(slots->tag_key, &header[4], sizeof slots->tag_key);
  slots->clock = real_time_ms;
}

/* Most counters stand in their first bucket, and most of the others early in the second. With a
 * million counters a take costs 290 ns with this, 330 ns without or with the tags alone; to fetch
 * the rest of the second bucket too saves nothing. */
void slots_fetch(const WindowSlots *slots, const WindowCounter *counter) {
  const int64_t *words = slots->words.words;
  for (int word = 0; word < bucket_words; word += 8) {
    __builtin_prefetch(&words[counter->gates_at[0] + word]);
  }
  __builtin_prefetch(&words[counter->gates_at[1]]);
  __builtin_prefetch(&words[counter->gates_at[1] + 8]);
}

void slots_aim(const WindowSlots *slots, WindowCounter *counter, double duration_ms,
               const TagPrefix *prefix, Slice identifier) {
  tag_end(&counter->tag, prefix, identifier);
  uint32_t first = (uint32_t)counter->tag.word % slots->bucket_count;
  uint32_t second = (uint32_t)(counter->tag.word >> 32) % slots->bucket_count;
  if (second == first) second = second + 1 == slots->bucket_count ? 0 : second + 1;
  counter->gates_at[0] = buckets_at + first * bucket_words;
  counter->gates_at[1] = buckets_at + second * bucket_words;
  counter->duration_ms = duration_ms;
  counter->cost = 0;
  counter->limit = number_exact_max;
  counter->tag_at = 0;
}

static bool find_in(WindowSlots *slots, WindowCounter *counter, uint32_t gate_at) {
  for (uint32_t place = 0; place < slots_per_bucket; place += 1) {
    uint32_t tag_at = tag_at_place(gate_at, place);
    int64_t tag = words_peek(&slots->words, tag_at);
    /* To overlook the counter's slot while somebody changes it would mean to give it a second. */
    if (__builtin_expect(tag < 0, 0)) tag = words_read(&slots->words, tag_at);
    if (tag != counter->tag.word) continue;
    uint32_t record_at = record_at_place(gate_at, place);
    int64_t ends = words_read(&slots->words, record_at);
    if (word_label(ends) != counter->tag.extra) continue;
    counter->slot_sequence = word_value(ends) / counter->duration_ms - 2;
    counter->tag_at = tag_at;
    counter->record_at = record_at;
    return true;
  }
  return false;
}

bool slots_find(WindowSlots *slots, WindowCounter *counter) {
  if (find_in(slots, counter, counter->gates_at[0])) return true;
  if (find_in(slots, counter, counter->gates_at[1])) return true;
  counter->tag_at = 0;
  return false;
}

static bool is_current(const WindowSlots *slots, const WindowCounter *counter,
                       int64_t current_word) {
  return word_label(current_word) == sequence_label(counter->slot_sequence) &&
         words_peek(&slots->words, counter->tag_at) == counter->tag.word;
}

/* By more than a window, and not because the caller is late: the clock was set back. */
static bool is_from_a_future(const WindowSlots *slots, const WindowCounter *counter,
                             double now_ms) {
  if (counter->slot_sequence <= now_ms / counter->duration_ms + 1) return false;
  return counter->slot_sequence > slots->clock() / counter->duration_ms + 1;
}

/* Holds the four words of the counter's slot, if it is still in the window that was read of it;
 * gives its counts. */
static bool hold_slot(WindowSlots *slots, const WindowCounter *counter, SlotState *found) {
  words_begin(&slots->words);
  int64_t tag = words_hold(&slots->words, counter->tag_at);
  words_hold(&slots->words, counter->record_at);
  int64_t previous = words_hold(&slots->words, counter->record_at + 1);
  int64_t current = words_hold(&slots->words, counter->record_at + 2);
  *found = (SlotState){.current = word_value(current), .previous = word_value(previous)};
  bool is_same = tag == counter->tag.word &&
                 word_label(current) == sequence_label(counter->slot_sequence);
  if (!is_same) words_abort(&slots->words);
  return is_same;
}

/* The end of what hold_slot began. */
static void put_slot(WindowSlots *slots, const WindowCounter *counter, SlotState after) {
  double ends_at_ms = counter_ends_at_ms(counter, after.sequence);
  words_put(&slots->words, 1, pack_word(counter->tag.extra, ends_at_ms));
  words_put(&slots->words, 2, pack_word(0, after.previous));
  words_put(&slots->words, 3, pack_word(sequence_label(after.sequence), after.current));
  words_commit(&slots->words);
}

/* What was counted in the future counts in the present: nothing is forgotten, nothing stuck. */
static void move_back(WindowSlots *slots, const WindowCounter *counter) {
  double sequence = floor_of(slots->clock() / counter->duration_ms);
  SlotState state;
  if (!hold_slot(slots, counter, &state)) return;
  state.sequence = sequence;
  put_slot(slots, counter, state);
}

/* A slot whose words do not fit together, as a crash of the machine can leave it. */
static void clear(WindowSlots *slots, const WindowCounter *counter) {
  words_begin(&slots->words);
  int64_t tag = words_hold(&slots->words, counter->tag_at);
  int64_t ends = words_hold(&slots->words, counter->record_at);
  words_hold(&slots->words, counter->record_at + 1);
  int64_t current = words_hold(&slots->words, counter->record_at + 2);
  double sequence = word_value(ends) / counter->duration_ms - 2;
  if (tag != counter->tag.word || word_label(current) == sequence_label(sequence)) {
    words_abort(&slots->words);
    return;
  }
  for (uint32_t entry = 0; entry < 4; entry += 1) words_put(&slots->words, entry, 0);
  words_commit(&slots->words);
}

void slots_load(WindowSlots *slots, WindowCounter *counter, double now_ms) {
  for (int tries = 0;; tries += 1) {
    if (!slots_find(slots, counter)) {
      counter_see_nothing(counter, now_ms);
      return;
    }
    int64_t previous = words_read(&slots->words, counter->record_at + 1);
    int64_t current = words_read(&slots->words, counter->record_at + 2);
    counter->current_word = current;
    /* Read in this order, they belong together if the label fits and the slot is still ours. */
    if (!is_current(slots, counter, current)) {
      if (tries > mismatch_max) clear(slots, counter);
      continue;
    }
    if (is_from_a_future(slots, counter, now_ms)) {
      move_back(slots, counter);
      continue;
    }
    counter_see(counter, word_value(current), word_value(previous), now_ms);
    return;
  }
}

bool slots_add(WindowSlots *slots, const WindowCounter *counter) {
  int64_t before = counter->current_word;
  int64_t after = pack_word(word_label(before), word_value(before) + counter->cost);
  return words_replace(&slots->words, counter->record_at + 2, before, after);
}

bool slots_add_all(WindowSlots *slots, WindowCounter *const *counters, uint32_t count) {
  words_begin(&slots->words);
  for (uint32_t entry = 0; entry < count; entry += 1) {
    const WindowCounter *counter = counters[entry];
    int64_t held = words_hold(&slots->words, counter->record_at + 2);
    double current = word_value(held);
    bool fits = is_current(slots, counter, held) &&
                counter_used_with(counter, current) + counter->cost <= counter->limit;
    if (!fits) {
      words_abort(&slots->words);
      return false;
    }
    words_put(&slots->words, entry, pack_word(word_label(held), current + counter->cost));
  }
  return words_commit(&slots->words);
}

void slots_roll(WindowSlots *slots, const WindowCounter *counter) {
  SlotState state;
  if (!hold_slot(slots, counter, &state)) return;
  bool is_next = counter->sequence - counter->slot_sequence == 1;
  put_slot(slots, counter,
           (SlotState){.sequence = counter->sequence, .previous = is_next ? state.current : 0});
}
