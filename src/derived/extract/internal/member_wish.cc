#include "derived/extract/internal/member_wish.h"

#include "derived/extract/formats.h"
#include "derived/extract/internal/findings.h"
#include "derived/extract/internal/magic_table.h"

namespace atl::extract {

MemberWish::Match MemberWish::match(std::string_view path) const {
  const std::string full = above_ + listed_path(path);
  if (full == wanted_) return Match::is_it;
  const bool holds_it = wanted_.size() > full.size() + kMemberMark.size() && wanted_.starts_with(full) &&
                        std::string_view(wanted_).substr(full.size()).starts_with(kMemberMark);
  return holds_it ? Match::holds_it : Match::none;
}

void MemberWish::descend(std::string_view path) { above_ += listed_path(path) + std::string(kMemberMark); }

void MemberWish::begin(std::string_view path, std::optional<std::uint64_t> size, std::optional<FileTime> modified) {
  const std::string listed = listed_path(path);
  facts_.name = listed.substr(listed.rfind('/') + 1);
  facts_.size = size;
  facts_.modified = modified;
}

Result<void> MemberWish::tell_facts() {
  const Format& format = recognise(head_, facts_.name);
  facts_.format = std::string(format.id);
  facts_.media_type = std::string(format.media_type);
  if (format.id == "unknown" && magic_ != nullptr && !head_.empty()) {
    if (const std::string media_type = magic_->media_type_of(head_); !media_type.empty())
      facts_.media_type = media_type;
  }
  has_told_ = true;
  ATOLL_TRY(sink_.facts(facts_));
  if (!head_.empty()) ATOLL_TRY(sink_.bytes(head_));
  head_.clear();
  return {};
}

Result<void> MemberWish::give(ByteView bytes) {
  if (has_told_) return sink_.bytes(bytes);
  head_.insert(head_.end(), bytes.begin(), bytes.end());
  return head_.size() < kHeadBytes ? Result<void>() : tell_facts();
}

void MemberWish::end(Result<void> answer) {
  if (answer && !has_told_) answer = tell_facts();
  answer_ = std::move(answer);
}

void MemberWish::give_all(std::string_view path, ByteView bytes, std::optional<FileTime> modified) {
  begin(path, bytes.size(), modified);
  Result<void> answer;
  while (!bytes.empty() && answer) {
    const ByteView piece = bytes.first(std::min(bytes.size(), sandbox::kReadBytesMax));
    answer = give(piece);
    bytes = bytes.subspan(piece.size());
  }
  end(std::move(answer));
}

Result<void> MemberWish::answer(std::string_view trouble) const {
  if (answer_) return *answer_;
  if (!trouble.empty()) {
    return fail(ErrorKind::conflict, "member.unreadable",
                "\"" + wanted_ + "\" was not reached: " + std::string(trouble), "Get the archive itself.");
  }
  return fail(ErrorKind::not_found, "member.not_found", "there is no \"" + wanted_ + "\" in it",
              "`atoll inspect` lists what is in a file; a name inside of another archive stands behind \"!/\".");
}

}  // namespace atl::extract
