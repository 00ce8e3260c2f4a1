// The threads of a server: a few run the event loop, as many as keep the processors busy, and the others stand by for
// those that have to wait (for a disk, for a common commit, for the body of a large request).
//
// A thread that runs one event after another costs a fraction of what waking one for each does; but one that waits in a
// handler keeps those behind it waiting, too. So there are *places* at the loop. Whoever is likely to wait gives his
// place away before; whoever turns out to wait loses it after a tick. (Windows' completion ports bound their threads in
// the same way; the hand-over is known as leader and followers, Schmidt et al., 2000.)
//
// Always true:
//  - At most `places` threads are at the loop or in a section begun there; the others are away, or stand by.
//  - Where a place is free and somebody stands by, a thread waits at the loop (and will call for another when it gets
//    busy).
//  - A thread that lost its place ends what it is doing undisturbed, and only then stands by.
// Thread rules: work() on each thread of the crew; sections on these threads alone; stop() from any.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace atl::net {

class Crew {
 public:
  // `places` of `members` threads, each of which has to call work().
  Crew(unsigned members, unsigned places);
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;
  Crew(Crew&&) = delete;
  Crew& operator=(Crew&&) = delete;
  ~Crew();

  // Waits for a place and calls `run_one`, which runs one event of the loop or waits for one, again and again, until it
  // says that there will be none. Returns when that is so for all.
  void work(const std::function<bool()>& run_one);
  // What takes places away from those that hold them too long, on a thread of its own, until stop().
  void watch();
  void stop();

  enum class Expected : std::uint8_t { quick, waits };

 private:
  class Member;

 public:
  // While it lives this thread may wait for something else than the loop. Within another one, and outside of work(), it
  // means nothing.
  class Section {
   public:
    Section(Crew& crew, Expected expected);
    Section(const Section&) = delete;
    Section& operator=(const Section&) = delete;
    Section(Section&&) = delete;
    Section& operator=(Section&&) = delete;
    ~Section();

   private:
    Crew& crew_;
    Member* member_;  // null: it has no place to lose
  };

 private:
  enum class State : std::uint8_t { away, at_loop, busy };

  [[nodiscard]] Member* this_member();
  void take_place(Member& member);
  // False: there is no place to lose.
  [[nodiscard]] bool begin(Member& member, Expected expected);
  void end(Member& member);
  void on_nobody_at_loop();
  // With the mutex.
  void seat(Member& member);
  void call_one_in();
  void take_places_of_waiting();

  const unsigned places_;
  std::vector<std::unique_ptr<Member>> members_;
  std::unordered_map<std::uint64_t, Member*> by_thread_;  // whole before the first of them is in its work

  std::atomic<int> at_loop_ = 0;     // members in that state
  std::atomic<unsigned> taken_ = 0;  // places; changed with the mutex
  std::atomic<bool> is_watched_ = false;
  std::mutex mutex_;
  std::condition_variable all_came_;
  std::condition_variable watch_;
  std::vector<Member*> standing_by_;  // the last to come is the first to go: its memory is warm
  bool is_ending_ = false;
};

}  // namespace atl::net
