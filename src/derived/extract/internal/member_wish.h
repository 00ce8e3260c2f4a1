// The one member that somebody wants to have, while readers go through what holds it: they ask match() of each member
// they come by, and give what is wanted in pieces.
// Always true: the first member of that path is the one; nothing is given of any other.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "derived/extract/member.h"

namespace atl::extract {

class MagicTable;

class MemberWish {
 public:
  // Where facts and bytes go: to the caller of the worker.
  struct Sink {
    std::function<Result<void>(const MemberFacts&)> facts;
    std::function<Result<void>(ByteView)> bytes;
  };
  MemberWish(std::string path, Sink sink, const MagicTable* magic)
      : wanted_(std::move(path)), sink_(std::move(sink)), magic_(magic) {}

  enum class Match : std::uint8_t { none, is_it, holds_it };
  // `path` inside of what is being read now, as readers hand it to Findings::member().
  [[nodiscard]] Match match(std::string_view path) const;
  // What is read from now on lies inside of this member, which holds_it.
  void descend(std::string_view path);

  // It is found; `size` where it is known. Then all of it.
  void begin(std::string_view path, std::optional<std::uint64_t> size, std::optional<FileTime> modified);
  [[nodiscard]] Result<void> give(ByteView bytes);
  // That was all; or why not.
  void end(Result<void> answer);
  void give_all(std::string_view path, ByteView bytes, std::optional<FileTime> modified);

  [[nodiscard]] bool is_over() const { return answer_.has_value(); }
  // What became of it, after everything was read. `trouble`: of the reading.
  [[nodiscard]] Result<void> answer(std::string_view trouble) const;

 private:
  [[nodiscard]] Result<void> tell_facts();
  std::string wanted_;
  std::string above_;  // path of what is being read, with "!/" at its end
  Sink sink_;
  const MagicTable* magic_;
  MemberFacts facts_;
  bool has_told_ = false;
  Bytes head_;  // held back until the format is known
  std::optional<Result<void>> answer_;
};

}  // namespace atl::extract
