// Messages (RFC 5322) and what holds many of them (mbox, RFC 4155, in the `mboxrd` way of quoting).
// Always true: a message's bytes are never changed but for the '>' that a mailbox put before "From " lines; a header
// that cannot be understood is left as it stands. Memory: one line of at most 1 MiB, headers of at most 256 KiB.
// For locked-in readers; pure functions but for the sink.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "foundation/mail/header.h"
#include "services/transfer/foreign_entry.h"

namespace atl::transfer {

using mail::CharacterSets;
using mail::decode_words;
using mail::is_from_line;
using mail::parse_mail_date;

// Small letters, digits and '-', at most 60 bytes, cut between letters of UTF-8: "re-boiler-invoice".
[[nodiscard]] std::string slug(std::string_view subject);
// Headers, without the empty line behind them, as an entry: path "yyyy/mm/yyyy-mm-dd-slug-", metadata, time.
// `fallback`: the time where there is no date that can be read; none: "undated/slug-".
[[nodiscard]] ForeignEntry describe_message(std::string_view headers, std::optional<FileTime> fallback,
                                            const CharacterSets& sets);

// Takes a mailbox's bytes in pieces of any size and gives out messages.
class MailSplitter {
 public:
  struct Sink {
    std::function<Result<void>(const ForeignEntry&)> begin;
    std::function<Result<void>(ByteView bytes, bool is_aside)> data;
    std::function<Result<void>()> end;
    std::function<Result<void>(const std::string& words)> problem;
  };
  // `is_mbox` false: everything until finish() is one message, taken as it is.
  MailSplitter(const CharacterSets& sets, Sink sink, bool is_mbox)  // borrows `sets`
      : sets_(&sets), sink_(std::move(sink)), is_mbox_(is_mbox) {}
  [[nodiscard]] Result<void> take(ByteView bytes);
  [[nodiscard]] Result<void> finish();

 private:
  [[nodiscard]] Result<void> line(std::string_view text, bool is_whole);
  [[nodiscard]] Result<void> header_line(std::string_view text, bool is_whole);
  [[nodiscard]] Result<void> end_headers();
  [[nodiscard]] Result<void> body(std::string_view text);
  [[nodiscard]] Result<void> end_message();
  [[nodiscard]] Result<void> send(std::string_view text, bool is_aside);
  [[nodiscard]] Result<void> flush();

  enum class State : std::uint8_t { outside, headers, body };
  const CharacterSets* sets_;
  Sink sink_;
  bool is_mbox_;
  bool is_after_empty_ = true;  // a separator counts here
  State state_ = State::outside;
  std::string line_;            // not ended yet
  bool is_line_begun_ = false;  // a part of it, too long to be held, has been handed on
  std::string headers_;         // raw, with line ends
  std::string blank_;           // a mailbox's empty line before "From ", held back
  std::optional<FileTime> from_time_;
  std::string buffer_;  // of data frames
  bool is_buffer_aside_ = false;
  std::uint64_t skipped_bytes_ = 0;
};

}  // namespace atl::transfer
