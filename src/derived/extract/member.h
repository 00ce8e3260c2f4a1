// One member of an archive, mailbox or mail, taken out by the path that an Extraction lists it under: "b.pdf",
// "inner.zip!/x.txt", "12.eml!/photo.jpg".
// Always true:
//  - The archive is unpacked by the worker alone (foundation/sandbox); what comes out is bytes, given on unread.
//  - Memory does not grow with the member, but for one inside of another archive: that archive is held whole, within
//    MemberOptions::whole_bytes_max.
//  - What unfolds to more than MemberOptions::ratio_max times the archive's size is broken off.
// Thread rules: as extract_all().
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "derived/extract/extractor.h"

namespace atl::extract {

struct MemberOptions {
  std::uint32_t depth_max = 4;  // archives in archives
  std::uint32_t ratio_max = 200;
  std::uint64_t whole_bytes_max = 256 * kMiB;
  std::uint64_t memory_bytes_max = kGiB;  // of the worker, beyond the program
  std::uint64_t cpu_seconds_max = 3600;
  std::uint64_t silence_ms_max = 60'000;  // as sandbox::Limits has it
  std::vector<std::string> worker_command{"/proc/self/exe", "worker", "member"};
  const std::atomic<bool>* stop = nullptr;
};

struct MemberFacts {
  std::string name;                   // the path's last part
  std::optional<std::uint64_t> size;  // none where only its end tells
  std::optional<FileTime> modified;
  std::string format;  // id of the formats' table
  std::string media_type;
};

// Once, before the first byte. Errors of either end the work and are what take_member() answers.
using OnMember = std::function<Result<void>(const MemberFacts& facts)>;
using OnMemberBytes = std::function<Result<void>(ByteView bytes)>;

// Errors: `not_found` "member.not_found"; `conflict` "member.not_a_file", "member.encrypted",
// "member.unreadable" and `limit` "member.too_large", also after bytes were given: then they are not all;
// "sandbox.not_started" and its kind; what `source.read` and the functions answer.
[[nodiscard]] Result<void> take_member(const platform::Machine& machine, const Source& source, std::string_view path,
                                       const MemberOptions& options, const OnMember& on_member,
                                       const OnMemberBytes& on_bytes);

// What `atoll worker member` does; the process's exit code.
[[nodiscard]] int run_member_worker();

// Where an address may name a member: "a.zip!/b.pdf" is the object "a.zip" and the path "b.pdf". From the beginning on,
// every place that could be meant, for the caller to see which object there is.
struct MemberAddress {
  std::string_view key;
  std::string_view path;
};
inline constexpr std::string_view kMemberMark = "!/";
[[nodiscard]] std::vector<MemberAddress> member_addresses(std::string_view key_and_path);

}  // namespace atl::extract
